package loadgen

import (
	"math"
	"time"
)

// outstanding accounts for every request of a worker, in the order of sending.
type outstanding struct {
	entries []entry // a ring: request n is at n modulo its length, a power of two
	oldest  uint64  // no request before this one is under way
	next    uint64  // the number of the next request
	under   int     // requests under way
}

// window is how many of the latest requests are remembered: more than the fastest
// server answers while one request waits to be declared lost. It is a power of two.
const window = 1 << 20

type entry struct {
	due   time.Duration // since the start of the run; of a closed loop, when it was sent
	late  uint32        // µs from then until it was sent
	lane  uint16
	state entryState
}

// sent is when the request was, to the µs.
func (e *entry) sent() time.Duration { return e.due + time.Duration(e.late)*time.Microsecond }

type entryState uint8

const (
	entryUnused entryState = iota
	entryUnderWay
	entryAnswered
	entryLost
)

// newOutstanding remembers so many requests, a power of two.
func newOutstanding(memory int) *outstanding { return &outstanding{entries: make([]entry, memory)} }

func (o *outstanding) at(n uint64) *entry { return &o.entries[n&uint64(len(o.entries)-1)] }

// full says whether the next request would push one out of memory that is under
// way.
func (o *outstanding) full() bool { return o.next-o.oldest == uint64(len(o.entries)) }

// add notes that the next request, due then, was sent now.
func (o *outstanding) add(lane int, due, now time.Duration) {
	late := uint32(min((now-due)/time.Microsecond, math.MaxUint32))
	*o.at(o.next) = entry{due: due, late: late, lane: uint16(lane), state: entryUnderWay}
	o.next++
	o.under++
}

// outcome is what a reply means for the account.
type outcome uint8

const (
	outcomeAnswered  outcome = iota // the request was under way
	outcomeLate                     // it had been given up
	outcomeDuplicate                // it had been answered
	outcomeUnknown                  // it was never made
	outcomeOtherLane                // it is under way, but on another lane
)

// settle notes a reply to request n on a lane and returns when it was due.
func (o *outstanding) settle(n uint64, lane int) (outcome, time.Duration) {
	if n >= o.next {
		return outcomeUnknown, 0
	}
	if o.next-n > uint64(len(o.entries)) {
		return outcomeLate, 0
	}
	e := o.at(n)
	switch {
	case e.state == entryLost:
		return outcomeLate, 0
	case e.state == entryAnswered:
		return outcomeDuplicate, 0
	case int(e.lane) != lane:
		return outcomeOtherLane, 0
	}
	e.state = entryAnswered
	o.under--
	return outcomeAnswered, e.due
}

// expire gives up what was sent before the given time, calls lose with each, and
// says whether there were any.
func (o *outstanding) expire(before time.Duration, lose func(entry)) (any bool) {
	for ; o.oldest < o.next; o.oldest++ {
		e := o.at(o.oldest)
		if e.state != entryUnderWay {
			continue
		}
		if e.sent() >= before {
			return any
		}
		e.state = entryLost
		o.under--
		lose(*e)
		any = true
	}
	return any
}
