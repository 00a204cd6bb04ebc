package netio

import "net/netip"

// Handler answers datagrams. Each worker has one of its own.
type Handler interface {
	// Handle is called by one goroutine at a time. When it returns, the replies
	// it made are sent. The batch and all that its methods returned are invalid
	// then.
	Handle(b *Batch)
}

// HandlerFunc is a function that is a Handler.
type HandlerFunc func(b *Batch)

// Handle calls f.
func (f HandlerFunc) Handle(b *Batch) { f(b) }

// Batch is what a worker received, and the replies to it.
type Batch struct {
	transport Transport
	counters  *Counters
	buffers   []Buffer // of the last receive

	datagrams [][]byte
	origin    []int // the buffer that each datagram lies in

	arena    []byte
	assigned int // bytes of the arena that belong to a message
	messages []Message
	run      run
}

// run is the state of the last message while it may still grow.
type run struct {
	segments int  // datagrams in it; 0: it must not grow
	segment  int  // length of its first
	open     bool // its last datagram is as long as the first
}

// takes says whether a datagram of n bytes fits after the message's first size
// bytes: none is longer than the first, and a shorter one is the last.
func (r *run) takes(n, size int) bool {
	return r.open && 0 < n && n <= r.segment && r.segments < maxSegments && size+n <= maxMessage
}

// took notes that it was added.
func (r *run) took(n int) {
	r.segments++
	r.open = n == r.segment
}

func newBatch(transport Transport, counters *Counters) *Batch {
	return &Batch{
		transport: transport,
		counters:  counters,
		datagrams: make([][]byte, 0, MaxDatagrams),
		origin:    make([]int, 0, MaxDatagrams),
		arena:     make([]byte, 0, arenaSize),
		messages:  make([]Message, 0, MaxDatagrams),
	}
}

// Datagrams returns what was received, in the order of arrival: between 1 and
// MaxDatagrams datagrams, each up to Config.MaxRequest bytes long, possibly 0.
func (b *Batch) Datagrams() [][]byte { return b.datagrams }

// Peer returns where datagram i came from. It is meant for logs: a handler need
// not know whom it answers.
func (b *Batch) Peer(i int) netip.AddrPort { return b.transport.Peer(b.origin[i]) }

// Local returns the address that datagram i was sent to; on a socket bound to a
// wildcard address, the one its reply comes from, if the system tells.
func (b *Batch) Local(i int) netip.AddrPort { return b.transport.Local(b.origin[i]) }

// Arena returns the send arena as filled so far, to append a reply to. Never
// append more than Room bytes.
func (b *Batch) Arena() []byte { return b.arena }

// Room returns how many bytes may be appended to the arena: at least MaxDatagram
// after a Flush.
func (b *Batch) Room() int { return cap(b.arena) - len(b.arena) }

// Reply makes what was appended to the arena since the last Reply (or Flush) the
// reply to datagram i; appending nothing replies with an empty datagram. arena is
// what Arena returned plus the reply. Datagrams may be answered in any order, or
// not at all; replies to one peer leave in the order of the calls. The bytes may
// be changed in place until the Flush.
func (b *Batch) Reply(i int, arena []byte) {
	if cap(arena) != cap(b.arena) || len(arena) < b.assigned {
		panic("netio: reply does not continue the batch's arena (was Room exceeded?)")
	}
	b.arena = arena
	start := b.assigned
	b.assigned = len(arena)
	to := b.origin[i]
	if b.joins(to, len(arena)-start) {
		b.join(len(arena) - start)
		return
	}
	b.messages = append(b.messages, Message{To: to, Data: arena[start:len(arena):len(arena)]})
	b.run = run{}
	if n := len(arena) - start; b.coalesces(to) && n > 0 && n <= maxSegment {
		b.run = run{segments: 1, segment: n, open: true}
	}
}

// Coalesces says whether the reply to datagram i may leave in one message with
// others to its peer. Those that do must be equally long, so a protocol that can pad
// its replies may want to round their lengths up.
func (b *Batch) Coalesces(i int) bool { return b.coalesces(b.origin[i]) }

// coalesces says whether the replies to a buffer may share a message: only those
// to a peer that showed that it coalesces, too.
func (b *Batch) coalesces(to int) bool {
	return b.buffers[to].Segment > 0 && b.buffers[to].Segmentable
}

// joins says whether a reply of n bytes may be the next segment of the last
// message.
func (b *Batch) joins(to, n int) bool {
	if !b.run.open {
		return false
	}
	last := &b.messages[len(b.messages)-1]
	if !b.run.takes(n, len(last.Data)) {
		return false
	}
	return last.To == to || b.coalesces(to) && b.transport.SameFlow(last.To, to)
}

// join lets the last message take the n bytes that follow it in the arena.
func (b *Batch) join(n int) {
	last := &b.messages[len(b.messages)-1]
	start := b.assigned - n - len(last.Data)
	last.Data = b.arena[start:b.assigned:b.assigned]
	last.Segment = b.run.segment
	b.run.took(n)
}

// Flush sends the replies made so far and empties the arena. What was appended
// to it without a Reply is lost.
func (b *Batch) Flush() {
	if len(b.messages) > 0 {
		b.transport.Send(b.messages, b.counters)
	}
	b.messages = b.messages[:0]
	b.arena = b.arena[:0]
	b.assigned = 0
	b.run = run{}
}
