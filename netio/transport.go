package netio

import (
	"errors"
	"net/netip"
)

// A Transport is what one worker receives from and sends through: the sockets
// of that worker, or a stand-in for them. Stop and Sockets may be called from any
// goroutine at any time, everything else by the worker alone.
type Transport interface {
	// Receive fills at most len(buffers) buffers without waiting and returns
	// their number; 0 says that the worker should Wait. What it filled stays
	// valid until the next Receive. An error ends the worker.
	Receive(buffers []Buffer, counters *Counters) (int, error)

	// Wait sleeps until a Receive may bring something, or Stop was called, also
	// before. It may return early. An error ends the worker.
	Wait() error

	// Send sends the messages in their order and returns when their data is no
	// longer needed. What cannot be sent is counted and skipped.
	Send(messages []Message, counters *Counters)

	// SameFlow says whether the buffers a and b of the last Receive came from
	// the same peer to the same local address, so that one message can answer
	// both.
	SameFlow(a, b int) bool

	// Peer returns where buffer i of the last Receive came from, and Local the
	// address that it was sent to.
	Peer(i int) netip.AddrPort
	Local(i int) netip.AddrPort

	// Stop wakes the worker from Wait, now and ever after.
	Stop()

	// Sockets describes the sockets as they are now, or were when closed.
	Sockets() []SocketStats

	// Close frees everything. The worker has ended before.
	Close() error
}

// Buffer is what one slot of a Receive brought.
type Buffer struct {
	// Data is one datagram, or several coalesced.
	Data []byte
	// Segment is the length of every datagram in Data but the last, which may
	// be shorter; 0 if Data is a single datagram.
	Segment int
	// PeerPort is the source port, for Receive's caller to drop port 0.
	PeerPort uint16
	// Truncated says that the datagram was longer than the slot.
	Truncated bool
	// Segmentable says that replies to a coalesced buffer may be sent in
	// messages with a Segment.
	Segmentable bool
}

// Message is one call's worth of data to the peer of a received buffer.
type Message struct {
	// To is the buffer that is answered: where to, and from which address.
	To int
	// Data is one reply, or several one after the other.
	Data []byte
	// Segment is the length of every reply in Data but the last, which may be
	// shorter; 0 if Data is a single reply.
	Segment int
}

// cut takes the first datagram from the rest of a buffer and says whether another
// follows.
func cut(data []byte, segment int) (datagram, rest []byte, more bool) {
	if segment > 0 && len(data) > segment {
		return data[:segment:segment], data[segment:], true
	}
	return data, nil, false
}

// count returns how many datagrams data makes when cut every segment bytes.
func count(data []byte, segment int) int {
	if segment <= 0 {
		return 1
	}
	return (len(data) + segment - 1) / segment
}

// SocketStats describes one socket.
type SocketStats struct {
	Worker          int            // the worker that owns it
	Addr            netip.AddrPort // the local address
	ReceiveBuffer   int            // the kernel's receive queue in bytes, as got; 0 if unknown
	KernelDrops     uint64         // datagrams that the kernel dropped, the queue being full
	DropsKnown      bool           // whether KernelDrops is counted at all
	CoalesceReceive bool           // UDP_GRO is on
	SegmentSend     bool           // UDP_SEGMENT is on
}

// ErrClosed is returned by calls on a group or client that is closed.
var ErrClosed = errors.New("netio: closed")
