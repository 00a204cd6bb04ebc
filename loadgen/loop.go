package loadgen

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// loop is one worker of a run: a closed loop.
type loop struct {
	options *Options
	worker  int
	conn    Conn
	source  Source
	account *outstanding
	credit  []int // requests that each lane may send

	start    time.Time
	measured time.Duration // when the measured time began; negative before
	quota    uint64        // requests to send in the measured time; 0: no limit
	verdicts []Verdict
	lose     func(entry)
	warmup   tally // what was counted before the measured time
	tally
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
	made      uint64 // by the source, when the measured time began
	refused   uint64 // by the system, then
	processor time.Duration
	known     bool // the processor time is
}

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
		options: o, worker: worker, conn: conn, source: source, account: newOutstanding(),
		credit: make([]int, conn.Lanes()), verdicts: make([]Verdict, maxVerdicts), measured: -1,
	}
	l.latency = newLatency()
	for i := range o.Outstanding {
		l.credit[i%len(l.credit)]++
	}
	l.lose = func(e entry) {
		l.credit[e.lane]++
		if e.sent >= l.measured {
			l.lost++
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
	for sending := false; ; sending = true {
		now := l.now()
		if l.measured < 0 && now >= l.options.Warmup {
			l.measure(now)
		}
		if l.over(now) || ctx.Err() != nil {
			return errors.Join(l.drain(now), ctx.Err())
		}
		if !sending {
			l.sendAll(now)
		}
		if err := l.step(true); err != nil {
			return err
		}
	}
}

func (l *loop) now() time.Duration { return time.Since(l.start) }

// measure begins the measured time.
func (l *loop) measure(now time.Duration) {
	l.measured = now
	l.warmup = l.tally
	l.tally = tally{latency: newLatency(), made: l.source.Made(), refused: l.conn.Refused()}
	l.processor, l.known = threadTime()
}

func (l *loop) over(now time.Duration) bool {
	return l.measured >= 0 && (now-l.measured >= l.options.Duration || l.quota > 0 && l.sent >= l.quota)
}

// drain ends the measured time and settles what is still under way.
func (l *loop) drain(now time.Duration) error {
	if l.measured < 0 { // cancelled during the warm-up
		l.measure(now)
	}
	l.ended = now
	if l.known {
		end, _ := threadTime()
		l.processor = end - l.processor
	}
	for l.account.under > 0 {
		if err := l.step(false); err != nil {
			return err
		}
	}
	l.made = l.source.Made() - l.made
	l.refused = l.conn.Refused() - l.refused
	return nil
}

// step receives once, judges, and sends what the answers made room for.
func (l *loop) step(sending bool) error {
	lane, replies, err := l.conn.Receive(patience)
	if err != nil {
		return err
	}
	now := l.now()
	if l.options.Tap != nil {
		l.tapReceived(lane, now, replies)
	}
	for len(replies) > 0 {
		n := min(len(replies), maxVerdicts)
		l.source.Judge(replies[:n], l.verdicts[:n])
		for i := range l.verdicts[:n] {
			l.settle(&l.verdicts[i], lane, now)
		}
		replies = replies[n:]
	}
	lost := l.account.expire(now-l.options.Timeout, l.lose)
	switch {
	case !sending:
	case lost: // on any lane
		l.sendAll(now)
	default:
		l.send(lane, now)
		l.conn.Flush()
	}
	return nil
}

// settle accounts for a reply.
func (l *loop) settle(v *Verdict, lane int, now time.Duration) {
	if v.Fault == FaultForeign {
		l.faults[FaultForeign]++
		return
	}
	outcome, sent := l.account.settle(v.Request, lane)
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
		l.count(v, sent, now)
	}
}

// count counts the answer to a request.
func (l *loop) count(v *Verdict, sent, now time.Duration) {
	counts := sent >= l.measured
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
		l.latency.add(now - sent)
	}
}

// sendAll sends what the credit of all lanes allows.
func (l *loop) sendAll(now time.Duration) {
	for lane := range l.credit {
		l.send(lane, now)
	}
	l.conn.Flush()
}

// send queues what a lane's credit allows, in whole bursts.
func (l *loop) send(lane int, now time.Duration) {
	n := l.credit[lane] / l.options.Coalesce * l.options.Coalesce
	if l.quota > 0 && l.measured >= 0 {
		n = int(min(uint64(n), l.quota-l.sent))
	}
	for range n {
		if l.account.full() {
			l.giveUp()
		}
		request := l.source.Next()
		if l.options.Tap != nil {
			l.options.Tap.Sent(l.worker, lane, l.start.Add(now), request)
		}
		l.conn.Queue(lane, request)
		l.account.add(lane, now)
		l.credit[lane]--
		l.sent++
	}
}

// giveUp declares the oldest request lost before its time: the server answers so
// fast that its entry is needed.
func (l *loop) giveUp() {
	oldest := l.account.at(l.account.oldest)
	l.account.expire(oldest.sent+1, l.lose)
}

// runLocked runs the loop on a thread of its own, on the core that the options name.
func (l *loop) runLocked(ctx context.Context, start time.Time) error {
	runtime.LockOSThread() // and never unlocked: the thread, pinned, ends with the goroutine
	if cores := l.options.Cores; len(cores) > 0 {
		if err := PinThread(cores[l.worker%len(cores)]); err != nil {
			return err
		}
	}
	return l.run(ctx, start)
}
