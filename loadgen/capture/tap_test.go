package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"gantry/loadgen"
	"gantry/loadgen/capture"
)

var _ loadgen.Tap = (*capture.Tap)(nil)

// What a tap is shown, the reader finds in its file.
func TestTap(t *testing.T) {
	var file bytes.Buffer
	tap, err := capture.NewTap(&file)
	if err != nil {
		t.Fatal(err)
	}
	tap.Open(0, 0, a4, b4)
	tap.Open(0, 1, a6, b6)
	tap.Open(1, 0, netip.AddrPort{}, netip.AddrPort{})
	tap.Open(2, 0, a4, b6)
	at := noon.Add(789 * time.Nanosecond)
	long := string(make([]byte, 65507))
	tap.Sent(0, 0, at, []byte("request"))
	tap.Received(0, 0, at.Add(1), []byte("reply"))
	tap.Sent(0, 1, at.Add(2), []byte(long))
	tap.Received(0, 1, at.Add(3), nil)
	tap.Sent(1, 0, at, []byte("to nowhere"))
	tap.Sent(2, 0, at, []byte("to another world"))
	if err := tap.Close(); err != nil {
		t.Fatal(err)
	}
	if written, lost := tap.Recorded(); written != 4 || lost != 2 {
		t.Errorf("%d written, %d lost", written, lost)
	}
	want := []said{{at, a4, b4, "request"}, {at.Add(1), b4, a4, "reply"}, {at.Add(2), a6, b6, long}, {at.Add(3), b6, a6, ""}}
	if list, stats := read(t, file.Bytes()); !slices.Equal(list, want) {
		t.Errorf("%v, %+v", len(list), stats)
	}
}

// Several workers may use a tap at once, and nothing gets lost while there is room.
func TestTapOfSeveralWorkers(t *testing.T) {
	var file bytes.Buffer
	tap, err := capture.NewTap(&file)
	if err != nil {
		t.Fatal(err)
	}
	const workers, each = 4, 5000
	var working sync.WaitGroup
	for w := range workers {
		tap.Open(w, 0, netip.AddrPortFrom(a4.Addr(), uint16(1000+w)), b4)
		working.Go(func() {
			for n := range each {
				tap.Sent(w, 0, noon.Add(time.Duration(n)), fmt.Appendf(nil, "datagram %d", n))
			}
		})
	}
	working.Wait()
	if err := tap.Close(); err != nil {
		t.Fatal(err)
	}
	next := map[uint16]int{}
	list, _ := read(t, file.Bytes())
	for _, d := range list {
		port := d.src.Port()
		if want := fmt.Sprint("datagram ", next[port]); d.payload != want {
			t.Fatalf("worker %d: %s instead of %s", port, d.payload, want)
		}
		next[port]++
	}
	if len(list) != workers*each {
		t.Errorf("%d datagrams", len(list))
	}
}

// slowFile takes the head of a file at once, and the rest when it may.
type slowFile struct {
	may   chan struct{}
	after int
	n     int
	err   error
}

func (f *slowFile) Write(p []byte) (int, error) {
	if f.n += len(p); f.n > f.after {
		<-f.may
		return len(p), f.err
	}
	return len(p), nil
}

// A file that is too slow costs datagrams, which are counted, but neither time nor
// memory beyond the bound.
func TestTapOnSlowFile(t *testing.T) {
	file := &slowFile{may: make(chan struct{}), after: 24}
	tap, err := capture.NewTap(file)
	if err != nil {
		t.Fatal(err)
	}
	tap.Open(0, 0, a4, b4)
	datagram := make([]byte, 60_000)
	const shown = 2 * capture.MaxTapBuffer / 60_000
	for range shown {
		tap.Sent(0, 0, noon, datagram)
	}
	if _, lost := tap.Recorded(); lost < shown/3 {
		t.Errorf("%d of %d were left out", lost, shown)
	}
	close(file.may)
	if err := tap.Close(); err != nil {
		t.Error(err)
	}
	if written, lost := tap.Recorded(); written+lost != shown || written < shown/3 {
		t.Errorf("%d written and %d left out of %d", written, lost, shown)
	}
}

// A full disk is reported at the end, and doesn't stop the load.
func TestTapOnFullDisk(t *testing.T) {
	full := errors.New("no space left")
	file := &slowFile{may: make(chan struct{}), after: 24, err: full}
	close(file.may)
	tap, err := capture.NewTap(file)
	if err != nil {
		t.Fatal(err)
	}
	tap.Open(0, 0, a4, b4)
	for range 2000 {
		tap.Sent(0, 0, noon, make([]byte, 1000))
	}
	if err := tap.Close(); !errors.Is(err, full) {
		t.Error(err)
	}
	if written, lost := tap.Recorded(); written+lost != 2000 || lost == 0 {
		t.Errorf("%d written, %d left out", written, lost)
	}
	if _, err := capture.NewTap(&slowFile{may: file.may, err: full}); !errors.Is(err, full) {
		t.Error(err)
	}
}
