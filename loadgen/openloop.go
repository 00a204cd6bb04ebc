package loadgen

import "time"

// openTurn is one round of an open loop: it sends what is due, and receives until
// more is. One that has fallen behind receives as much as it sends, so that replies
// don't wait for it until their queue overflows.
func (l *loop) openTurn(now time.Duration) error {
	sent, wait := l.sendDue(now)
	for {
		r, err := l.receive(wait)
		if sent -= r.replies; err != nil || wait > 0 || r.replies == 0 || sent <= 0 {
			return err
		}
	}
}

// sendDue sends the bursts that are due, up to MaxBurst requests. It returns how
// many it sent, and how long there is nothing to send.
func (l *loop) sendDue(now time.Duration) (sent int, wait time.Duration) {
	s := l.schedule
	for {
		due := s.due()
		if l.warming() && due >= l.options.Warmup || l.complete(due) {
			wait = patience
			break
		}
		if wait = due - now; wait > 0 || sent > 0 && sent+s.burst > MaxBurst {
			break
		}
		sent += l.sendBurst(due, now)
		s.next++
	}
	l.conn.Flush()
	if wait <= 0 {
		return sent, 0
	}
	// Sending took its time.
	return sent, min(max(s.due()-l.now(), 0), patience)
}

// sendBurst queues a burst: runs of requests that leave together, on a lane each.
func (l *loop) sendBurst(due, now time.Duration) (sent int) {
	n := l.allowed(l.schedule.burst)
	if n == 0 {
		return 0
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
	return n
}

// complete says whether a burst due then is no more part of the run.
func (l *loop) complete(due time.Duration) bool {
	return l.measured >= 0 && (due >= l.measured+l.options.Duration || l.quota > 0 && l.sent >= l.quota)
}
