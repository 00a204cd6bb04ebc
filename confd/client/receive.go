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
	return receiver{keys: wire.NewKeyring(key, nil), parser: wire.NewReplyParser(receiveBatch)}
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
		c.count(c.accept(parsed, unmap(in[i].Peer)), in[i])
	}
	c.receiver.payloads = payloads
	c.receiver.mu.Unlock()
	c.upcalls.run(c)
}

// accept finds the request that a reply belongs to and passes it on.
func (c *Client) accept(parsed wire.Reply, from netip.AddrPort) Discard {
	if parsed.Err != nil {
		return discardOf(parsed.Err)
	}
	if parsed.Protocol != wire.Protocol || parsed.Status < 0 || parsed.Status >= wire.NumStatuses {
		return DiscardMessage
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pending[string(parsed.Salt)]
	if p == nil {
		return DiscardUnexpected
	}
	reply := Reply{Protocol: parsed.Protocol, Status: wire.Status(parsed.Status), Answer: slices.Clone(parsed.Answer), Serial: parsed.Serial}
	if p.take != nil {
		delete(c.pending, p.salt)
		p.take(reply, from)
		signal(c.handled)
		return acceptedReply
	}
	up := &Upcall{Type: UpcallReply, Salt: p.salt, Request: p.request, Args: p.args, Client: c, Reply: reply, Server: from}
	if !c.upcalls.add(upcall{up, p}) {
		return DiscardOverflow
	}
	return acceptedReply
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
