package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"
)

// Tap writes what a load generator sends and receives, as a pcap file of raw IP
// packets with times in nanoseconds. The headers are made up around the datagrams,
// from the addresses of the generator's sockets.
//
// A worker only copies its datagram into a buffer; a goroutine of the tap's does the
// rest. All workers share the buffer, under a lock, so that the file is in the order
// of time. When the file is slower than the load and MaxTapBuffer is full,
// datagrams are left out and counted: a generator that waited would measure the
// file.
//
// A Tap is a loadgen.Tap. Close must be called when the run is over.
type Tap struct {
	file *tapFile

	mu      sync.Mutex
	ends    map[tapLane]laneEnds
	filling []byte // nil: there is no room
	chunks  int    // that were made
	lost    uint64

	full   chan []byte
	empty  chan []byte
	ending chan struct{} // closed when all is written
}

// What a tap holds at most until it is written.
const (
	// MaxTapBuffer is about 100,000 requests and as many replies, half a second
	// of a fast generator's run.
	MaxTapBuffer = 64 << 20

	// tapChunk is what is handed over at a time: seldom enough that the handing
	// over doesn't show, and longer than any datagram.
	tapChunk = 256 << 10

	maxTapChunks = MaxTapBuffer / tapChunk
)

// tapLane is a lane of a worker.
type tapLane struct{ worker, lane uint32 }

// laneEnds are the two addresses of a lane.
type laneEnds struct{ local, remote netip.AddrPort }

// A record in a chunk is a head of tapHead bytes and the datagram.
const (
	tapHead     = 24 // time, worker, lane, direction, length
	tapSent     = 0
	tapReceived = 1
)

// NewTap begins a file.
func NewTap(w io.Writer) (*Tap, error) {
	file, err := newTapFile(w)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	t := &Tap{
		file: file, ends: make(map[tapLane]laneEnds),
		full: make(chan []byte, maxTapChunks), empty: make(chan []byte, maxTapChunks), ending: make(chan struct{}),
	}
	go t.write()
	return t, nil
}

// Open names the ends of a lane. A lane without addresses is not recorded.
func (t *Tap) Open(worker, lane int, local, remote netip.AddrPort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ends[tapLane{uint32(worker), uint32(lane)}] = laneEnds{local, remote}
}

// Sent records a datagram from a lane's local end.
func (t *Tap) Sent(worker, lane int, at time.Time, datagram []byte) {
	t.record(worker, lane, tapSent, at, datagram)
}

// Received records a datagram to a lane's local end.
func (t *Tap) Received(worker, lane int, at time.Time, datagram []byte) {
	t.record(worker, lane, tapReceived, at, datagram)
}

func (t *Tap) record(worker, lane int, direction uint32, at time.Time, datagram []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.room(tapHead + len(datagram)) {
		t.lost++
		return
	}
	chunk := binary.LittleEndian.AppendUint64(t.filling, uint64(at.UnixNano()))
	for _, n := range [...]uint32{uint32(worker), uint32(lane), direction, uint32(len(datagram))} {
		chunk = binary.LittleEndian.AppendUint32(chunk, n)
	}
	t.filling = append(chunk, datagram...)
}

// room makes the chunk at hand one that has room for n bytes.
func (t *Tap) room(n int) bool {
	if n > tapChunk {
		return false
	}
	if t.filling != nil && len(t.filling)+n <= cap(t.filling) {
		return true
	}
	if t.filling != nil {
		t.full <- t.filling // has room for all chunks there are
		t.filling = nil
	}
	select {
	case t.filling = <-t.empty:
	default:
		if t.chunks < maxTapChunks {
			t.chunks++
			t.filling = make([]byte, 0, tapChunk)
		}
	}
	return t.filling != nil
}

// write writes chunks until there are no more.
func (t *Tap) write() {
	defer close(t.ending)
	for chunk := range t.full {
		for rest := chunk; len(rest) >= tapHead; {
			le := binary.LittleEndian
			at := time.Unix(0, int64(le.Uint64(rest)))
			lane, direction := tapLane{le.Uint32(rest[8:]), le.Uint32(rest[12:])}, le.Uint32(rest[16:])
			end := tapHead + int(le.Uint32(rest[20:]))
			t.writeOne(lane, direction, at, rest[tapHead:end])
			rest = rest[end:]
		}
		t.empty <- chunk[:0]
	}
}

func (t *Tap) writeOne(lane tapLane, direction uint32, at time.Time, datagram []byte) {
	t.mu.Lock()
	ends := t.ends[lane]
	t.mu.Unlock()
	from, to := ends.local, ends.remote
	if direction == tapReceived {
		from, to = to, from
	}
	if !t.file.packet(at, from, to, datagram) {
		t.mu.Lock()
		t.lost++
		t.mu.Unlock()
	}
}

// Close writes what is left. It returns the first error of writing, after which
// nothing was written any more.
func (t *Tap) Close() error {
	t.mu.Lock()
	if t.filling != nil {
		t.full <- t.filling
		t.filling = nil
	}
	t.chunks = maxTapChunks
	t.mu.Unlock()
	close(t.full)
	<-t.ending
	if err := t.file.flush(); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}

// Recorded returns how many datagrams were written, and how many were left out: for
// want of room, after an error, or without addresses. They are final after Close.
func (t *Tap) Recorded() (written, lost uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.file.written.Load(), t.lost
}
