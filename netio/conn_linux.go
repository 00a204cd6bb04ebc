package netio

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// connSocket is a Conn over recvmmsg and sendmmsg. Sending and receiving share
// nothing but the socket.
type connSocket struct {
	transport *messageTransport
	buffers   []Buffer
	in        []Datagram

	names    []sockaddr
	sent     Counters
	received Counters
}

func openConn(local netip.AddrPort, cfg *Config) (connEnd, netip.AddrPort, error) {
	fd, err := openSocket(local, true, false)
	if err != nil {
		return nil, local, err
	}
	s, err := prepare(fd, cfg, &announced{addr: local, notify: cfg.Notify})
	if err != nil {
		return nil, local, errors.Join(err, unix.Close(fd))
	}
	t, err := newMessageTransport([]*socket{s}, cfg)
	if err != nil {
		return nil, local, errors.Join(err, unix.Close(fd))
	}
	return &connSocket{
		transport: t,
		buffers:   make([]Buffer, cfg.BatchSize),
		in:        make([]Datagram, cfg.BatchSize),
		names:     make([]sockaddr, MaxDatagrams),
	}, s.addr, nil
}

func (c *connSocket) receive() ([]Datagram, error) {
	n, err := c.transport.Receive(c.buffers, &c.received)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, c.transport.Wait()
	}
	for i, b := range c.buffers[:n] {
		c.in[i] = Datagram{Peer: c.transport.Peer(i), Payload: b.Data}
	}
	return c.in[:n], nil
}

// send sends in batches. Unlike a worker it stops at the first error: its caller
// wants to know.
func (c *connSocket) send(datagrams []Datagram) (sent int, err error) {
	t := c.transport
	s := t.sockets[0]
	var deadline time.Time
	for sent < len(datagrams) {
		ready, bad := c.fill(datagrams[sent:])
		if ready == 0 {
			return sent, bad
		}
		for done := 0; done < ready; {
			n, errno := t.sender.sendmmsg(s.fd, t.out.headers[done:ready])
			switch {
			case errno == 0:
				done += n
				sent += n
			case errno == unix.EINTR:
			case errno == unix.EAGAIN && t.sender.awaitRoom(s, &deadline, &c.sent):
			default:
				return sent, fmt.Errorf("send to %s: %w", datagrams[sent].Peer, os.NewSyscallError("sendmmsg", errno))
			}
		}
	}
	return sent, nil
}

// fill puts datagrams into the slots of a call, up to the first whose address has
// an error.
func (c *connSocket) fill(datagrams []Datagram) (int, error) {
	n := min(len(datagrams), len(c.names))
	for i, d := range datagrams[:n] {
		if err := c.names[i].set(d.Peer); err != nil {
			return i, err
		}
		c.transport.out.put(i, d.Payload, 0, &c.names[i], &localAddr{})
	}
	return n, nil
}

func (c *connSocket) stop() { c.transport.Stop() }

func (c *connSocket) close() error { return c.transport.Close() }

// set writes an address as the kernel reads it.
func (s *sockaddr) set(addr netip.AddrPort) error {
	s.raw = unix.RawSockaddrInet6{}
	sa, err := toSockaddr(addr)
	if err != nil {
		return err
	}
	port := (*[2]byte)(unsafe.Pointer(&s.raw.Port))
	port[0], port[1] = byte(addr.Port()>>8), byte(addr.Port())
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		s.raw.Family = unix.AF_INET
		(*unix.RawSockaddrInet4)(unsafe.Pointer(&s.raw)).Addr = sa.Addr
	case *unix.SockaddrInet6:
		s.raw.Family = unix.AF_INET6
		s.raw.Addr, s.raw.Scope_id = sa.Addr, sa.ZoneId
	}
	return nil
}
