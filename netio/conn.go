package netio

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// Datagram is a message to or from a peer.
type Datagram struct {
	Peer    netip.AddrPort
	Payload []byte
}

// ConnConfig says what a Conn is bound to. The zero value is a free port of every
// IPv4 address.
type ConnConfig struct {
	IPv6          bool // of every IPv6 address instead
	BatchSize     int  // datagrams a call; 0 is DefaultConnBatch, at most MaxBatchSize
	ReceiveBuffer int  // bytes; 0 is DefaultReceiveBuffer
	Portable      bool // as in Config
}

// DefaultConnBatch is the standard of ConnConfig.BatchSize. It takes a megabyte of
// buffers, and most of what larger batches could save is saved.
const DefaultConnBatch = 16

// Conn is the socket of a client that talks to any number of peers, in batches. One
// goroutine may send while another receives; Close may be called at any time.
type Conn struct {
	end     connEnd
	local   netip.AddrPort
	sending sync.Mutex
	reading sync.Mutex
	closing sync.Once
	closed  chan struct{}
	failure error // of closing
}

// connEnd is what a Conn moves its datagrams over.
type connEnd interface {
	send(out []Datagram) (int, error)
	receive() ([]Datagram, error) // nothing when stopped
	stop()                        // ends receive now and for ever
	close() error
}

// OpenConn opens a socket.
func OpenConn(cfg ConnConfig) (*Conn, error) {
	any := netip.IPv4Unspecified()
	if cfg.IPv6 {
		any = netip.IPv6Unspecified()
	}
	common, err := Config{
		Workers: 1, BatchSize: orDefault(cfg.BatchSize, DefaultConnBatch), ReceiveBuffer: cfg.ReceiveBuffer,
		Offload: OffloadOff,
	}.withDefaults()
	if err != nil {
		return nil, err
	}
	open := openConn
	if cfg.Portable {
		open = openPortableConn
	}
	end, local, err := open(netip.AddrPortFrom(any, 0), &common)
	if err != nil {
		return nil, fmt.Errorf("netio: open a socket: %w", err)
	}
	return &Conn{end: end, local: local, closed: make(chan struct{})}, nil
}

// LocalAddr returns the address that the socket is bound to: a wildcard and a port.
func (c *Conn) LocalAddr() netip.AddrPort { return c.local }

// Send sends the datagrams in order and returns how many left before an error,
// which is about the next one. The payloads are free again when it returns.
func (c *Conn) Send(out []Datagram) (sent int, err error) {
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.isClosed() {
		return 0, net.ErrClosed
	}
	return c.end.send(out)
}

// Receive waits for datagrams. They are valid until the next call. It fails with
// net.ErrClosed when the Conn is closed, also while it waits.
func (c *Conn) Receive() ([]Datagram, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	for !c.isClosed() {
		if in, err := c.end.receive(); len(in) > 0 || err != nil && !c.isClosed() {
			return in, err
		}
	}
	return nil, net.ErrClosed
}

func (c *Conn) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// Close ends a waiting Receive and frees the socket.
func (c *Conn) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		c.end.stop()
		c.sending.Lock()
		defer c.sending.Unlock()
		c.reading.Lock()
		defer c.reading.Unlock()
		c.failure = c.end.close()
	})
	return c.failure
}
