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

// What a batch does when BatchOptions doesn't say.
const (
	// DefaultWindow is how many of a batch's queries are under way at most. It is far more than it takes to keep a server busy, and 256
	// replies of usual length fit a socket's buffer as Linux grants it to anyone (212,992 bytes).
	DefaultWindow = 256

	// MaxWindow bounds what BatchOptions may ask for.
	MaxWindow = 4096

	// DefaultAttempts is how often a query is sent before it counts as lost: with the timeouts doubling, up to 15 s after it was first sent.
	DefaultAttempts = 4

	// DefaultAttemptTimeout is how long the first attempt waits; each further one waits twice as long as the one before. It is long enough
	// for a slow server to work through a window.
	DefaultAttemptTimeout = time.Second

	// startWindow is the window that a batch begins with. It grows by one with every answer and halves when something is lost.
	startWindow = 32
)

// BatchOptions is how a batch asks. The zero value spreads it over all peers.
type BatchOptions struct {
	Peer     netip.AddrPort // ask only this one; it needn't be among the client's peers but must be of their family
	Window   int            // queries under way at most; 0 is DefaultWindow
	Attempts int            // times that a query is sent at most; 0 is DefaultAttempts
	Timeout  time.Duration  // of a query's first attempt; 0 is DefaultAttemptTimeout
}

// BatchResult is what became of one query of a batch.
type BatchResult struct {
	Reply    Reply          // if Err is nil; it may be an error of the server: see Reply.Err
	Server   netip.AddrPort // who replied
	Attempts int            // how often it was sent
	Err      error          // ErrNoAnswer when all attempts were lost, ErrPeerSilent when that was clear beforehand, ErrRequestTooBig, ErrInvalidType or a context's
}

// Batch asks many queries, each of one peer, with few system calls: as many at once as fit the window, sent and received many a call where the
// connection can. It returns a result for each request, in their order.
//
// Without BatchOptions.Peer, consecutive queries go to consecutive peers, and a further attempt to the next one. A query that was sent
// Attempts times in vain is lost. If its peer hasn't answered anything since it was first sent, the rest of the batch fails with ErrPeerSilent.
//
// The error is about the batch as a whole: an invalid option, a closed client or the end of ctx. The results are then what there was.
// Requests are not changed, their own salts not used, so one may occur repeatedly.
func (c *Client) Batch(ctx context.Context, requests []*Request, options BatchOptions) ([]BatchResult, error) {
	b, err := c.newBatch(requests, options)
	if err == nil {
		err = b.run(ctx)
	}
	if err != nil {
		err = fmt.Errorf("batch: %w", err)
	}
	if b == nil {
		return nil, err
	}
	return b.results, err
}

// batch is a Batch under way.
type batch struct {
	client   *Client
	requests []*Request
	results  []BatchResult
	peers    []netip.AddrPort
	attempts int
	timeout  time.Duration

	next   int          // the first request that wasn't begun
	window float64      // how many may be under way; grows in parts
	limit  int          // what window may grow to
	flight []*batchItem // what is under way, answered or not
	free   []*batchItem // for reuse
	out    []Datagram   // what send sends
	text   []byte       // its payloads

	mu       sync.Mutex
	replies  int       // all so far
	last     time.Time // when the last came
	answered int       // of flight
	progress chan struct{}
}

// batchItem is a query under way. The fields of the second part belong to batch.mu.
type batchItem struct {
	pending
	index    int
	attempts int
	first    time.Time // when it was first sent
	deadline time.Time // of the current attempt

	done bool
}

func (c *Client) newBatch(requests []*Request, options BatchOptions) (*batch, error) {
	b := &batch{
		client: c, requests: requests, results: make([]BatchResult, len(requests)), attempts: options.Attempts, timeout: options.Timeout,
		limit: options.Window, window: startWindow, progress: make(chan struct{}, 1),
	}
	if b.attempts == 0 {
		b.attempts = DefaultAttempts
	}
	if b.timeout == 0 {
		b.timeout = DefaultAttemptTimeout
	}
	if b.limit == 0 {
		b.limit = DefaultWindow
	}
	if b.attempts < 0 || b.timeout < 0 || b.limit < 0 || b.limit > MaxWindow {
		return nil, fmt.Errorf("window %d, attempts %d and timeout %s must be positive and the window at most %d", b.limit, b.attempts, b.timeout, MaxWindow)
	}
	b.window = min(b.window, float64(b.limit))
	c.mu.Lock()
	defer c.mu.Unlock()
	if !options.Peer.IsValid() {
		b.peers = slices.Clone(c.ordered())
		return b, nil
	}
	peers, ipv6, err := checkPeers([]netip.AddrPort{options.Peer})
	if err != nil {
		return nil, err
	}
	if ipv6 != c.ipv6 {
		return nil, fmt.Errorf("%w: the client was made for %s", ErrMixedFamilies, family(c.ipv6))
	}
	b.peers = peers
	return b, nil
}

func (b *batch) run(ctx context.Context) error {
	defer b.abandon()
	timer := time.NewTimer(b.timeout)
	defer timer.Stop()
	for {
		if err := b.step(time.Now()); err != nil {
			return b.fail(err)
		}
		if len(b.flight) == 0 {
			return nil
		}
		timer.Reset(time.Until(b.earliest()))
		select {
		case <-b.progress:
		case <-timer.C:
		case <-ctx.Done():
			return b.fail(ctx.Err())
		case <-b.client.done:
			return b.fail(ErrClosed)
		}
	}
}

