package loadgen

import "time"

// openTurn is one round of an open loop: it sends what is due, and receives until
// more is.
func (l *loop) openTurn(now time.Duration) error {
	wait := l.sendDue(now)
	_, _, _, err := l.receive(wait)
	return err
}

// sendDue sends the bursts that are due, up to MaxBurst requests so that answers
// are taken in between by a loop that has fallen behind. It returns how long there
// is nothing to send.
func (l *loop) sendDue(now time.Duration) (wait time.Duration) {
	s := l.schedule
	for sent := 0; ; sent += s.burst {
		due := s.due()
		if l.warming() && due >= l.options.Warmup || l.complete(due) {
			wait = patience
			break
		}
		if wait = due - now; wait > 0 || sent > 0 && sent+s.burst > MaxBurst {
			break
		}
		l.sendBurst(due, now)
		s.next++
	}
	l.conn.Flush()
	if wait <= 0 {
		return 0
	}
	// Sending took its time.
	return min(max(s.due()-l.now(), 0), patience)
}

// sendBurst queues a burst: runs of requests that leave together, on a lane each.
func (l *loop) sendBurst(due, now time.Duration) {
	n := l.allowed(l.schedule.burst)
	if n == 0 {
		return
	}
	l.delay.addTimes(now-due, n)
	for i := range n {
		if i%l.options.Coalesce == 0 {
			l.lane++
			if l.lane == len(l.credit) {
				l.lane = 0
			}
		}
		l.queue(l.lane, due, now)
	}
}

// complete says whether a burst due then is no more part of the run.
func (l *loop) complete(due time.Duration) bool {
	return l.measured >= 0 && (due >= l.measured+l.options.Duration || l.quota > 0 && l.sent >= l.quota)
}
