package client

import (
	"container/heap"
	"time"
)

// ReceiveReply waits until a datagram has been handled since the last ReceiveReply returned, its callback included, and returns whether that
// was within the timeout. One call may stand for several datagrams: callers loop until they have what they wait for.
func (c *Client) ReceiveReply(timeout time.Duration) bool {
	select {
	case <-c.handled: // also when the timeout is over already
		return true
	default:
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-c.handled:
		return true
	case <-timer.C:
	case <-c.done:
	}
	return false
}

// Wait is the outcome of WaitForReply.
type Wait struct {
	TimedOut bool
	Sent     int // peers that were asked
	Received int // different ones that answered
}

// WaitForReply waits until NeededReplies of the peers that a request was sent to have answered, and their callbacks have run, or the timeout
// is over. The request lives on for at least as long. If it is not outstanding, or expires meanwhile, the result is timed out with zero counts.
func (c *Client) WaitForReply(salt string, timeout time.Duration) Wait {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pending[salt]
	if p == nil || p.take != nil {
		return Wait{TimedOut: true}
	}
	p.expires = p.expires.Add(timeout)
	heap.Fix(&c.expiry, p.index)
	needed := NeededReplies(p.sent)
	for len(p.received) < needed {
		changed := p.change()
		c.mu.Unlock()
		timedOut := false
		select {
		case <-changed:
		case <-timer.C:
			timedOut = true
		case <-c.done:
		}
		c.mu.Lock()
		if c.pending[salt] != p {
			return Wait{TimedOut: true}
		}
		if timedOut {
			return Wait{TimedOut: true, Sent: p.sent, Received: len(p.received)}
		}
	}
	return Wait{Sent: p.sent, Received: len(p.received)}
}
