package client

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// What a batch does when BatchOptions doesn't say, and how far they may go.
const (
	// DefaultWindow is how many queries are under way at a peer at most. It is far more than it takes to keep a server busy.
	DefaultWindow = 256

	// MaxWindow bounds BatchOptions.Window: what one answer's bytes each would fill of the largest buffers that systems grant.
	MaxWindow = 4096

	// DefaultAttempts is how often a query is sent before it counts as lost: with the timeouts doubling, up to 15 s after it was first sent.
	DefaultAttempts = 4

	// MaxAttempts bounds BatchOptions.Attempts: the last wait is 2^15 times the first.
	MaxAttempts = 16

	// DefaultAttemptTimeout is how long the first attempt waits; each further one waits twice as long as the one before. It is long enough
	// for a slow server to work through a window.
	DefaultAttemptTimeout = time.Second

	// MaxAttemptTimeout bounds BatchOptions.Timeout.
	MaxAttemptTimeout = time.Hour

	// MaxLanes is how many peers a batch is spread over at most: each has a socket with buffers of its own, and a few keep a client busy.
	MaxLanes = 8
)

// BatchOptions is how a batch asks. The zero value spreads it over the client's peers.
type BatchOptions struct {
	Peer     netip.AddrPort // ask only this one; it needn't be among the client's peers but must be of their family
	Window   int            // queries under way at a peer at most; 0 is DefaultWindow
	Attempts int            // times that a query is sent at most; 0 is DefaultAttempts
	Timeout  time.Duration  // of a query's first attempt; 0 is DefaultAttemptTimeout
}

// BatchResult is what became of one query of a batch.
type BatchResult struct {
	Reply    Reply          // if Err is nil; it may be an error of the server: see Reply.Err
	Server   netip.AddrPort // the peer that was asked last
	Attempts int            // how often it was sent
	Err      error          // ErrNoAnswer, ErrPeerSilent, ErrRequestTooBig, ErrInvalidType, ErrClosed, or the context's
}

// Batch asks many queries, each of one peer, with few system calls: many are under way at a time, and where the system can, many are sent and
// received in one call. It returns a result for each request, in their order.
//
// A peer is asked over a socket of its own. What isn't answered in time is asked again; a query that was sent Attempts times in vain is lost
// (ErrNoAnswer). If the peer hasn't said anything since such a query was first sent, it is given up with all that was still to be asked of it
// (ErrPeerSilent).
//
// Without BatchOptions.Peer, the queries are dealt out to up to MaxLanes peers. One that doesn't say anything within Timeout is given up then
// already, for the others to be asked in its place.
//
// The error is about the batch as a whole: an invalid option, a closed client or the end of ctx, which are noticed within a tenth of a second.
// The results are then what there was. The requests are not changed and their salts not used, so one may occur repeatedly.
func (c *Client) Batch(ctx context.Context, requests []*Request, options BatchOptions) ([]BatchResult, error) {
	b := &batch{client: c, requests: requests, options: options, results: make([]BatchResult, len(requests))}
	peers, err := b.start()
	if err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	defer c.calls.Done()
	if err := b.run(ctx, peers); err != nil {
		return b.results, fmt.Errorf("batch: %w", err)
	}
	return b.results, nil
}

// batch is a Batch under way.
type batch struct {
	client   *Client
	requests []*Request
	options  BatchOptions // without zeros
	results  []BatchResult
}

// start checks the options and returns whom to ask. Without an error, client.calls counts the batch from now on.
func (b *batch) start() ([]netip.AddrPort, error) {
	o := &b.options
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.Attempts == 0 {
		o.Attempts = DefaultAttempts
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultAttemptTimeout
	}
	switch {
	case o.Window < 0 || o.Window > MaxWindow:
		return nil, fmt.Errorf("window %d isn't within 1 and %d", o.Window, MaxWindow)
	case o.Attempts < 0 || o.Attempts > MaxAttempts:
		return nil, fmt.Errorf("attempts %d aren't within 1 and %d", o.Attempts, MaxAttempts)
	case o.Timeout < 0 || o.Timeout > MaxAttemptTimeout:
		return nil, fmt.Errorf("timeout %s isn't within 0 and %s", o.Timeout, MaxAttemptTimeout)
	}
	c := b.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	peers := slices.Clone(c.ordered())
	if o.Peer.IsValid() {
		named, ipv6, err := checkPeers([]netip.AddrPort{o.Peer})
		if err != nil {
			return nil, err
		}
		if ipv6 != c.ipv6 {
			return nil, fmt.Errorf("%w: the client was made for %s", ErrMixedFamilies, family(c.ipv6))
		}
		peers = named
	}
	c.calls.Add(1)
	return peers[:min(len(peers), MaxLanes)], nil
}

// run asks in rounds: each asks the peers that answered in the last what the others were given up with.
func (b *batch) run(ctx context.Context, peers []netip.AddrPort) error {
	unanswered := make([]int, len(b.requests))
	for i := range unanswered {
		unanswered[i] = i
	}
	for patient := len(peers) == 1; len(unanswered) > 0; {
		if err := b.round(ctx, peers, unanswered, patient); err != nil {
			return err
		}
		silent := make(map[netip.AddrPort]bool)
		unanswered = slices.DeleteFunc(unanswered, func(i int) bool {
			silent[b.results[i].Server] = silent[b.results[i].Server] || errors.Is(b.results[i].Err, ErrPeerSilent)
			return !errors.Is(b.results[i].Err, ErrPeerSilent)
		})
		if patient {
			return nil
		}
		answering := slices.DeleteFunc(slices.Clone(peers), func(peer netip.AddrPort) bool { return silent[peer] })
		if len(answering) > 0 {
			peers = answering
		}
		patient = len(answering) < 2 // nobody else is left, or all may just be slow
	}
	return nil
}

// round deals queries out to peers and asks them at the same time.
func (b *batch) round(ctx context.Context, peers []netip.AddrPort, unanswered []int, patient bool) error {
	shares := make([][]int, len(peers))
	for n, i := range unanswered {
		shares[n%len(peers)] = append(shares[n%len(peers)], i)
	}
	errs := make([]error, len(peers))
	var asking sync.WaitGroup
	for n, share := range shares {
		if len(share) > 0 {
			asking.Go(func() { errs[n] = b.ask(ctx, peers[n], share, patient) })
		}
	}
	asking.Wait()
	for _, err := range errs {
		if err != nil {
			return err // all failed for the same reason
		}
	}
	return nil
}

// ask asks one peer its share.
func (b *batch) ask(ctx context.Context, peer netip.AddrPort, share []int, patient bool) error {
	r := newRun(b, b.client.dial(peer, len(share)), peer, share)
	if patient {
		r.patience = b.options.Attempts
	}
	err := r.run(ctx)
	return errors.Join(err, r.lane.close())
}
