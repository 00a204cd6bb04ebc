package client

import "sync"

// upcallQueue brings upcalls to the callback one at a time and in order, whichever goroutine they come from, and without a lock held while
// the callback runs, so that it may call back. Whoever adds to it runs it; if it is running already, its runner takes over what was added.
type upcallQueue struct {
	mu      sync.Mutex
	waiting []upcall
	running bool
	stopped bool
	idle    sync.Cond // of mu: running became false
}

type upcall struct {
	up *Upcall
	of *pending // the request that it is a reply to, nil for an expiration
}

// add appends an upcall. It returns false if there are too many already. Only replies can be too many: expirations are bounded by the requests.
func (q *upcallQueue) add(u upcall) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if u.up.Type == UpcallReply && len(q.waiting) >= MaxUpcalls {
		return false
	}
	q.waiting = append(q.waiting, u)
	return true
}

// run calls the callback until nothing waits, unless somebody does so already.
func (q *upcallQueue) run(c *Client) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running {
		return
	}
	q.running = true
	for len(q.waiting) > 0 && !q.stopped {
		batch := q.waiting
		q.waiting = nil
		for i := 0; i < len(batch) && !q.stopped; i++ {
			q.mu.Unlock()
			c.callback(batch[i].up)
			c.told(batch[i])
			q.mu.Lock()
		}
	}
	q.running = false
	q.idle.Broadcast()
}

// stop drops what waits and returns when no callback runs any more.
func (q *upcallQueue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
	q.waiting = nil
	for q.running {
		q.idle.Wait()
	}
}
