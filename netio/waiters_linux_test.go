package netio

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The ways of waiting that were measured against the one in use; docs/netio.md
// has the results. Only the echo server of the benchmarks uses them.
var waysToWait = []string{"ppoll", "ppoll-always-try", "ppoll-never-try", "spin-ppoll", "epoll", "nested-epoll", "poller", "blocking", "try-blocking"}

// waitBy lets a worker's transport wait in the named way.
func waitBy(name string, t *messageTransport) (Transport, error) {
	switch name {
	case "", "ppoll":
		return t, nil
	case "ppoll-always-try":
		return &tryPolicy{t, true}, nil
	case "ppoll-never-try":
		return &tryPolicy{t, false}, nil
	case "spin-ppoll":
		return &spinning{t, 50 * time.Microsecond}, nil
	case "epoll":
		return newEpollWaiting(t)
	case "nested-epoll":
		e, err := newEpollWaiting(t)
		if err != nil {
			return nil, err
		}
		return newPollerWaiting(t, e.epoll)
	case "poller":
		return newPollerWaiting(t, t.sockets[0].fd)
	case "blocking":
		return &blocking{messageTransport: t}, nil
	case "try-blocking":
		return &blocking{messageTransport: t, try: true}, nil
	}
	return nil, fmt.Errorf("no way of waiting is called %q", name)
}

// tryPolicy replaces pace's judgement after a short receive: always try again
// before waiting, or never.
type tryPolicy struct {
	*messageTransport
	try bool
}

func (p *tryPolicy) Receive(buffers []Buffer, c *Counters) (int, error) {
	n, err := p.messageTransport.Receive(buffers, c)
	if n > 0 && n < len(buffers) {
		p.sockets[0].pace.ready = p.try
	}
	return n, err
}

// spinning polls for a while before it sleeps.
type spinning struct {
	*messageTransport
	budget time.Duration
}

func (s *spinning) Wait() error {
	for start := time.Now(); time.Since(start) < s.budget; {
		s.waiter.look()
		if s.sockets[0].pace.ready {
			return nil
		}
	}
	return s.messageTransport.Wait()
}

// epollWaiting waits with epoll_wait, through the scheduler.
type epollWaiting struct {
	*messageTransport
	epoll  int
	events []unix.EpollEvent
}

func newEpollWaiting(t *messageTransport) (*epollWaiting, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	for _, fd := range []int{t.sockets[0].fd, int(t.waiter.(*pollWaiter).fds[0].Fd)} {
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
			return nil, err
		}
	}
	return &epollWaiting{t, epoll, make([]unix.EpollEvent, 2)}, nil
}

func (e *epollWaiting) Wait() error {
	for {
		_, err := unix.EpollWait(e.epoll, e.events, -1)
		if err == nil {
			e.sockets[0].pace.woke()
			return nil
		}
		if err != unix.EINTR {
			return err
		}
	}
}

// pollerWaiting parks the goroutine in the runtime's poller, on the socket or on
// an epoll set of it.
type pollerWaiting struct {
	*messageTransport
	file *os.File
	raw  syscall.RawConn
	turn func(uintptr) bool
	seen bool
}

func newPollerWaiting(t *messageTransport, fd int) (*pollerWaiting, error) {
	own, err := unix.Dup(fd)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(own, true); err != nil {
		return nil, err
	}
	p := &pollerWaiting{messageTransport: t, file: os.NewFile(uintptr(own), "poller")}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		return nil, err
	}
	p.turn = func(uintptr) bool {
		t.waiter.look()
		p.seen = t.sockets[0].pace.ready
		return p.seen
	}
	return p, nil
}

func (p *pollerWaiting) Wait() error {
	if err := p.raw.Read(p.turn); err != nil && !p.seen {
		p.sockets[0].pace.woke()
	}
	return nil
}

func (p *pollerWaiting) Stop() {
	p.messageTransport.Stop()
	p.file.Close()
}

// blocking sleeps in recvmmsg itself, through the scheduler; with try only after a
// raw call that found nothing.
type blocking struct {
	*messageTransport
	try    bool
	filled int
}

func (b *blocking) Receive(buffers []Buffer, c *Counters) (int, error) {
	if b.filled > 0 {
		n := b.filled
		b.filled = 0
		c[ReceiveCalls]++
		b.take(b.sockets[0], buffers[:n])
		return n, nil
	}
	if !b.try {
		return 0, nil
	}
	b.sockets[0].pace.ready = true
	return b.messageTransport.Receive(buffers, c)
}

func (b *blocking) Wait() error {
	b.in.used = len(b.in.headers)
	b.in.reset()
	for {
		n, _, errno := syscall.Syscall6(unix.SYS_RECVMMSG, uintptr(b.sockets[0].fd), uintptr(unsafe.Pointer(&b.in.headers[0])),
			uintptr(len(b.in.headers)), unix.MSG_WAITFORONE, 0, 0)
		if errno == 0 {
			b.filled = int(n)
			return nil
		}
		if errno != unix.EINTR {
			return errno
		}
	}
}

// Stop wakes the call with a datagram to itself: good enough for a benchmark.
func (b *blocking) Stop() {
	sa, err := toSockaddr(b.sockets[0].addr)
	if err == nil {
		err = unix.Sendto(b.sockets[0].fd, nil, unix.MSG_DONTWAIT, sa)
	}
	if err != nil {
		panic(err)
	}
}
