package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"gantry/confd/config"
	"gantry/confd/vote"
)

// forcedStep is how far above the accepted serial a forced master begins: above whatever the candidates that weren't asked
// may have. A cluster doesn't write that many versions in years.
const forcedStep = 1 << 32

// Lead makes this node the writer: it claims the role at a majority of the candidates, begins with the newest config that
// they know, brings a version of its own to a majority, and returns then. If ctx is done before, it fails; the claim may
// have ended the reign of another by then. An error that wraps vote.ErrNotNewest, vote.ErrNoMajority or ErrConflict names
// what each candidate answered.
//
// The caller holds the locks of the other daemons that write the configuration, see LockDaemons.
func Lead(ctx context.Context, options Options) (*Store, error) {
	options.Patience = cmp.Or(options.Patience, DefaultPatience)
	s := &Store{options: options, couriers: map[string]bool{}, changed: make(chan struct{}), done: make(chan struct{})}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if err := s.lead(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("%s can't lead: %w", options.Node, err)
	}
	s.running.Add(1)
	go s.run()
	return s, nil
}

func (s *Store) lead(ctx context.Context) error {
	own, err := s.options.Copy.Holding()
	if err != nil {
		return err
	}
	data, err := s.options.Copy.Fetch()
	if err != nil {
		return err
	}
	doc, err := config.Parse(data)
	if err != nil {
		return err
	}
	candidates, err := candidatesOf(doc)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.reign = newReign(s.options.Node, rand.Text(), own, candidates, s.options.Floor, s.options.Level, soundRules())
	if s.accepts(own) {
		s.reign.claimAbove(own.Serial + forcedStep)
	}
	s.sendCouriers()
	s.mu.Unlock()
	for {
		newest, err := s.claim(ctx)
		if err != nil {
			return err
		}
		if s.reign.rules.behind(doc.SerialNo, newest.Serial) {
			if doc, err = s.fetch(ctx, newest, own); err != nil {
				return err
			}
		}
		if candidates, err = candidatesOf(doc); err != nil {
			return err
		}
		if included, err := s.included(candidates, doc.SerialNo); err != nil {
			return err
		} else if included {
			return s.begin(ctx, doc)
		}
	}
}

// included reports whether the claim has a majority of the newest config's candidates too, and nobody of them has a newer one.
func (s *Store) included(candidates vote.Voters, serial int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reign.include(candidates); err != nil || s.accepts(s.reign.own) {
		return true, err
	}
	newest, granted, err := s.reign.claimed()
	return granted && !s.reign.rules.behind(serial, newest.Serial), err
}

// accepts reports whether the operator accepts this node's config as it is.
func (s *Store) accepts(own Grant) bool {
	return s.options.AcceptSerial != 0 && s.options.AcceptSerial == own.Serial
}

// claim waits until a majority has granted the claim, with a higher floor if somebody asks for one, and returns who has the
// newest config.
func (s *Store) claim(ctx context.Context) (vote.Ballot, error) {
	impatient := time.After(s.options.Patience)
	for claims := 1; ; {
		s.mu.Lock()
		r := s.reign
		if s.accepts(r.own) && r.member(r.me).granted {
			s.mu.Unlock()
			return ballot(r.me, r.own), nil
		}
		newest, granted, err := r.claimed()
		changed := s.changed
		if err == nil && !granted && r.raise > r.floor {
			if claims++; claims > maxClaims {
				err = fmt.Errorf("others claim the role at the same time: %w", vote.ErrNoMajority)
			}
			r.claimAbove(r.raise)
			s.wake()
		}
		s.sendCouriers()
		s.mu.Unlock()
		if err != nil || granted {
			return newest, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return newest, s.refusal(ctx.Err())
		case <-impatient:
			return newest, s.refusal(vote.ErrNoMajority)
		}
	}
}

// refusal names what each candidate answered to the claim.
func (s *Store) refusal(why error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var answers []string
	for _, name := range s.reign.names() {
		b := vote.Ballot{Node: name, Fault: "no answer yet"}
		if m := s.reign.member(name); m.granted {
			b = ballot(name, m.grant)
		} else if m.fault != nil {
			b.Fault = m.fault.Error()
		}
		answers = append(answers, b.String())
	}
	return fmt.Errorf("%w: %s", why, strings.Join(answers, "; "))
}

// fetch gets the newest config from whom has it.
func (s *Store) fetch(ctx context.Context, newest vote.Ballot, own Grant) (*config.Document, error) {
	if !s.options.FetchNewest && newest.Node != s.options.Node {
		return nil, s.refusal(fmt.Errorf("%w: %s has serial %d, this node %d", vote.ErrNotNewest, newest.Node, newest.Serial, own.Serial))
	}
	replica := Replica(localReplica{s.options.Copy})
	if newest.Node != s.options.Node {
		replica = s.options.Replica(newest.Node)
	}
	data, err := replica.Fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetching the config of %s: %w", newest.Node, err)
	}
	if Digest(data) != newest.Digest {
		return nil, fmt.Errorf("fetching the config of %s: %w", newest.Node, ErrDigest)
	}
	return config.Parse(data)
}

// begin brings the first version of the reign to a majority.
func (s *Store) begin(ctx context.Context, doc *config.Document) error {
	first, err := s.firstDraft(doc)
	if err != nil {
		return err
	}
	s.mu.Lock()
	r := s.reign
	base := doc.SerialNo
	sets := r.sets.With(first.candidates)
	if s.accepts(r.own) {
		sets = vote.Joint{}.With(first.candidates)
	}
	v, err := first.version(sets, s.options.Render)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	r.begin(base, v)
	s.draft = first
	own := r.pushOf(s.options.Node, v)
	s.mu.Unlock()
	err = s.options.Copy.pushWhole(own)
	s.mu.Lock()
	r.pushed(s.options.Node, own, err)
	s.sendCouriers()
	s.wake()
	s.mu.Unlock()
	if err != nil && !errors.Is(err, ErrUnknown) {
		return err
	}
	stop := context.AfterFunc(ctx, s.Close)
	defer stop()
	return s.await()
}

// firstDraft also lets the operator's word change the candidates, of whom a majority isn't there.
func (s *Store) firstDraft(doc *config.Document) (*draft, error) {
	now := seconds(time.Now())
	s.mu.Lock()
	floor, forced := s.reign.floor, s.accepts(s.reign.own)
	s.mu.Unlock()
	if !forced {
		return firstDraft(doc, floor, s.options.Edit, now)
	}
	first, err := newDraft(doc)
	if err != nil {
		return nil, err
	}
	first = first.next()
	if s.options.Edit != nil {
		if err := first.apply(s.options.Edit, now); err != nil && err != ErrUnchanged {
			return nil, err
		}
	}
	return first, first.finish(floor, now)
}
