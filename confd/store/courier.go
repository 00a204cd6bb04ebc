package store

import (
	"context"
	"slices"
	"time"

	"gantry/confd/vote"
)

// sendCouriers starts a courier for each candidate that has none. The lock is held.
func (s *Store) sendCouriers() {
	if s.closed {
		return
	}
	for _, name := range s.reign.names() {
		if s.couriers[name] {
			continue
		}
		s.couriers[name] = true
		replica := Replica(localReplica{s.options.Copy})
		if name != s.options.Node {
			replica = s.options.Replica(name)
		}
		s.running.Add(1)
		go s.courier(name, replica)
	}
}

// courier brings one candidate what the reign has for it, one message at a time, until the store ends or the node is no
// candidate any more. One that fails is tried again, for as long as it takes.
func (s *Store) courier(name string, replica Replica) {
	defer s.running.Done()
	pause := retryFirst
	for {
		s.mu.Lock()
		if s.ended() != nil || !slices.Contains(s.reign.names(), name) {
			delete(s.couriers, name)
			s.mu.Unlock()
			return
		}
		reign := s.reign
		m, due := reign.next(name)
		changed := s.changed
		s.mu.Unlock()
		if !due {
			<-changed
			continue
		}
		if err := s.deliver(reign, name, replica, m); err == nil {
			pause = retryFirst
			continue
		}
		select {
		case <-s.ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, retryLast)
	}
}

// deliver sends one message and has the reign take the answer.
func (s *Store) deliver(reign *reign, name string, replica Replica, m message) error {
	var grant Grant
	var err error
	if m.claim != nil {
		grant, err = replica.Claim(s.ctx, *m.claim)
	} else {
		err = replica.Push(s.ctx, m.push)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.wake()
	if m.claim != nil {
		reign.granted(name, m.claim.Floor, grant, err)
	} else {
		reign.pushed(name, m.push, err)
	}
	if reign.settled() && s.draft != nil {
		s.publish()
	}
	s.observe(name, reign.member(name), err)
	return err
}

func (s *Store) observe(name string, m *member, err error) {
	switch {
	case s.options.Observer == nil:
	case err != nil:
		s.options.Observer.Failed(name, err)
	default:
		s.options.Observer.Reached(name, max(m.acked, m.grant.Serial))
	}
}

// localReplica reaches this node's own copy without a network.
type localReplica struct{ copy *Copy }

func (l localReplica) Claim(_ context.Context, claim vote.Claim) (Grant, error) {
	return l.copy.Claim(claim)
}
func (l localReplica) Push(_ context.Context, push *Push) error { return l.copy.Push(push) }
func (l localReplica) Fetch(context.Context) ([]byte, error)    { return l.copy.Fetch() }
