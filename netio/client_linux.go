package netio

import (
	"errors"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// clientSockets is the client's side of recvmmsg and sendmmsg.
type clientSockets struct {
	*messageTransport
}

func dialSockets(target netip.AddrPort, count int, cfg *Config) (wire clientWire, err error) {
	var sockets []*socket
	defer func() {
		if err != nil {
			for _, s := range sockets {
				unix.Close(s.fd)
			}
		}
	}()
	note := &announced{addr: target, notify: cfg.Notify}
	for range count {
		fd, err := dialSocket(target)
		if err != nil {
			return nil, err
		}
		s, err := prepare(fd, cfg, note)
		if err != nil {
			return nil, errors.Join(err, unix.Close(fd))
		}
		s.index = len(sockets)
		sockets = append(sockets, s)
	}
	t, err := newMessageTransport(sockets, cfg)
	if err != nil {
		return nil, err
	}
	return &clientSockets{t}, nil
}

func dialSocket(target netip.AddrPort) (int, error) {
	sa, err := toSockaddr(target)
	if err != nil {
		return -1, err
	}
	fd, err := udpSocket(target.Addr())
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, sa); err != nil {
		return -1, errors.Join(os.NewSyscallError("connect", err), unix.Close(fd))
	}
	return fd, nil
}

func (t *clientSockets) received() int { return t.current.index }

func (t *clientSockets) waitFor(wait time.Duration) error { return t.waiter.waitFor(wait) }

func (t *clientSockets) segments(socket int) bool { return t.sockets[socket].segment.Load() }

func (t *clientSockets) localAddr(socket int) netip.AddrPort { return t.sockets[socket].addr }

func (t *clientSockets) sendOn(socket int, messages []Message, c *Counters) {
	t.send(t.sockets[socket], messages, c, false)
}
