package loadgen

import "time"

// closedTurn is one round of a closed loop: it waits for answers and sends what
// they made room for.
func (l *loop) closedTurn(now time.Duration) error {
	if !l.begun {
		l.begun = true
		l.sendAll(now)
	}
	r, err := l.receive(patience)
	switch {
	case err != nil:
		return err
	case r.lost:
		l.sendAll(r.now)
	default:
		l.send(r.lane, r.now)
		l.conn.Flush()
	}
	return nil
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
	n := l.allowed(l.credit[lane] / l.options.Coalesce * l.options.Coalesce)
	for range n {
		l.queue(lane, now, now)
	}
	l.credit[lane] -= n
}
