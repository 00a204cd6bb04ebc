package loadgen

import "time"

// outstanding accounts for every request of a worker, in the order of sending.
type outstanding struct {
	entries []entry // a ring: request n is at n modulo its length
	oldest  uint64  // no request before this one is under way
	next    uint64  // the number of the next request
	under   int     // requests under way
}

// window is how many of the latest requests are remembered: more than the fastest
// server answers while one request waits to be declared lost. It is a power of two.
const window = 1 << 20

type entry struct {
	sent  time.Duration // since the start of the run
	lane  uint16
	state entryState
}

type entryState uint8

const (
	entryUnused entryState = iota
	entryUnderWay
	entryAnswered
	entryLost
)

func newOutstanding() *outstanding { return &outstanding{entries: make([]entry, window)} }

func (o *outstanding) at(n uint64) *entry { return &o.entries[n%window] }

// full says whether the next request would push one out of memory that is under
// way.
func (o *outstanding) full() bool { return o.next-o.oldest == window }

// add notes that the next request was sent.
func (o *outstanding) add(lane int, now time.Duration) {
	*o.at(o.next) = entry{sent: now, lane: uint16(lane), state: entryUnderWay}
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

// settle notes a reply to request n on a lane and returns when it was sent.
func (o *outstanding) settle(n uint64, lane int) (outcome, time.Duration) {
	if n >= o.next {
		return outcomeUnknown, 0
	}
	if o.next-n > window {
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
	return outcomeAnswered, e.sent
}

// expire gives up what was sent before the given time, calls lose with each, and
// says whether there were any.
func (o *outstanding) expire(before time.Duration, lose func(entry)) (any bool) {
	for ; o.oldest < o.next; o.oldest++ {
		e := o.at(o.oldest)
		if e.state != entryUnderWay {
			continue
		}
		if e.sent >= before {
			return any
		}
		e.state = entryLost
		o.under--
		lose(*e)
		any = true
	}
	return any
}
