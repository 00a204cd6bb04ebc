package cache

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a large page on the machines that have one.
const hugePage = 2 << 20

// adviseHuge asks for large pages under memory that is about to be filled. A
// snapshot's text is read all over, by its builder and by the queries: with
// small pages nearly every look at it misses the processor's page table cache.
func adviseHuge(memory []byte) {
	memory = memory[:cap(memory)]
	start := int(-uintptr(unsafe.Pointer(unsafe.SliceData(memory))) & (hugePage - 1))
	end := start + (len(memory)-start)&^(hugePage-1)
	if start < end {
		// A kernel without large pages refuses, which only costs time.
		_ = unix.Madvise(memory[start:end], unix.MADV_HUGEPAGE)
	}
}
