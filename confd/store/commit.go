package store

import (
	"errors"
	"fmt"
	"time"

	"gantry/confd/config"
	"gantry/confd/vote"
)

// run commits batch after batch until the store ends.
func (s *Store) run() {
	defer s.running.Done()
	defer close(s.done)
	for {
		batch, err := s.take()
		if err != nil {
			for _, r := range batch {
				r.result <- result{err: err}
			}
			if s.Err() != nil {
				return
			}
			continue
		}
		if err := s.commit(batch); err != nil && len(batch) == 0 {
			s.rest() // nobody asked for this version: it is tried again, but not at once
		}
	}
}

// rest waits a little, or until the store ends.
func (s *Store) rest() {
	select {
	case <-s.ctx.Done():
	case <-time.After(retryPause):
	}
}

// take waits until there is something to commit and the last version is settled. With an error the changes that it returns
// must not be begun.
func (s *Store) take() ([]*request, error) {
	var impatient <-chan time.Time
	for {
		s.mu.Lock()
		if err := s.ended(); err != nil {
			batch := s.queue
			s.queue = nil
			s.mu.Unlock()
			return batch, err
		}
		if s.reign.settled() && (len(s.queue) > 0 || s.reign.wantsConfirmation()) {
			n := min(len(s.queue), maxBatch)
			batch := s.queue[:n:n]
			s.queue = s.queue[n:]
			s.mu.Unlock()
			return batch, nil
		}
		if len(s.queue) > 0 && impatient == nil {
			impatient = time.After(s.options.Patience)
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-impatient:
			return s.giveUp()
		}
	}
}

// giveUp refuses what waits behind a version that gets no majority.
func (s *Store) giveUp() ([]*request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := s.queue
	s.queue = nil
	return batch, fmt.Errorf("%w: serial %d is missing on %s", ErrBehind, s.reign.current.serial, s.reign.missing())
}

// commit writes one version with all changes of a batch that are good, and answers each. An empty batch makes a version that
// only confirms what is there.
func (s *Store) commit(batch []*request) error {
	began := time.Now()
	next, good, err := s.compose(batch)
	if err == nil && len(good) == 0 && len(batch) > 0 {
		return nil // each has its own answer
	}
	if err == nil {
		err = s.write(next)
	}
	if err == nil {
		err = s.await()
	}
	serial := next.doc.SerialNo
	for _, r := range good {
		r.result <- result{serial, err}
	}
	if err != nil {
		s.log("a change of the configuration failed", "serial", serial, "error", err)
	} else if s.options.Observer != nil {
		s.options.Observer.Committed(serial, len(good), len(s.Snapshot().Data), time.Since(began))
	}
	return err
}

// compose applies a batch to a new draft. Bad changes get their answers, the others are returned.
func (s *Store) compose(batch []*request) (next *draft, good []*request, err error) {
	now := seconds(time.Now())
	last := s.draft
	next, good = applyAll(last, batch, now)
	if err := check(last.doc, next.doc, next.changed); err != nil && len(good) > 0 {
		next, good = applyOneByOne(last, good, now)
	}
	return next, good, next.finish(last.doc.SerialNo+1, now)
}

func applyAll(last *draft, batch []*request, now config.Time) (*draft, []*request) {
	next := last.next()
	var good []*request
	for _, r := range batch {
		switch err := next.apply(r.change, now); {
		case err == nil:
			good = append(good, r)
		case errors.Is(err, ErrUnchanged):
			r.result <- result{serial: last.doc.SerialNo}
		default:
			r.result <- result{err: err}
		}
	}
	return next, good
}

// applyOneByOne finds out which changes of a batch break a rule.
func applyOneByOne(last *draft, batch []*request, now config.Time) (*draft, []*request) {
	var good []*request
	for _, r := range batch {
		next, applied := applyAll(last, []*request{r}, now)
		if len(applied) == 0 {
			continue
		}
		if err := check(last.doc, next.doc, next.changed); err != nil {
			r.result <- result{err: err}
			continue
		}
		next.changed = append(last.changed, next.changed...)
		last, good = next, append(good, r)
	}
	return last.next(), good
}

// write brings a draft to this node's own disk. An error that wraps ErrUnknown isn't its end: others may get it still.
func (s *Store) write(next *draft) error {
	s.mu.Lock()
	r := s.reign
	v, err := next.version(r.nextSets(s.draft.candidates, next.candidates), s.options.Render)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	own := r.pushOf(s.options.Node, v)
	s.mu.Unlock()

	err = s.options.Copy.pushWhole(own)

	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.wake()
	if err != nil && !errors.Is(err, ErrUnknown) {
		if errors.Is(err, vote.ErrFenced) || errors.Is(err, vote.ErrStale) {
			r.depose(err)
		}
		return fmt.Errorf("writing the configuration: %w", err)
	}
	r.propose(v)
	s.draft = next
	r.pushed(s.options.Node, own, err)
	s.sendCouriers()
	return nil
}

// await waits until enough candidates have the current version, and shows it to readers then.
func (s *Store) await() error {
	impatient := time.After(s.options.Patience)
	for {
		s.mu.Lock()
		r := s.reign
		if r.settled() {
			s.publish()
			s.mu.Unlock()
			return nil
		}
		if err := s.ended(); err != nil {
			s.mu.Unlock()
			return fmt.Errorf("serial %d: %w: %w", r.current.serial, ErrUnknown, err)
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-impatient:
			return fmt.Errorf("serial %d: %w: no %s of the master candidates has it; missing: %s",
				r.current.serial, ErrUnknown, s.options.Level, s.Missing())
		}
	}
}

// publish shows the current version to readers. The lock is held.
func (s *Store) publish() {
	v := s.reign.current
	if have := s.snapshot.Load(); have == nil || have.Serial < v.serial {
		s.snapshot.Store(&Snapshot{s.draft.doc, v.data, v.serial, v.digest})
	}
}

func seconds(t time.Time) config.Time {
	const micro = 1e6 // as the reference: it keeps microseconds
	return config.Time(float64(t.UnixMicro()) / micro)
}

func (s *Store) log(text string, args ...any) {
	if s.options.Log != nil {
		s.options.Log.Warn(text, args...)
	}
}
