package client

import (
	"container/heap"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"gantry/confd/wire"
)

// SendOptions is how a request is sent. The zero value is the usual way.
type SendOptions struct {
	Coverage int  // how many peers are asked: a number, CoverageDefault or CoverageAll
	Args     any  // is handed to the callback
	Sync     bool // send before SendRequest returns; otherwise it returns at once and the client sends on its own
}

// SendRequest asks some peers, chosen at random (see Config.Order), all under the request's one salt. The callback is told of every reply that
// comes within ExpireTimeout, and then, answered or not, of the expiration. The request must not be changed until then.
//
// Nothing is sent again: it is up to the caller to ask once more if it got no answer. Query does.
func (c *Client) SendRequest(request *Request, options SendOptions) error {
	if err := c.enqueue(request, options); err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	c.upcalls.run(c)
	if options.Sync {
		return c.FlushSendQueue()
	}
	signal(c.wake)
	return nil
}

func (c *Client) enqueue(request *Request, options SendOptions) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	coverage, err := targets(options.Coverage, len(c.peers))
	if err != nil {
		return err
	}
	if request.RSalt == "" {
		return ErrMissingSalt
	}
	c.expire()
	if c.pending[request.RSalt] != nil {
		return ErrDuplicateSalt
	}
	payload, err := c.pack(request, request.RSalt)
	if err != nil {
		return err
	}
	if c.queued+coverage*len(payload) > MaxQueuedBytes {
		return ErrQueueFull
	}
	p := &pending{
		salt: request.RSalt, request: request, args: options.Args, sent: coverage,
		received: make(map[netip.AddrPort]struct{}, coverage), expires: time.Now().Add(ExpireTimeout),
	}
	if err := c.add(p); err != nil {
		return err
	}
	heap.Push(&c.expiry, p)
	for _, peer := range c.ordered()[:coverage] {
		c.queue = append(c.queue, Datagram{Peer: peer, Payload: payload})
	}
	c.queued += coverage * len(payload)
	return nil
}

// pack makes a datagram of a request, stamped with the time.
func (c *Client) pack(request *Request, rsalt string) ([]byte, error) {
	now := c.now().Unix()
	msg, err := appendMessage(nil, request, []byte(rsalt), now)
	if err != nil {
		return nil, err
	}
	return wire.AppendRequest(nil, c.key, now, msg), nil
}

// appendMessage appends the message of a request, unless there is none that could be sent.
func appendMessage(dst []byte, request *Request, rsalt []byte, now int64) ([]byte, error) {
	if request.Type >= wire.NumTypes {
		return dst, fmt.Errorf("%w: %d", ErrInvalidType, request.Type)
	}
	start := len(dst)
	dst = wire.AppendRequestMsg(dst, request.Type, request.Query, rsalt)
	var stamp [20]byte
	if wire.ReplySize(dst[start:], nil, strconv.AppendInt(stamp[:0], now, 10)) > MaxRequest { // requests and replies have one envelope
		return dst[:start], ErrRequestTooBig
	}
	return dst, nil
}

// FlushSendQueue sends what waits to be sent and returns when it is with the system. A datagram that the system refuses doesn't keep the
// others: the first such error is returned after all were tried.
func (c *Client) FlushSendQueue() error {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	var failure error
	for {
		c.mu.Lock()
		out, closed := c.queue, c.closed
		c.queue, c.queued = nil, 0
		c.mu.Unlock()
		if closed {
			return ErrClosed
		}
		if len(out) == 0 {
			return failure
		}
		if err := c.transmit(out); failure == nil {
			failure = err
		}
	}
}

// send sends datagrams past the queue.
func (c *Client) send(out []Datagram) error {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	return c.transmit(out)
}

// transmit sends all it can and returns the first error. c.sendMu is held.
func (c *Client) transmit(out []Datagram) error {
	var failure error
	for len(out) > 0 {
		sent, err := c.conn.Send(out)
		c.counters.sent.Add(uint64(sent))
		out = out[sent:]
		if err == nil || len(out) == 0 {
			continue
		}
		if c.isClosed() {
			return ErrClosed
		}
		// The error is the next datagram's own: a peer without a route, say.
		c.counters.sendErrors.Add(1)
		if failure == nil {
			failure = fmt.Errorf("send to %s: %w", out[0].Peer, err)
		}
		if c.logger != nil {
			c.logger.Debug("request not sent", "peer", out[0].Peer.String(), "error", err)
		}
		out = out[1:]
	}
	return failure
}

func (c *Client) isClosed() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// sendLoop sends what SendRequest left to it, and ends requests when they are due.
func (c *Client) sendLoop() {
	timer := time.NewTimer(ExpireTimeout)
	defer timer.Stop()
	for {
		c.mu.Lock()
		wait := ExpireTimeout
		if len(c.expiry) > 0 {
			wait = time.Until(c.expiry[0].expires)
		}
		c.mu.Unlock()
		timer.Reset(wait)
		select {
		case <-c.done:
			return
		case <-c.wake:
			_ = c.FlushSendQueue() // counted and logged there; to the caller a datagram that isn't sent is one that is lost
		case <-timer.C:
			c.ExpireRequests()
		}
	}
}

// signal leaves a token in a channel of one.
func signal(tokens chan<- struct{}) {
	select {
	case tokens <- struct{}{}:
	default:
	}
}
