package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// duelWorkers is how many queries are under way at once. The reference has a thread for each and answers in any order.
	duelWorkers = 12
	// answerPatience is the wait for an answer that the other side gave.
	answerPatience = 3 * time.Second
	// retryPatience is the wait before silence counts as a difference, asked alone.
	retryPatience = 10 * time.Second
	// silencePatience is the same where ours is silent: the reference is expected to be.
	silencePatience = time.Second
	// crowdingBytes is from where on a datagram is sent while no other is under way: the reference's receive buffer takes some 200 KB, and what
	// the kernel drops looks like silence.
	crowdingBytes = 16 << 10
	// settleTime is the wait for late answers to queries that ours keeps silent on, after everything else is answered.
	settleTime = 300 * time.Millisecond
)

// A duel asks the reference and ours the same, and compares.
type duel struct {
	run    *session
	about  string   // the config, for reports
	meets  []string // documented differences that any query may show
	ours   *confdServer
	theirs *confdServer

	crowd sync.RWMutex // held for writing around a datagram that must be alone

	mu       sync.Mutex
	answered int
	silent   int
	waiting  []waitingLane
	retries  []query
	replies  []outcome // answered ones, to be asked again in bursts
	broken   error
}

// A waitingLane is one on which the reference is expected to stay silent: it is looked at again at the end.
type waitingLane struct {
	outcome
	lane *lane
}

// compare asks both servers every query of next (until its second result is false) and reports the differences.
func (d *duel) compare(ctx context.Context, next func() (query, bool)) error {
	queries := make(chan query)
	var workers sync.WaitGroup
	for range duelWorkers {
		workers.Go(func() { d.work(queries) })
	}
	for q, ok := next(); ok && d.stopped(ctx) == nil; q, ok = next() {
		q.meets = slices.Concat(q.meets, d.meets)
		queries <- q
	}
	close(queries)
	workers.Wait()
	if err := d.stopped(ctx); err != nil {
		return err
	}
	if err := d.settle(ctx); err != nil {
		return err
	}
	if err := d.retry(ctx); err != nil {
		return err
	}
	return d.bursts(ctx)
}

func (d *duel) stopped(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return d.broken
	}
	return context.Cause(ctx)
}

func (d *duel) work(queries <-chan query) {
	for q := range queries {
		if err := d.ask(q); err != nil {
			d.mu.Lock()
			d.broken = fmt.Errorf("%s: %s: %w", d.about, q.about, err)
			d.mu.Unlock()
			// The rest is taken off the channel, so that the sender sees what happened.
			for range queries {
			}
			return
		}
	}
}

// ask puts one query to both. Ours is first, as it says at once whether it answers; the reference is then waited for only if it should.
func (d *duel) ask(q query) error {
	o := outcome{query: q, sent: q.datagram(sendTime(q))}
	if len(o.sent) < crowdingBytes {
		d.crowd.RLock()
		defer d.crowd.RUnlock()
	} else {
		d.crowd.Lock()
		defer d.crowd.Unlock()
	}
	var err error
	if o.ours, err = d.ours.decide(o.sent, retryPatience); err != nil {
		return err
	}
	l, err := newLane(d.theirs.addr)
	if err != nil {
		return err
	}
	if err := l.send(o.sent); err != nil {
		return fmt.Errorf("send to %s: %w", d.theirs.name, err)
	}
	if o.ours == nil || referenceMayBeSilent(o) {
		d.mu.Lock()
		d.waiting = append(d.waiting, waitingLane{o, l})
		d.mu.Unlock()
		return nil
	}
	defer l.close()
	if o.theirs, err = l.receive(answerPatience); err != nil {
		return fmt.Errorf("receive from %s: %w", d.theirs.name, err)
	}
	d.judge(o)
	return nil
}

// sendTime is the time to sign a query with, in seconds. Where the second matters it waits until one has just begun.
func sendTime(q query) int64 {
	now := time.Now()
	if q.exactSecond && now.Nanosecond() > 200_000_000 {
		time.Sleep(time.Until(now.Truncate(time.Second).Add(time.Second)))
		now = time.Now()
	}
	return now.Unix()
}

// judge counts an outcome. What isn't equal is asked again later before it is reported: the reference may only have been slow.
func (d *duel) judge(o outcome) {
	if d.settled(o) {
		return
	}
	d.mu.Lock()
	d.retries = append(d.retries, o.query)
	d.mu.Unlock()
}

