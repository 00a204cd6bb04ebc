package loadgen

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// loop is one worker of a run.
type loop struct {
	options  *Options
	worker   int
	conn     Conn
	source   Source
	account  *outstanding
	schedule *schedule // of an open loop; nil: a closed one
	credit   []int     // requests that each lane may send, in a closed loop
	lane     int       // that the last request of an open loop left on
	begun    bool      // a closed loop has sent its first requests

	start    time.Time
	measured time.Duration // when the measured time began; negative before
	quota    uint64        // requests to send in the measured time; 0: no limit
	verdicts []Verdict
	lose     func(entry)
	warmup   tally // what was counted before the measured time
	tally

	live      *live // what others may see while it runs
	publishAt time.Duration
}

// tally is what a worker counts. It starts afresh with the measured time: what was
// sent before is not in it, except that its answers are in inTime.
type tally struct {
	sent, answered, wrong, lost, late, duplicate uint64

	inTime    uint64 // right answers that came within the measured time
	ended     time.Duration
	faults    [NumFaults]uint64
	classes   [MaxClasses]uint64
	latency   Latency
	delay     Latency // of sending, in an open loop
	unsent    uint64  // requests of an open loop's schedule that were not sent
	made      uint64  // by the source, when the measured time began
	refused   uint64  // by the system, then
	processor time.Duration
	known     bool // the processor time is
}

func newTally() tally { return tally{latency: newLatency(), delay: newLatency()} }

// notRight counts what should not have happened.
func (t *tally) notRight() uint64 {
	n := t.lost + t.late + t.duplicate
	for _, faults := range t.faults {
		n += faults
	}
	return n
}

// maxVerdicts is the most replies judged together; a receive may bring more.
const maxVerdicts = 256

func newLoop(o *Options, worker int, conn Conn, source Source) *loop {
	l := &loop{
		options: o, worker: worker, conn: conn, source: source, account: newOutstanding(memoryOf(source)),
		credit: make([]int, conn.Lanes()), verdicts: make([]Verdict, maxVerdicts), measured: -1,
		tally: newTally(), live: new(live),
	}
	if o.Rate > 0 {
		l.schedule = newSchedule(o, worker)
	} else {
		for i := range o.Outstanding {
			l.credit[i%len(l.credit)]++
		}
	}
	ordered, _ := source.(Ordered)
	l.lose = func(e entry) {
		l.credit[e.lane]++
		if ordered != nil {
			ordered.Lost(int(e.lane))
		}
		if e.due >= l.measured {
			l.lost++
		} else {
			l.warmup.lost++
		}
	}
	return l
}

// patience is the longest that a loop waits without looking at the clock and its
// context.
const patience = 10 * time.Millisecond

// run loads the target until the measured time is over, or ctx is done, and then
// waits for what is under way.
func (l *loop) run(ctx context.Context, start time.Time) error {
	l.start = start
	turn := l.closedTurn
	if l.schedule != nil {
		turn = l.openTurn
	}
	for {
		now := l.now()
		if l.warming() && l.warm(now) {
			l.measure(now)
		}
		if l.over(now) || ctx.Err() != nil {
			return errors.Join(l.drain(now), ctx.Err())
		}
		if err := turn(now); err != nil {
			return err
		}
	}
}

func (l *loop) now() time.Duration { return time.Since(l.start) }

// warming says whether the measured time has yet to begin.
func (l *loop) warming() bool { return l.measured < 0 }

// warm says whether it begins now: in an open loop not before all is sent that was
// due earlier.
func (l *loop) warm(now time.Duration) bool {
	return now >= l.options.Warmup && (l.schedule == nil || l.schedule.due() >= l.options.Warmup)
}

// measure begins the measured time. That of an open loop begins on schedule.
func (l *loop) measure(now time.Duration) {
	l.measured = now
	if l.schedule != nil {
		l.measured = min(now, l.options.Warmup)
	}
	l.warmup = l.tally
	l.warmup.refused = l.conn.Refused()
	l.tally = newTally()
	l.made, l.refused = l.source.Made(), l.warmup.refused
	l.processor, l.known = threadTime()
}

// over says whether the measured time is. That of an open loop takes longer if the
// generator is behind its schedule, by the time at most in which a request is lost.
func (l *loop) over(now time.Duration) bool {
	if l.warming() {
		return false
	}
	end := l.measured + l.options.Duration
	switch {
	case l.quota > 0 && l.sent >= l.quota:
		return true
	case l.schedule == nil:
		return now >= end
	}
	return now >= end && (l.complete(l.schedule.due()) || now >= end+l.options.Timeout)
}

