package loadgen

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// Payload is the workload of any server of datagrams: requests that are given, and
// replies that are told apart by a rule. What they say is checked as far as Expect
// goes.
type Payload struct {
	Payloads [][]byte
	Match    Match
	Expect   *Expect // nil: any reply that matches is right
	Zipf     float64 // the exponent of the law by which payloads are drawn; 0: all alike
}

// Match says which request a reply answers.
type Match struct {
	// Prefix is how many bytes at the start of each request, up to MaxPrefix, are
	// overwritten with a counter, which the reply begins with. 0: replies come in
	// the order of the requests on the same socket, and after a loss the next ones
	// are taken for their predecessors' until the lost one is given up.
	Prefix int
}

// String is what ParseMatch reads.
func (m Match) String() string {
	if m.Prefix == 0 {
		return "none"
	}
	return fmt.Sprintf("prefix:%d", m.Prefix)
}

// MaxPrefix is the longest counter.
const MaxPrefix = 8

// Expect is what the bytes at an offset of a reply must be, where the mask has a 1.
type Expect struct {
	Offset     int
	Want, Mask []byte // of equal length
}

// holds says whether a reply is as expected.
func (e *Expect) holds(reply []byte) bool {
	if len(reply) < e.Offset+len(e.Want) {
		return false
	}
	for i, want := range e.Want {
		if (reply[e.Offset+i]^want)&e.Mask[i] != 0 {
			return false
		}
	}
	return true
}

func (p Payload) String() string {
	return fmt.Sprintf("%d raw payloads, matched by %s%s", len(p.Payloads), p.Match, zipfName(p.Zipf))
}

func (p Payload) Classes() []string { return []string{"payload"} }

func (p Payload) verifies() VerifyMode {
	if p.Expect == nil {
		return VerifyNone
	}
	return VerifyAll
}

func (p Payload) Source(worker int, o *Options) (Source, error) {
	if len(p.Payloads) == 0 {
		return nil, errors.New("no payloads")
	}
	if p.Match.Prefix < 0 || p.Match.Prefix > MaxPrefix {
		return nil, fmt.Errorf("a counter of %d bytes is not within 0 and %d", p.Match.Prefix, MaxPrefix)
	}
	longest := 0
	for i, payload := range p.Payloads {
		if len(payload) < max(p.Match.Prefix, 1) || len(payload) > MaxEchoSize {
			return nil, fmt.Errorf("payload %d has %d bytes, which is not within %d and %d", i+1, len(payload), max(p.Match.Prefix, 1), MaxEchoSize)
		}
		longest = max(longest, len(payload))
	}
	draw, err := newZipf(len(p.Payloads), p.Zipf)
	if err != nil {
		return nil, err
	}
	s := payloadSource{
		workload: p, draw: draw,
		random: rand.New(rand.NewPCG(o.Seed, uint64(worker))),
		memory: make([]byte, 2*longest*o.unsent()),
	}
	if p.Match.Prefix == 0 {
		return newOrderedSource(s, o.Sockets), nil
	}
	return &countedSource{payloadSource: s, mask: 1<<(8*p.Match.Prefix) - 1}, nil
}

// payloadSource makes requests of payloads.
type payloadSource struct {
	workload Payload
	draw     *chooser
	random   *rand.Rand
	next     uint64

	// memory is where requests are until they are sent: one after the other, so
	// that those of equal length can be coalesced, and from the start again.
	memory []byte
	used   int
}

func (s *payloadSource) Prepare(int) error { return nil }

func (s *payloadSource) Made() uint64 { return 0 }

// request copies a payload.
func (s *payloadSource) request() []byte {
	payload := s.workload.Payloads[s.draw.pick(s.random)]
	if s.used+len(payload) > len(s.memory) {
		s.used = 0
	}
	request := s.memory[s.used : s.used+len(payload)]
	s.used += copy(request, payload)
	s.next++
	return request
}

func (s *payloadSource) verdict(request uint64, reply []byte) Verdict {
	if s.workload.Expect != nil && !s.workload.Expect.holds(reply) {
		return Verdict{Request: request, Fault: FaultContent}
	}
	return Verdict{Request: request}
}

// countedSource tells replies apart by the counter that they begin with.
type countedSource struct {
	payloadSource
	mask uint64 // of the counter; 1<<64 - 1 is all ones
}

// Memory is how long a counter takes to come up again.
func (s *countedSource) Memory() int { return int(min(s.mask, window-1) + 1) }

func (s *countedSource) Next(int) []byte {
	number := s.next
	request := s.request()
	for i := s.workload.Match.Prefix - 1; i >= 0; i-- {
		request[i] = byte(number)
		number >>= 8
	}
	return request
}

func (s *countedSource) Judge(_ int, replies [][]byte, verdicts []Verdict) {
	for i, reply := range replies {
		if len(reply) < s.workload.Match.Prefix || s.next == 0 {
			verdicts[i] = Verdict{Fault: FaultForeign}
			continue
		}
		var counter uint64
		for _, b := range reply[:s.workload.Match.Prefix] {
			counter = counter<<8 | uint64(b)
		}
		// The latest request with that counter.
		last := s.next - 1
		ago := (last - counter) & s.mask
		if ago > last {
			verdicts[i] = Verdict{Fault: FaultForeign}
			continue
		}
		verdicts[i] = s.verdict(last-ago, reply)
	}
}

// orderedSource takes a reply for that to the oldest request on its lane.
type orderedSource struct {
	payloadSource
	lanes []unanswered
	// following is how much later the next request on the same lane came, by
	// request, modulo window.
	following []uint32
}

// unanswered are a lane's requests that wait for a reply, from the oldest on.
type unanswered struct {
	oldest, latest uint64
	count          int
}

func newOrderedSource(s payloadSource, lanes int) *orderedSource {
	return &orderedSource{payloadSource: s, lanes: make([]unanswered, lanes), following: make([]uint32, window)}
}

func (s *orderedSource) Next(lane int) []byte {
	u := &s.lanes[lane]
	if u.count == 0 {
		u.oldest = s.next
	} else {
		s.following[u.latest%window] = uint32(s.next - u.latest)
	}
	u.latest = s.next
	u.count++
	return s.request()
}

// take removes the oldest request of a lane.
func (u *unanswered) take(following []uint32) (request uint64) {
	request = u.oldest
	u.oldest += uint64(following[request%window])
	u.count--
	return request
}

func (s *orderedSource) Judge(lane int, replies [][]byte, verdicts []Verdict) {
	u := &s.lanes[lane]
	for i, reply := range replies {
		if u.count == 0 {
			verdicts[i] = Verdict{Fault: FaultForeign}
			continue
		}
		verdicts[i] = s.verdict(u.take(s.following), reply)
	}
}

// Lost implements Ordered.
func (s *orderedSource) Lost(lane int) {
	if u := &s.lanes[lane]; u.count > 0 {
		u.take(s.following)
	}
}
