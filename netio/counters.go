package netio

import "sync/atomic"

// Counter names one of the numbers that a worker counts. Its String is fit for
// a metric's label.
type Counter uint8

const (
	Datagrams     Counter = iota // datagrams handed to the handler
	ReceivedBytes                // bytes of those
	Batches                      // calls of the handler
	Coalesced                    // datagrams, of those handed over, that shared a buffer
	Replies                      // replies handed to the kernel
	SentBytes                    // bytes of those
	Messages                     // messages that they left in
	Segmented                    // replies, of those, that shared a message
	ReceiveCalls                 // system calls that receive
	EmptyReceives                // of those, how many brought nothing
	SendCalls                    // system calls that send
	Waits                        // system calls that wait, for datagrams or for room
	PortZero                     // datagrams dropped: source port 0
	Truncated                    // datagrams dropped: longer than MaxRequest
	ReceiveErrors                // receive calls that failed
	SendErrors                   // replies lost: the kernel refused them
	SendFull                     // replies lost: the send queue stayed full
	NumCounters
)

var counterNames = [NumCounters]string{
	"datagrams", "received_bytes", "batches", "coalesced",
	"replies", "sent_bytes", "messages", "segmented",
	"receive_calls", "empty_receives", "send_calls", "waits",
	"port_zero", "truncated", "receive_errors", "send_errors", "send_full",
}

func (c Counter) String() string {
	if c < NumCounters {
		return counterNames[c]
	}
	return "unknown"
}

// Counters holds a value for every Counter. While a worker counts, they are
// plain numbers of its own.
type Counters [NumCounters]uint64

// add adds the numbers of other.
func (c *Counters) add(other *Counters) {
	for i := range c {
		c[i] += other[i]
	}
}

// published makes one worker's counters readable by everybody. The padding keeps
// two workers' numbers off one cache line.
type published struct {
	_      [64]byte
	values [NumCounters]atomic.Uint64
	_      [64]byte
}

// publish stores what has changed. Only the worker stores, so its plain
// comparison with the last value is safe, and an unchanged counter costs no
// locked instruction.
func (p *published) publish(c *Counters) {
	for i := range c {
		if v := &p.values[i]; v.Load() != c[i] {
			v.Store(c[i])
		}
	}
}

func (p *published) load() (c Counters) {
	for i := range c {
		c[i] = p.values[i].Load()
	}
	return c
}

// countSent notes a message that the system took.
func countSent(m *Message, c *Counters) {
	replies := uint64(count(m.Data, m.Segment))
	c[Replies] += replies
	c[SentBytes] += uint64(len(m.Data))
	c[Messages]++
	if m.Segment > 0 {
		c[Segmented] += replies
	}
}
