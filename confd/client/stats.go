package client

import "sync/atomic"

// Discard says why a received datagram was no reply.
type Discard uint8

// The reasons.
const (
	acceptedReply     Discard = iota
	DiscardMagic              // it doesn't begin with the magic, or isn't longer
	DiscardEnvelope           // no JSON object of hmac, msg and salt
	DiscardSignature          // signed with another key
	DiscardMessage            // authentic, but its msg is no reply of protocol 1 with a known status
	DiscardUnexpected         // authentic, but its request isn't outstanding: unknown, expired, or answered already
	DiscardOverflow           // the callback is MaxUpcalls behind

	numDiscards = int(iota)
)

// String returns the reason's name in logs.
func (d Discard) String() string {
	switch d {
	case DiscardMagic:
		return "magic"
	case DiscardEnvelope:
		return "envelope"
	case DiscardSignature:
		return "hmac"
	case DiscardMessage:
		return "message"
	case DiscardUnexpected:
		return "unexpected"
	case DiscardOverflow:
		return "overflow"
	}
	return "none"
}

type counters struct {
	sent, sendErrors, received, receiveErrors, replies, expired atomic.Uint64
	batchSends, batchReceives                                   atomic.Uint64
	discarded                                                   [numDiscards]atomic.Uint64
}

// Stats counts what a client did since it was made.
type Stats struct {
	Sent          uint64 // datagrams
	SendErrors    uint64 // datagrams that the system refused to send
	Received      uint64 // datagrams: the sum of Replies and Discarded
	ReceiveErrors uint64 // failures of the connection
	Replies       uint64 // passed on
	Expired       uint64 // requests of SendRequest, answered or not
	Discarded     map[Discard]uint64

	// System calls of batches that have ended, on sockets of their own. Replies tell how many datagrams they moved.
	BatchSends    uint64
	BatchReceives uint64 // and those that waited
}

// Stats returns the counts. Each is exact, but what a batch sends is counted at its end.
func (c *Client) Stats() Stats {
	s := Stats{
		Sent: c.counters.sent.Load(), SendErrors: c.counters.sendErrors.Load(), Received: c.counters.received.Load(),
		ReceiveErrors: c.counters.receiveErrors.Load(), Replies: c.counters.replies.Load(), Expired: c.counters.expired.Load(),
		Discarded: make(map[Discard]uint64, numDiscards-1), BatchSends: c.counters.batchSends.Load(), BatchReceives: c.counters.batchReceives.Load(),
	}
	for d := DiscardMagic; int(d) < numDiscards; d++ {
		s.Discarded[d] = c.counters.discarded[d].Load()
	}
	return s
}
