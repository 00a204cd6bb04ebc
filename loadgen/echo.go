package loadgen

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
)

// Echo is the workload of an echo server: datagrams of one size that have to come
// back as they are.
type Echo struct {
	Size int // bytes, at least MinEchoSize, at most MaxEchoSize
}

// Limits of Echo.Size: it holds a request's number and its run's, and fits any
// datagram.
const (
	MinEchoSize = 16
	MaxEchoSize = 65507
)

func (e Echo) String() string { return fmt.Sprintf("echo of %d bytes", e.Size) }

func (e Echo) Classes() []string { return []string{"echo"} }

func (e Echo) Source(worker int, o *Options) (Source, error) {
	if e.Size < MinEchoSize || e.Size > MaxEchoSize {
		return nil, fmt.Errorf("echo of %d bytes is not within %d and %d", e.Size, MinEchoSize, MaxEchoSize)
	}
	count := 1 << bits.Len(uint(2*o.unsent()-1)) // at least twice as many
	s := &echoSource{
		size:  e.Size,
		run:   rand.Uint64(),
		slots: make([]byte, e.Size*count),
		mask:  uint64(count - 1),
	}
	for i := range s.slots {
		s.slots[i] = byte(i*7 + worker)
	}
	s.whole, s.sample = o.Verify == VerifyAll, o.Verify == VerifySample
	return s, nil
}

// echoSource writes each request when it is needed: that is a few stores. The
// slots, one after the other in memory so that requests can be coalesced, come up
// again when their last request is answered or overdue.
type echoSource struct {
	size          int
	run           uint64 // tells this run's datagrams from others'
	slots         []byte
	mask          uint64 // their number, a power of two, less one: two divisions for each slot took a third of a loop's time
	next          uint64
	whole, sample bool
}

func (s *echoSource) Prepare(int) error { return nil }

func (s *echoSource) Made() uint64 { return 0 }

// slot returns the place of request n.
func (s *echoSource) slot(n uint64) []byte {
	start := int(n&s.mask) * s.size
	return s.slots[start : start+s.size]
}

func (s *echoSource) Next(int) []byte {
	request := s.slot(s.next)
	binary.BigEndian.PutUint64(request, s.run)
	binary.BigEndian.PutUint64(request[8:], s.next)
	s.next++
	return request
}

func (s *echoSource) Judge(_ int, replies [][]byte, verdicts []Verdict) {
	for i, r := range replies {
		if len(r) < MinEchoSize || binary.BigEndian.Uint64(r) != s.run {
			verdicts[i] = Verdict{Fault: FaultForeign}
			continue
		}
		n := binary.BigEndian.Uint64(r[8:])
		verdicts[i] = Verdict{Request: n}
		if len(r) != s.size || s.checks(n) && !bytes.Equal(r[MinEchoSize:], s.slot(n)[MinEchoSize:]) {
			verdicts[i].Fault = FaultContent
		}
	}
}

// checks says whether the reply to request n is compared byte for byte.
func (s *echoSource) checks(n uint64) bool { return s.whole || s.sample && n%sampleEvery == 0 }
