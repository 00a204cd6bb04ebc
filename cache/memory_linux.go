package cache

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a large page on the machines that have one.
const hugePage = 2 << 20

// adviseHuge asks for large pages under a slice's memory, which is about to be
// filled. What is large and read all over, by the builder and by the queries,
// with small pages misses the processor's page table cache at nearly every look.
func adviseHuge[T any](slice []T) {
	memory := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(slice))), cap(slice)*int(unsafe.Sizeof(*new(T))))
	start := int(-uintptr(unsafe.Pointer(unsafe.SliceData(memory))) & (hugePage - 1))
	end := start + (len(memory)-start)&^(hugePage-1)
	if start < end {
		// A kernel without large pages refuses, which only costs time.
		_ = unix.Madvise(memory[start:end], unix.MADV_HUGEPAGE)
	}
}
