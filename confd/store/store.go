package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gantry/confd/config"
	"gantry/confd/vote"
)

const (
	// maxBatch bounds how many changes share a write, so that the first of them doesn't wait for ever longer ones.
	maxBatch = 256
	// maxQueue bounds how many changes wait; more are refused at once.
	maxQueue = 4096
	// DefaultPatience is how long a change waits for a majority before its outcome is reported as unknown: two connect
	// timeouts of the node daemon's clients.
	DefaultPatience = 10 * time.Second
	// retryFirst and retryLast are the pauses between the attempts at a candidate that fails; they double.
	retryFirst = 100 * time.Millisecond
	retryLast  = 10 * time.Second
	// retryPause is how long a version that only confirms waits after one that failed: the disk may be full.
	retryPause = time.Second
	// maxClaims bounds how often a higher floor is tried while others claim too.
	maxClaims = 8
)

var (
	// ErrBehind means that a change wasn't begun, because a majority hasn't got the one before it.
	ErrBehind = errors.New("the change before has no majority yet")
	// ErrBusy means that too many changes wait.
	ErrBusy = fmt.Errorf("%d changes wait already", maxQueue)
	// ErrClosed means that the store was closed.
	ErrClosed = errors.New("the store is closed")
)

// A Replica is the copy of another candidate, reached through its node daemon; a Copy does what it says on that side. Errors
// must keep wrapping vote.ErrFenced, vote.ErrStale and vote.ErrRestarted on their way. A method gives up by itself, or when
// ctx is done. Of one replica only one method is called at a time.
type Replica interface {
	Claim(ctx context.Context, claim vote.Claim) (Grant, error)
	Push(ctx context.Context, push *Push) error
	Fetch(ctx context.Context) ([]byte, error)
}

// An Observer is told what metrics show. Its methods must return at once; they are called from several goroutines.
type Observer interface {
	// Committed: a version has its majority. changes is how many shared it, bytes its size.
	Committed(serial int64, changes, bytes int, took time.Duration)
	// Reached and Failed tell the outcome of each attempt at a candidate; serial is what it has, as far as is known.
	Reached(node string, serial int64)
	Failed(node string, err error)
}

// Options say how a store leads.
type Options struct {
	Node        string                    // this node's name
	Copy        *Copy                     // this node's copy
	Replica     func(node string) Replica // of another candidate; called once for each
	Level       Level                     // Majority if it isn't set
	Render      Renderer                  // of ssconf; nil for none
	Edit        func(*Tx) error           // the first change: it makes this node the master
	Patience    time.Duration             // DefaultPatience if it isn't set
	Observer    Observer                  // may be nil
	Log         *slog.Logger              // may be nil
	FetchNewest bool                      // begin with the newest config, wherever it is
	// Floor is what NextFloor said of the store before, if this one follows it.
	Floor int64
	// AcceptSerial leads with this node's config if it has this serial, without a majority for the claim. What other
	// candidates have beyond it is lost, and another master may be at work. Edit must then leave a set of candidates that
	// can make a majority.
	AcceptSerial int64
}

// A Snapshot is the configuration at one time. Nothing in it may be changed.
type Snapshot struct {
	Document *config.Document
	Data     []byte // the bytes of config.data
	Serial   int64
	Digest   string
}

// A Store is the one writer of a cluster's configuration, from Lead until Close or until another node leads. It is safe for
// concurrent use.
type Store struct {
	options  Options
	snapshot atomic.Pointer[Snapshot]
	stop     context.CancelFunc
	ctx      context.Context
	running  sync.WaitGroup
	done     chan struct{} // closed when nothing is written any more

	mu       sync.Mutex
	reign    *reign
	draft    *draft // of the reign's current version
	queue    []*request
	couriers map[string]bool
	changed  chan struct{} // closed, and replaced, whenever any of this changes
	closed   bool
}

// A request is a change that waits.
type request struct {
	change func(*Tx) error
	result chan result // of one element: nobody has to wait for who asked
}

type result struct {
	serial int64
	err    error
}

// Snapshot returns the last configuration that was committed. It takes no lock.
func (s *Store) Snapshot() *Snapshot { return s.snapshot.Load() }

// Done is closed when the store writes no more: it was closed, or another node leads.
func (s *Store) Done() <-chan struct{} { return s.done }

// Err returns why the store ended, nil while it leads.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended()
}

func (s *Store) ended() error {
	switch {
	case s.reign != nil && s.reign.deposed != nil:
		return s.reign.deposed
	case s.closed:
		return ErrClosed
	}
	return nil
}

// NextFloor is the lowest floor that a candidate wants which refused this store, 0 if none did. Who leads again on the same
// node passes it on, so as not to be refused by the same one.
func (s *Store) NextFloor() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reign.raise
}

// Missing names the candidates that haven't got the newest version, and why; empty if all have it.
func (s *Store) Missing() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reign.missing()
}

// Close ends the store. Changes that wait fail; one that is being written may still last.
func (s *Store) Close() {
	s.mu.Lock()
	s.closed = true
	s.wake()
	s.mu.Unlock()
	s.stop()
	s.running.Wait()
}

// wake tells everyone who waits that something changed. The lock is held.
func (s *Store) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Change runs a function that changes the configuration, and returns the serial of the first version that has the change,
// once as many candidates have it as the level asks for. The function runs once, on the store's own goroutine, together with
// others: it must not wait for anything.
//
// Errors of the function are returned as they are, and ErrUnchanged as success. An error that wraps ErrUnknown means that the
// change may last; all others mean that it won't.
func (s *Store) Change(ctx context.Context, change func(*Tx) error) (int64, error) {
	r := &request{change, make(chan result, 1)}
	s.mu.Lock()
	err := s.ended()
	if err == nil && len(s.queue) >= maxQueue {
		err = ErrBusy
	}
	if err != nil {
		s.mu.Unlock()
		return 0, err
	}
	s.queue = append(s.queue, r)
	s.wake()
	s.mu.Unlock()
	select {
	case done := <-r.result:
		return done.serial, done.err
	case <-ctx.Done():
	}
	if s.withdraw(r) {
		return 0, fmt.Errorf("the change wasn't begun: %w", ctx.Err())
	}
	select {
	case done := <-r.result:
		return done.serial, done.err
	default:
		return 0, fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
	}
}

// withdraw takes a request out of the queue, if it is still there.
func (s *Store) withdraw(r *request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, queued := range s.queue {
		if queued == r {
			s.queue = append(s.queue[:i:i], s.queue[i+1:]...)
			return true
		}
	}
	return false
}
