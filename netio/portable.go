package netio

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// portableTransport receives and sends over package net, a datagram a call. It
// has one socket of each address; a goroutine reads each of them into a buffer,
// and reads on when the worker is done with that. There is one such transport,
// and so one worker, in a group: package net cannot share a port, and two workers
// reading one socket could not keep a peer's order.
type portableTransport struct {
	sources []*source
	ready   chan *source // room for all
	pending *source      // what Wait found
	taken   []*source    // what the last Receive gave out

	stopped  chan struct{}
	stopOnce sync.Once
	readers  sync.WaitGroup
}

// source is a socket and what was read from it.
type source struct {
	conn  *net.UDPConn
	index int // of a client's sockets
	addr  netip.AddrPort

	data    []byte
	control []byte
	n, m    int // bytes in data and control
	peer    netip.AddrPort
	err     error
	free    chan struct{} // the worker is done with all this

	answer []byte // control data of a reply
}

func newPortableTransport(sources int) *portableTransport {
	return &portableTransport{ready: make(chan *source, sources), stopped: make(chan struct{})}
}

// start begins to read a socket.
func (t *portableTransport) start(s *source) {
	t.sources = append(t.sources, s)
	t.readers.Go(func() { s.read(t.ready, t.stopped) })
}

func openPortable(cfg *Config) (transports []Transport, err error) {
	if len(cfg.Files) > 0 {
		return nil, fmt.Errorf("netio: inherited descriptors: %w", errors.ErrUnsupported)
	}
	t := newPortableTransport(len(cfg.Addrs))
	for _, addr := range cfg.Addrs {
		s, err := openSource(addr, bothFamilies(addr, cfg.Addrs), cfg.ReceiveBuffer)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("netio: listen on %s: %w", addr, err), t.Close())
		}
		t.start(s)
	}
	return []Transport{t}, nil
}

func openSource(addr netip.AddrPort, both bool, queue int) (*source, error) {
	network := "udp6"
	switch {
	case addr.Addr().Is4():
		network = "udp4"
	case both:
		network = "udp"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	s := newSource(conn, queue)
	if addr.Addr().IsUnspecified() {
		if err := portablePacketInfo(conn, s.addr.Addr()); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return s, nil
}

func newSource(conn *net.UDPConn, queue int) *source {
	// A smaller queue than asked for is what the system gives; package net
	// doesn't tell.
	_ = conn.SetReadBuffer(queue)
	return &source{
		conn:    conn,
		addr:    plain(conn.LocalAddr().(*net.UDPAddr).AddrPort()),
		data:    make([]byte, MaxDatagram),
		control: make([]byte, portableControlRoom),
		answer:  make([]byte, portableControlRoom),
		free:    make(chan struct{}, 1),
	}
}

// plain turns an IPv4-mapped address, which package net likes, into IPv4.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// read feeds the worker until the socket is closed.
func (s *source) read(ready chan<- *source, stopped <-chan struct{}) {
	for {
		var peer netip.AddrPort
		s.n, s.m, _, peer, s.err = s.conn.ReadMsgUDPAddrPort(s.data, s.control)
		if errors.Is(s.err, net.ErrClosed) {
			return
		}
		s.peer = plain(peer)
		ready <- s
		select {
		case <-s.free:
		case <-stopped:
			return
		}
	}
}

func (t *portableTransport) Receive(buffers []Buffer, c *Counters) (int, error) {
	for _, s := range t.taken {
		s.free <- struct{}{}
	}
	t.taken = t.taken[:0]
	for len(t.taken) < len(buffers) {
		s := t.pending
		t.pending = nil
		if s == nil {
			select {
			case s = <-t.ready:
			default:
				return len(t.taken), nil
			}
		}
		c[ReceiveCalls]++
		if s.err != nil {
			c[ReceiveErrors]++
			s.free <- struct{}{}
			continue
		}
		buffers[len(t.taken)] = Buffer{Data: s.data[:s.n:s.n], PeerPort: s.peer.Port()}
		t.taken = append(t.taken, s)
	}
	return len(t.taken), nil
}

func (t *portableTransport) Wait() error {
	select {
	case t.pending = <-t.ready:
	case <-t.stopped:
	}
	return nil
}

func (t *portableTransport) Send(messages []Message, c *Counters) {
	for i := range messages {
		m := &messages[i]
		s := t.taken[m.To]
		control, _ := portableAnswer(s.answer, s.control[:s.m], s.peer)
		c[SendCalls]++
		if _, _, err := s.conn.WriteMsgUDPAddrPort(m.Data, control, s.peer); err != nil {
			c[SendErrors]++
			continue
		}
		countSent(m, c)
	}
}

// SameFlow is never asked: nothing comes coalesced.
func (t *portableTransport) SameFlow(a, b int) bool { return a == b }

func (t *portableTransport) Peer(i int) netip.AddrPort { return t.taken[i].peer }

func (t *portableTransport) Local(i int) netip.AddrPort {
	s := t.taken[i]
	if _, local := portableAnswer(s.answer, s.control[:s.m], s.peer); local.IsValid() {
		return netip.AddrPortFrom(local, s.addr.Port())
	}
	return s.addr
}

func (t *portableTransport) Stop() { t.stopOnce.Do(func() { close(t.stopped) }) }

func (t *portableTransport) Sockets() []SocketStats {
	stats := make([]SocketStats, len(t.sources))
	for i, s := range t.sources {
		stats[i] = SocketStats{Addr: s.addr}
	}
	return stats
}

func (t *portableTransport) Close() error {
	t.Stop()
	var errs []error
	for _, s := range t.sources {
		errs = append(errs, s.conn.Close())
	}
	t.readers.Wait()
	return errors.Join(errs...)
}