// drain ends the measured time and settles what is still under way.
func (l *loop) drain(now time.Duration) error {
	if l.warming() { // cancelled during the warm-up
		l.measure(now)
	}
	l.ended = now
	if l.known {
		end, _ := threadTime()
		l.processor = end - l.processor
	}
	if l.schedule != nil && (l.quota == 0 || l.sent < l.quota) {
		l.unsent = l.schedule.left(min(now, l.measured+l.options.Duration))
	}
	for l.account.under > 0 {
		if _, err := l.receive(patience); err != nil {
			return err
		}
	}
	l.made = l.source.Made() - l.made
	l.refused = l.conn.Refused() - l.refused
	l.publish()
	return nil
}

// received is what one receive brought.
type received struct {
	lane    int
	replies int
	now     time.Duration
	lost    bool // requests were given up meanwhile, on any lane
}

// receive waits for replies of one lane, judges them and accounts for them.
func (l *loop) receive(wait time.Duration) (received, error) {
	lane, replies, err := l.conn.Receive(wait)
	if err != nil {
		return received{}, err
	}
	now := l.now()
	r := received{lane: lane, replies: len(replies), now: now}
	if l.options.Tap != nil {
		l.tapReceived(lane, now, replies)
	}
	for len(replies) > 0 {
		n := min(len(replies), maxVerdicts)
		l.source.Judge(lane, replies[:n], l.verdicts[:n])
		for i := range l.verdicts[:n] {
			l.settle(&l.verdicts[i], lane, now)
		}
		replies = replies[n:]
	}
	if now >= l.publishAt {
		l.publish()
		l.publishAt = now + publishInterval
	}
	r.lost = l.account.expire(now-l.options.Timeout, l.lose)
	return r, nil
}

// settle accounts for a reply.
func (l *loop) settle(v *Verdict, lane int, now time.Duration) {
	if v.Fault == FaultForeign {
		l.faults[FaultForeign]++
		return
	}
	outcome, due := l.account.settle(v.Request, lane)
	switch outcome {
	case outcomeUnknown:
		l.faults[FaultForeign]++
	case outcomeLate:
		l.late++
	case outcomeDuplicate:
		l.duplicate++
	case outcomeOtherLane:
		l.faults[FaultLane]++ // the request stays under way
	case outcomeAnswered:
		l.credit[lane]++
		l.count(v, due, now)
	}
}

// count counts the answer to a request.
func (l *loop) count(v *Verdict, due, now time.Duration) {
	counts := due >= l.measured
	if v.Fault != FaultNone {
		l.faults[v.Fault]++
		if counts {
			l.wrong++
		}
		return
	}
	if l.ended == 0 {
		l.inTime++
	}
	if counts {
		l.answered++
		l.classes[v.Class]++
		l.latency.add(now - due)
	}
}

// allowed returns how many of n requests may be sent.
func (l *loop) allowed(n int) int {
	if l.quota > 0 && !l.warming() {
		n = int(min(uint64(n), l.quota-l.sent))
	}
	return n
}

// queue makes the next request leave on a lane with the next Flush.
func (l *loop) queue(lane int, due, now time.Duration) {
	if l.account.full() {
		l.giveUp()
	}
	request := l.source.Next(lane)
	if l.options.Tap != nil {
		l.options.Tap.Sent(l.worker, lane, l.start.Add(now), request)
	}
	l.conn.Queue(lane, request)
	l.account.add(lane, due, now)
	l.sent++
}

// giveUp declares the oldest request lost before its time: the server answers so
// fast that its entry is needed.
func (l *loop) giveUp() {
	oldest := l.account.at(l.account.oldest)
	l.account.expire(oldest.sent()+1, l.lose)
}

// runLocked runs the loop on a thread of its own, on the core that the options name.
func (l *loop) runLocked(ctx context.Context, start time.Time) error {
	runtime.LockOSThread() // and never unlocked: the thread, pinned, ends with the goroutine
	if cores := l.options.Cores; len(cores) > 0 {
		if err := PinThread(cores[l.worker%len(cores)]); err != nil {
			return err
		}
	}
	if l.schedule != nil {
		sleepPrecisely()
	}
	return l.run(ctx, start)
}
