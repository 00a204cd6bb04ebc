package capture_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/google/gopacket/layers"

	"gantry/loadgen/capture"
)

// endless is a file whose records are repeated until size bytes have been read.
type endless struct {
	head, records []byte
	rest          []byte
	size          int64
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.size <= 0 {
			return 0, io.EOF
		}
		e.rest, e.head = e.head, nil
		if len(e.rest) == 0 {
			e.rest = e.records
		}
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	e.size -= int64(n)
	return n, nil
}

// The memory of a reader doesn't depend on the length of the file: the heap grows
// by no more than the reader's own bounds while a gigabyte of datagrams, of
// fragments whose datagrams never become whole, and of other packets goes by, and
// nothing is allocated on the way.
func TestMemoryIsBounded(t *testing.T) {
	const size, bound = 1 << 30, 12 << 20
	whole := udpOf(t, string(make([]byte, 50_000)))
	packets := all(ip4(t, string(make([]byte, 40_000))), ip6(t, string(make([]byte, 40_000))), make([]byte, 30_000))
	for id := range 3 * capture.MaxFragmented {
		packets = append(packets, captured{data: cut4(t, id, whole, 40_000, 48_000)}, captured{data: cut6(t, id, whole, 0, 8)})
	}
	for name, file := range map[string][]byte{"pcap": pcap(t, capture.LinkRaw, packets...), "pcapng": pcapng(t, layers.LinkTypeRaw, packets...)} {
		head := len(pcap(t, capture.LinkRaw))
		if name == "pcapng" {
			head = bytes.Index(file, []byte{6, 0, 0, 0})
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r, err := capture.NewReader(&endless{head: file[:head], records: file[head:], size: size})
		if err != nil {
			t.Fatal(err)
		}
		most := uint64(0)
		for n := 0; ; n++ {
			if _, err = r.Next(); err != nil {
				break
			}
			if n%4000 == 0 {
				runtime.ReadMemStats(&after)
				most = max(most, after.HeapAlloc)
			}
		}
		runtime.ReadMemStats(&after)
		s := r.Stats()
		if !errors.Is(err, io.EOF) || s.Packets < 100_000 || s.Datagrams == 0 || s.Skipped[capture.SkipFragmentAlone] == 0 {
			t.Errorf("%s: %v, %+v", name, err, s)
		}
		if grown := int64(most - before.HeapAlloc); grown > bound {
			t.Errorf("%s: the heap grew by %d bytes", name, grown)
		}
		if made := after.TotalAlloc - before.TotalAlloc; made > bound {
			t.Errorf("%s: %d bytes were allocated for %d packets", name, made, s.Packets)
		}
	}
}
