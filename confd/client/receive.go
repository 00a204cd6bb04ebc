package client

import (
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gantry/confd/wire"
)

// receiver takes replies apart. Its mutex is taken before the client's.
type receiver struct {
	mu       sync.Mutex
	keys     *wire.Keyring
	parser   *wire.ReplyParser
	payloads [][]byte
}

// receiveBatch is how many datagrams the parser has memory for from the start.
const receiveBatch = 16

func newReceiver(key *wire.Key) receiver {
	return receiver{keys: wire.NewKeyring(key), parser: wire.NewReplyParser(receiveBatch)}
}

// receiveRetry is how long the client waits after the system refused to receive for another reason than Close, so that a lasting fault does
// not keep a core busy.
const receiveRetry = 100 * time.Millisecond

func (c *Client) receiveLoop() {
	for {
		in, err := c.conn.Receive()
		if c.isClosed() {
			return
		}
		if err != nil {
			c.counters.receiveErrors.Add(1)
			select {
			case <-c.done:
				return
			case <-time.After(receiveRetry):
			}
			continue
		}
		c.handle(in)
	}
}

// HandleResponse takes a datagram as a reply. The client does so with all that its connection receives; others may hand it what reached them
// in another way. What is no authentic reply to an outstanding request is dropped and counted.
func (c *Client) HandleResponse(payload []byte, from netip.AddrPort) {
	c.handle([]Datagram{{Peer: from, Payload: payload}})
}

func (c *Client) handle(in []Datagram) {
	c.receiver.mu.Lock()
	payloads := c.receiver.payloads[:0]
	for _, d := range in {
		payloads = append(payloads, d.Payload)
	}
	for i, parsed := range c.receiver.parser.Parse(payloads, c.receiver.keys) {
		why := c.accept(parsed, in[i])
		if why == DiscardUnexpected && c.passOn(parsed.Salt, in[i].Payload) {
			continue // its run counts it
		}
		c.count(why, in[i])
	}
	c.receiver.payloads = payloads
	c.receiver.mu.Unlock()
	c.upcalls.run(c)
}

// verdict says whether a datagram is an authentic reply.
func verdict(parsed wire.Reply) Discard {
	switch {
	case parsed.Err != nil:
		return discardOf(parsed.Err)
	case parsed.Protocol != wire.Protocol || parsed.Status < 0 || parsed.Status >= wire.NumStatuses:
		return DiscardMessage
	}
	return acceptedReply
}

// newReply copies a reply out of the parser's memory.
func newReply(parsed wire.Reply) Reply {
	return Reply{Protocol: parsed.Protocol, Status: wire.Status(parsed.Status), Answer: slices.Clone(parsed.Answer), Serial: parsed.Serial}
}

// accept finds the request that a reply belongs to and passes it on.
func (c *Client) accept(parsed wire.Reply, d Datagram) Discard {
	if why := verdict(parsed); why != acceptedReply {
		return why
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pending[string(parsed.Salt)]
	if p == nil {
		return DiscardUnexpected
	}
	if p.take != nil {
		delete(c.pending, p.salt)
		p.take(newReply(parsed))
		signal(c.handled)
		return acceptedReply
	}
	up := &Upcall{
		Type: UpcallReply, Salt: p.salt, Request: p.request, Args: p.args, Client: c, Reply: newReply(parsed), Server: unmap(d.Peer),
	}
	if !c.upcalls.add(upcall{up, p}) {
		return DiscardOverflow
	}
	return acceptedReply
}

// passOn hands a datagram to the run that its salt belongs to, if there is such and it has room.
func (c *Client) passOn(salt, datagram []byte) bool {
	if len(salt) < runSalt {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.lanes[[runSalt]byte(salt)] <- slices.Clone(datagram):
		return true
	default: // also without such a lane
		return false
	}
}

func (c *Client) count(why Discard, d Datagram) {
	c.counters.received.Add(1)
	if why == acceptedReply {
		c.counters.replies.Add(1)
		return
	}
	c.counters.discarded[why].Add(1)
	if c.logger != nil {
		c.logger.Debug("reply discarded", "reason", why.String(), "server", d.Peer.String(), "bytes", len(d.Payload))
	}
	signal(c.handled)
}

// told notes that the callback knows of a reply.
func (c *Client) told(u upcall) {
	if u.of == nil {
		return
	}
	c.mu.Lock()
	u.of.received[u.up.Server] = struct{}{}
	u.of.notify()
	c.mu.Unlock()
	signal(c.handled)
}

func discardOf(err error) Discard {
	switch {
	case errors.Is(err, wire.ErrReplyMagic):
		return DiscardMagic
	case errors.Is(err, wire.ErrReplyEnvelope):
		return DiscardEnvelope
	case errors.Is(err, wire.ErrReplyHMAC):
		return DiscardSignature
	}
	return DiscardMessage
}