// step clears away what was answered, begins new queries, and repeats those whose attempt is over.
func (b *batch) step(now time.Time) error {
	b.collect()
	silent := b.repeat(now)
	if silent {
		b.giveUp()
	}
	if err := b.begin(now); err != nil {
		return err
	}
	if len(b.out) == 0 {
		return nil
	}
	err := b.client.send(b.out)
	b.out, b.text = b.out[:0], b.text[:0]
	if errors.Is(err, ErrClosed) {
		return err
	}
	return nil // what the system refused to send is sent again like what got lost
}

// collect removes the answered queries from flight and widens the window by them.
func (b *batch) collect() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.window = min(b.window+float64(b.answered), float64(b.limit))
	b.answered = 0
	b.flight = slices.DeleteFunc(b.flight, func(item *batchItem) bool {
		if item.done {
			b.free = append(b.free, item)
		}
		return item.done
	})
}

// begin sends new queries as far as the window allows, but not a few at a time: while more than half of a window is under way, it waits, which
// halves nothing but the number of system calls.
func (b *batch) begin(now time.Time) error {
	window := max(1, int(b.window))
	if len(b.flight) > window/2 {
		return nil
	}
	for len(b.flight) < window && b.next < len(b.requests) {
		i := b.next
		b.next++
		item := b.item(i)
		b.client.mu.Lock()
		err := b.client.add(&item.pending)
		b.client.mu.Unlock()
		if err != nil {
			return err
		}
		item.first = now
		b.flight = append(b.flight, item)
		if err := b.attempt(item, now); err != nil {
			b.results[i].Err = err
			b.drop(item)
		}
	}
	return nil
}

func (b *batch) item(i int) *batchItem {
	var item *batchItem
	if n := len(b.free); n > 0 {
		item, b.free = b.free[n-1], b.free[:n-1]
	} else {
		item = new(batchItem)
	}
	*item = batchItem{index: i}
	item.salt = b.client.salts.next()
	item.take = func(reply Reply, from netip.AddrPort) { b.take(item, reply, from) }
	return item
}

// take notes a reply. The receiver calls it, once an item at most.
func (b *batch) take(item *batchItem, reply Reply, from netip.AddrPort) {
	b.mu.Lock()
	item.done = true
	b.answered++
	b.replies++
	b.last = time.Now()
	result := &b.results[item.index]
	result.Reply, result.Server, result.Err = reply, from, nil
	b.mu.Unlock()
	signal(b.progress)
}

// attempt adds a query to what is sent next.
func (b *batch) attempt(item *batchItem, now time.Time) error {
	start := len(b.text)
	text, err := b.client.pack(b.text, b.requests[item.index], item.salt)
	if err != nil {
		return err
	}
	b.text = text
	peer := b.peers[(item.index+item.attempts)%len(b.peers)]
	item.deadline = now.Add(b.timeout << item.attempts)
	item.attempts++
	b.results[item.index].Attempts = item.attempts
	b.out = append(b.out, Datagram{Peer: peer, Payload: text[start:len(text):len(text)]})
	return nil
}

// repeat sends again what wasn't answered in time, and narrows the window if there is such. It returns whether a query got lost and nothing
// was answered since it was first sent.
func (b *batch) repeat(now time.Time) (silent bool) {
	late := false
	for _, item := range slices.Clone(b.flight) {
		if now.Before(item.deadline) || b.isDone(item) {
			continue
		}
		late = true
		if item.attempts < b.attempts && b.attempt(item, now) == nil {
			continue
		}
		silent = b.lose(item, ErrNoAnswer) || silent
	}
	if late {
		b.window = max(1, b.window/2)
	}
	return silent
}

func (b *batch) isDone(item *batchItem) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return item.done
}

// lose ends a query without an answer, unless one came at the last moment. It returns whether nothing at all came since the query was sent.
func (b *batch) lose(item *batchItem, why error) (silent bool) {
	b.drop(item)
	b.mu.Lock()
	defer b.mu.Unlock()
	if item.done {
		return false
	}
	b.results[item.index].Err = why
	return b.last.Before(item.first)
}

// drop removes a query from flight; from now on it gets no reply.
func (b *batch) drop(item *batchItem) {
	b.client.forget(&item.pending)
	b.flight = slices.DeleteFunc(b.flight, func(other *batchItem) bool { return other == item })
}

// giveUp ends all that is under way and all that wasn't begun.
func (b *batch) giveUp() {
	for _, item := range slices.Clone(b.flight) {
		b.lose(item, ErrPeerSilent)
	}
	for ; b.next < len(b.requests); b.next++ {
		b.results[b.next].Err = ErrPeerSilent
	}
	b.out, b.text = b.out[:0], b.text[:0]
}

// fail ends the batch.
func (b *batch) fail(err error) error {
	for _, item := range slices.Clone(b.flight) {
		b.lose(item, err)
	}
	for ; b.next < len(b.requests); b.next++ {
		b.results[b.next].Err = err
	}
	return err
}

// abandon makes sure that no reply reaches the batch after it.
func (b *batch) abandon() {
	for _, item := range b.flight {
		b.client.forget(&item.pending)
	}
}

// earliest returns the first deadline of what is under way.
func (b *batch) earliest() time.Time {
	first := b.flight[0].deadline
	for _, item := range b.flight[1:] {
		if item.deadline.Before(first) {
			first = item.deadline
		}
	}
	return first
}
