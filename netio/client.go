package netio

import (
	"fmt"
	"net/netip"
	"time"
)

// ClientConfig says whom a client talks to and how. Only Target must be set.
type ClientConfig struct {
	Target  netip.AddrPort
	Sockets int // each has a local port of its own; 0 is 1, at most MaxSockets

	BatchSize     int         // buffers a receive may fill; 0 is DefaultBatchSize
	ReceiveBuffer int         // bytes a socket; 0 is DefaultReceiveBuffer
	Offload       OffloadMode // whether datagrams may be coalesced
	Portable      bool        // as in Config
	Notify        func(error) // as in Config
}

// MaxSockets bounds ClientConfig.Sockets: well below a process's usual limit of
// descriptors, and more than tell a server anything new.
const MaxSockets = 512

// Client sends and receives batches of datagrams over a number of sockets
// connected to one address. Except for Dial it allocates nothing. It belongs to
// one goroutine.
type Client struct {
	wire      clientWire
	buffers   []Buffer
	datagrams [][]byte
	queues    []queue
	dirty     []int // the sockets with something in their queue
	counters  Counters
}

// clientWire is what a client moves its datagrams over.
type clientWire interface {
	Receive(buffers []Buffer, counters *Counters) (int, error)
	Close() error
	received() int                    // the socket of the last Receive
	waitFor(wait time.Duration) error // until a Receive may bring something, or the time is over
	sendOn(socket int, messages []Message, counters *Counters)
	segments(socket int) bool // messages may have a Segment
	localAddr(socket int) netip.AddrPort
}

// queue holds the messages that wait to be sent on one socket.
type queue struct {
	messages []Message
	run      run
}

// Dial opens the sockets.
func Dial(cfg ClientConfig) (*Client, error) {
	cfg.Sockets = orDefault(cfg.Sockets, 1)
	if cfg.Sockets < 1 || cfg.Sockets > MaxSockets {
		return nil, fmt.Errorf("netio: sockets %d is not within 1 and %d", cfg.Sockets, MaxSockets)
	}
	if !cfg.Target.IsValid() || cfg.Target.Port() == 0 {
		return nil, fmt.Errorf("netio: no target to send to: %q", cfg.Target)
	}
	common, err := Config{
		Workers: 1, BatchSize: cfg.BatchSize, ReceiveBuffer: cfg.ReceiveBuffer, Offload: cfg.Offload, Notify: cfg.Notify,
	}.withDefaults()
	if err != nil {
		return nil, err
	}
	open := dialSockets
	if cfg.Portable {
		open = dialPortable
	}
	wire, err := open(cfg.Target, cfg.Sockets, &common)
	if err != nil {
		return nil, fmt.Errorf("netio: dial %s: %w", cfg.Target, err)
	}
	c := &Client{
		wire:      wire,
		buffers:   make([]Buffer, common.BatchSize),
		datagrams: make([][]byte, 0, common.BatchSize*maxSegments),
		queues:    make([]queue, cfg.Sockets),
		dirty:     make([]int, 0, cfg.Sockets),
	}
	for i := range c.queues {
		c.queues[i].messages = make([]Message, 0, MaxDatagrams)
	}
	return c, nil
}

// Sockets returns the number of sockets.
func (c *Client) Sockets() int { return len(c.queues) }

// LocalAddr returns the address that a socket sends from.
func (c *Client) LocalAddr(socket int) netip.AddrPort { return c.wire.localAddr(socket) }

// Queue adds a datagram to what the next Flush sends on a socket. The data must
// stay as they are until then. Datagrams queued one after the other on one socket
// that also follow each other in memory and are of equal length (the last may be
// shorter) leave in one call's message, coalesced, where the system can. A full
// queue is sent at once.
func (c *Client) Queue(socket int, datagram []byte) {
	q := &c.queues[socket]
	if len(q.messages) == 0 {
		c.dirty = append(c.dirty, socket)
	} else if q.joins(datagram) {
		return
	}
	if len(q.messages) == cap(q.messages) {
		c.wire.sendOn(socket, q.messages, &c.counters)
		q.messages = q.messages[:0]
	}
	q.messages = append(q.messages, Message{Data: datagram})
	q.run = run{}
	if n := len(datagram); n > 0 && n <= maxSegment && c.wire.segments(socket) {
		q.run = run{segments: 1, segment: n, open: true}
	}
}

// joins lets the datagram continue the queue's last message, if it can.
func (q *queue) joins(datagram []byte) bool {
	last := &q.messages[len(q.messages)-1]
	n, end := len(datagram), len(last.Data)
	if !q.run.takes(n, end) || cap(last.Data) < end+n || &last.Data[:end+1][end] != &datagram[0] {
		return false
	}
	last.Data = last.Data[:end+n]
	last.Segment = q.run.segment
	q.run.took(n)
	return true
}

// Flush sends what is queued. What the system refuses is counted, as SendErrors
// or SendFull.
func (c *Client) Flush() {
	for _, socket := range c.dirty {
		q := &c.queues[socket]
		c.wire.sendOn(socket, q.messages, &c.counters)
		q.messages = q.messages[:0]
	}
	c.dirty = c.dirty[:0]
}

// Receive waits, for the given time at most (0: not at all), for datagrams and
// returns what one socket has; none when the time is over. They are valid until
// the next Receive. An error of the network, such as a refused connection, is
// counted (ReceiveErrors), not returned.
func (c *Client) Receive(wait time.Duration) (socket int, datagrams [][]byte, err error) {
	n, err := c.wire.Receive(c.buffers, &c.counters)
	if n == 0 && err == nil {
		c.counters[Waits]++
		if err = c.wire.waitFor(max(wait, 0)); err == nil {
			n, err = c.wire.Receive(c.buffers, &c.counters)
		}
	}
	if err != nil || n == 0 {
		return 0, nil, err
	}
	c.datagrams = c.datagrams[:0]
	for i := range c.buffers[:n] {
		c.split(&c.buffers[i])
	}
	c.counters[Batches]++
	return c.wire.received(), c.datagrams, nil
}

// split adds the datagrams of a buffer to what Receive returns.
func (c *Client) split(b *Buffer) {
	if b.Truncated {
		c.counters[Truncated]++
		return
	}
	before := len(c.datagrams)
	for rest, more := b.Data, true; more; {
		var datagram []byte
		datagram, rest, more = cut(rest, b.Segment)
		c.datagrams = append(c.datagrams, datagram)
	}
	added := uint64(len(c.datagrams) - before)
	c.counters[Datagrams] += added
	c.counters[ReceivedBytes] += uint64(len(b.Data))
	if b.Segment > 0 {
		c.counters[Coalesced] += added
	}
}

// Counters returns what the client has done: Replies are the datagrams sent.
func (c *Client) Counters() Counters { return c.counters }

// Close frees the sockets.
func (c *Client) Close() error { return c.wire.Close() }