// settled counts an outcome that is equal or documented.
func (d *duel) settled(o outcome) bool {
	if !o.equal() {
		anchor := documentedDifference(o)
		if anchor == "" {
			return false
		}
		d.run.documented(anchor)
	}
	d.run.compared(1)
	d.checkRecord(o)
	d.mu.Lock()
	defer d.mu.Unlock()
	if o.ours == nil && o.theirs == nil {
		d.silent++
	} else {
		d.answered++
	}
	if o.ours != nil && !o.ages && len(o.sent) < crowdingBytes && len(d.replies) < maxBurstOutcomes {
		d.replies = append(d.replies, o)
	}
	return true
}

// checkRecord holds the replies against what is on record.
func (d *duel) checkRecord(o outcome) {
	if o.onRecord == nil {
		return
	}
	if err := o.onRecord(o); err != nil {
		d.run.differs("%s: not as on record: %v: %s", d.about, err, o.describe())
	}
}

// settle looks for answers of the reference where none was expected.
func (d *duel) settle(ctx context.Context) error {
	// Pings that were answered say that its threads had their turn.
	for range duelWorkers {
		if err := d.theirs.waitAnswer(ctx); err != nil {
			return err
		}
	}
	if err := pause(ctx, settleTime); err != nil {
		return err
	}
	for _, w := range d.waiting {
		reply, err := w.lane.receive(time.Millisecond)
		w.lane.close()
		if err != nil {
			return fmt.Errorf("receive from %s: %w", d.theirs.name, err)
		}
		w.theirs = reply
		d.judge(w.outcome)
	}
	d.waiting = nil
	return nil
}

// retry asks the queries again whose answers differed, one at a time and with patience, and reports those that still do.
func (d *duel) retry(ctx context.Context) error {
	for i, q := range d.retries {
		if i >= maxPrinted {
			for range d.retries[i:] {
				d.run.compared(1)
				d.run.differs("%s: further ones were not asked again", d.about)
			}
			break
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		o := outcome{query: q, sent: q.datagram(sendTime(q))}
		var err error
		if o.ours, err = d.ours.decide(o.sent, retryPatience); err != nil {
			return err
		}
		if o.theirs, err = d.theirs.exchange(o.sent, o.patience()); err != nil {
			return err
		}
		if !d.settled(o) {
			d.run.compared(1)
			d.run.differs("%s: %s", d.about, o.describe())
		}
	}
	d.retries = nil
	return nil
}

// patience is how long the reference's reply to a query is waited for that is asked alone.
func (o outcome) patience() time.Duration {
	if o.ours == nil {
		return silencePatience
	}
	return retryPatience
}

// exchange sends a datagram on a socket of its own and returns the reply, nil if none comes in time.
func (s *confdServer) exchange(datagram []byte, patience time.Duration) ([]byte, error) {
	l, err := newLane(s.addr)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if err := l.send(datagram); err != nil {
		return nil, fmt.Errorf("send to %s: %w", s.name, err)
	}
	reply, err := l.receive(patience)
	if err != nil {
		return nil, fmt.Errorf("receive from %s: %w", s.name, err)
	}
	return reply, nil
}

// barrierSalt marks the ping that follows a query to ours on its socket. Ours answers a socket's datagrams in order, so the ping's answer in the
// query's place says that the query gets none.
const barrierSalt = "gantry-interop-barrier"

const barrierMessage = `{"protocol":1,"type":0,"rsalt":"` + barrierSalt + `"}`

// decide sends a datagram to ours and returns the reply, nil for silence.
func (s *confdServer) decide(datagram []byte, patience time.Duration) ([]byte, error) {
	l, err := newLane(s.addr)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if err := l.send(datagram); err != nil {
		return nil, fmt.Errorf("send to %s: %w", s.name, err)
	}
	if err := l.send(signedDatagram(clusterKey, time.Now().Unix(), barrierMessage)); err != nil {
		return nil, fmt.Errorf("send to %s: %w", s.name, err)
	}
	first, err := l.receive(patience)
	if err != nil || first == nil {
		return nil, s.noAnswer(patience, err)
	}
	if isBarrier(first) {
		return nil, nil
	}
	second, err := l.receive(patience)
	if err != nil || second == nil || !isBarrier(second) {
		return nil, fmt.Errorf("the ping after the query: %w", s.noAnswer(patience, err))
	}
	return first, nil
}

func isBarrier(reply []byte) bool {
	return bytes.HasSuffix(reply, []byte(`"salt":"`+barrierSalt+`"}`))
}

func (s *confdServer) noAnswer(patience time.Duration, err error) error {
	switch {
	case !s.process.running():
		return s.process.failure()
	case err != nil:
		return fmt.Errorf("%s: %w", s.name, err)
	default:
		return fmt.Errorf("%s didn't answer a ping in %v", s.name, patience)
	}
}
