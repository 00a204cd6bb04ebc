package client

import (
	"errors"
	"sync"
)

// ErrRegistered is returned for a request that is counted already.
var ErrRegistered = errors.New("query is registered already")

// CountingCallback passes everything on and counts the replies to the requests that were registered with it. It is safe for concurrent use.
type CountingCallback struct {
	next Callback

	mu         sync.Mutex
	replies    map[string]int // by salt; an expiration ends an entry
	unanswered int            // entries of replies that are zero
}

// NewCountingCallback returns a counter in front of next.
func NewCountingCallback(next Callback) *CountingCallback {
	return &CountingCallback{next: next, replies: make(map[string]int)}
}

// RegisterQuery starts counting the replies to a request. It has to come before SendRequest, so that no reply is missed.
func (c *CountingCallback) RegisterQuery(salt string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.replies[salt]; known {
		return ErrRegistered
	}
	c.replies[salt] = 0
	c.unanswered++
	return nil
}

// AllAnswered says whether each registered request that hasn't expired has at least one reply.
func (c *CountingCallback) AllAnswered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unanswered == 0
}

// Replies returns how many replies to a registered request have come.
func (c *CountingCallback) Replies(salt string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replies[salt]
}

// Upcall is the counter's Callback.
func (c *CountingCallback) Upcall(up *Upcall) {
	c.count(up)
	c.next(up)
}

func (c *CountingCallback) count(up *Upcall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, known := c.replies[up.Salt]
	if !known {
		return
	}
	if n == 0 {
		c.unanswered--
	}
	if up.Type == UpcallExpire {
		delete(c.replies, up.Salt)
		return
	}
	c.replies[up.Salt] = n + 1
}
