package client

import (
	"container/heap"
	"net/netip"
	"time"
)

// pending is a request that awaits replies: one of SendRequest, whose replies go to the callback and which expires, or one of a synchronous
// call, which takes its replies itself and removes the request. Client.mu guards it.
type pending struct {
	salt string

	take func(Reply) // a synchronous call's; the fields below are SendRequest's

	request  *Request
	args     any
	sent     int
	received map[netip.AddrPort]struct{} // who answered, as far as the callback was told
	changed  chan struct{}               // closed when one more did or the request ended; nil while no one waits
	expires  time.Time
	index    int // in the heap
}

// notify tells those who wait for a change.
func (p *pending) notify() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// change returns a channel that the next notify closes.
func (p *pending) change() <-chan struct{} {
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// add makes a request known to the receiver. c.mu is held.
func (c *Client) add(p *pending) error {
	switch {
	case c.closed:
		return ErrClosed
	case len(c.pending) >= MaxOutstanding:
		return ErrTooManyRequests
	case c.pending[p.salt] != nil:
		return ErrDuplicateSalt
	}
	c.pending[p.salt] = p
	return nil
}

// forget ends synchronous requests, answered or not.
func (c *Client) forget(all ...*pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range all {
		if c.pending[p.salt] == p {
			delete(c.pending, p.salt)
		}
	}
}

// Outstanding returns how many requests await replies.
func (c *Client) Outstanding() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}

// ExpireRequests ends the requests whose time is over and calls the callback for each. The client does that by itself when it is due.
func (c *Client) ExpireRequests() {
	c.mu.Lock()
	c.expire()
	c.mu.Unlock()
	c.upcalls.run(c)
}

// expire moves what is over from pending to the upcalls. c.mu is held.
func (c *Client) expire() {
	now := time.Now()
	for len(c.expiry) > 0 && !now.Before(c.expiry[0].expires) {
		p := heap.Pop(&c.expiry).(*pending)
		delete(c.pending, p.salt)
		p.notify()
		c.counters.expired.Add(1)
		c.upcalls.add(upcall{up: &Upcall{Type: UpcallExpire, Salt: p.salt, Request: p.request, Args: p.args, Client: c}})
	}
}

// expiryHeap has the request that expires first at its root.
type expiryHeap []*pending

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].expires.Before(h[j].expires) }
func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *expiryHeap) Push(x any) {
	p := x.(*pending)
	p.index = len(*h)
	*h = append(*h, p)
}

func (h *expiryHeap) Pop() any {
	last := len(*h) - 1
	p := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return p
}
