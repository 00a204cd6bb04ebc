package netio

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is the kernel's struct mmsghdr.
type mmsghdr struct {
	header unix.Msghdr
	len    uint32
}

// messageTransport receives with recvmmsg and sends with sendmmsg from arrays
// made once. The calls are made raw, without telling the scheduler, because on
// these sockets they cannot block; only Wait does that.
type messageTransport struct {
	sockets []*socket
	next    int // the socket whose turn it is
	streak  int // receives since the other sockets were looked at
	current *socket
	in      inbox
	out     outbox
	sender  sender
	waiter  waiter

	mu     sync.Mutex // guards closed and, against Close, the descriptors
	closed []SocketStats
}

// inbox holds what the last receive brought, a slot each.
type inbox struct {
	headers  []mmsghdr
	iovecs   []unix.Iovec
	names    []sockaddr
	locals   []localAddr
	controls []byte
	memory   []byte
	used     int // slots that the kernel wrote to, and so have to be reset
}

// slotSize is the distance between the starts of two receive buffers.
const slotSize = MaxDatagram + slotStagger

func newInbox(slots int) inbox {
	in := inbox{
		headers:  make([]mmsghdr, slots),
		iovecs:   make([]unix.Iovec, slots),
		names:    make([]sockaddr, slots),
		locals:   make([]localAddr, slots),
		controls: make([]byte, slots*controlRoom),
		memory:   make([]byte, slots*slotSize),
		used:     slots,
	}
	for i := range in.headers {
		in.iovecs[i].Base = &in.memory[i*slotSize]
		in.iovecs[i].SetLen(MaxDatagram)
		h := &in.headers[i].header
		h.Iov = &in.iovecs[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&in.names[i]))
		h.Control = &in.controls[i*controlRoom]
	}
	return in
}

// reset gives the kernel back the lengths that it overwrote.
func (in *inbox) reset() {
	for i := range in.headers[:in.used] {
		h := &in.headers[i].header
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlRoom)
	}
	in.used = 0
}

func newMessageTransport(sockets []*socket, cfg *Config) (*messageTransport, error) {
	waiter, err := newPollWaiter(sockets)
	if err != nil {
		return nil, err
	}
	return &messageTransport{
		sockets: sockets,
		in:      newInbox(cfg.BatchSize),
		out:     newOutbox(MaxDatagrams),
		sender:  newSender(),
		waiter:  waiter,
	}, nil
}

// lookAround is after how many receives from busy sockets the idle ones are
// looked at: with full batches that is about a millisecond, and a hundredth of
// the time goes into looking.
const lookAround = 8

// Receive takes a batch from the next socket that is likely to have one. A batch
// never mixes sockets.
func (t *messageTransport) Receive(buffers []Buffer, c *Counters) (int, error) {
	if len(t.sockets) > 1 {
		if t.streak++; t.streak > lookAround {
			t.streak = 0
			c[Waits]++
			t.waiter.look()
		}
	}
	for range t.sockets {
		s := t.sockets[t.next]
		if t.next++; t.next == len(t.sockets) {
			t.next = 0
		}
		if !s.pace.ready {
			continue
		}
		n, err := t.receive(s, buffers, c)
		if n > 0 || err != nil {
			return n, err
		}
	}
	t.streak = 0
	return 0, nil
}

// receive makes one recvmmsg call on s.
func (t *messageTransport) receive(s *socket, buffers []Buffer, c *Counters) (int, error) {
	in := &t.in
	in.reset()
	limit := min(len(buffers), len(in.headers))
	c[ReceiveCalls]++
	n, errno := recvmmsg(s.fd, in.headers[:limit])
	if errno != 0 {
		if errno != unix.EAGAIN {
			return 0, t.receiveFailed(s, errno, c)
		}
		c[EmptyReceives]++
		s.pace.empty()
		return 0, nil
	}
	s.pace.got(n, limit)
	t.take(s, buffers[:n])
	return n, nil
}

// take describes the slots that the kernel filled from s.
func (t *messageTransport) take(s *socket, buffers []Buffer) {
	t.in.used = len(buffers)
	t.current = s
	for i := range buffers {
		t.read(s, i, &buffers[i])
	}
}

// read describes what the kernel put into slot i.
func (t *messageTransport) read(s *socket, i int, b *Buffer) {
	in := &t.in
	m := &in.headers[i]
	start := i * slotSize
	*b = Buffer{Data: in.memory[start : start+int(m.len) : start+MaxDatagram], Truncated: m.header.Flags&unix.MSG_TRUNC != 0}
	if m.header.Namelen == 0 {
		return
	}
	b.PeerPort = in.names[i].port()
	if m.header.Controllen == 0 {
		in.locals[i] = localAddr{}
		return
	}
	control := parseControl(in.controls[i*controlRoom:][:m.header.Controllen])
	in.locals[i] = control.local.answering(in.names[i].linkLocal())
	if control.segment > 0 {
		b.Segment = control.segment
		b.Segmentable = s.segment.Load()
	}
}

// receiveFailed tells an error of the network, which is counted and passes, from
// one of the socket, which would come again for ever.
func (t *messageTransport) receiveFailed(s *socket, errno unix.Errno, c *Counters) error {
	switch errno {
	case unix.EBADF, unix.ENOTSOCK, unix.EFAULT, unix.EINVAL, unix.ENOSYS, unix.EPERM:
		return fmt.Errorf("netio: receive on %s: %w", s.addr, os.NewSyscallError("recvmmsg", errno))
	}
	c[ReceiveErrors]++
	s.pace.empty()
	return nil
}

func (t *messageTransport) Wait() error { return t.waiter.wait() }

func (t *messageTransport) Stop() { t.waiter.stop() }

func (t *messageTransport) SameFlow(a, b int) bool {
	return t.in.names[a] == t.in.names[b] && t.in.locals[a] == t.in.locals[b]
}

func (t *messageTransport) Peer(i int) netip.AddrPort { return t.in.names[i].addrPort() }

func (t *messageTransport) Local(i int) netip.AddrPort {
	if asked := t.in.locals[i].netip(); asked.IsValid() {
		return netip.AddrPortFrom(asked, t.current.addr.Port())
	}
	return t.current.addr
}

func (t *messageTransport) Sockets() []SocketStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed != nil {
		return append([]SocketStats(nil), t.closed...)
	}
	return t.describe()
}

func (t *messageTransport) describe() []SocketStats {
	stats := make([]SocketStats, len(t.sockets))
	for i, s := range t.sockets {
		drops, known := kernelDrops(s.fd)
		if known {
			s.drops.advance(drops)
		}
		stats[i] = SocketStats{
			Addr:            s.addr,
			ReceiveBuffer:   s.rcvbuf,
			KernelDrops:     s.drops.total,
			DropsKnown:      known,
			CoalesceReceive: s.coalesce,
			SegmentSend:     s.segment.Load(),
		}
	}
	return stats
}

func (t *messageTransport) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed != nil {
		return nil
	}
	t.closed = t.describe()
	var errs []error
	for _, s := range t.sockets {
		errs = append(errs, os.NewSyscallError("close", unix.Close(s.fd)))
	}
	return errors.Join(append(errs, t.waiter.close())...)
}

// files duplicates the sockets' descriptors.
func (t *messageTransport) files() (files []*os.File, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed != nil {
		return nil, ErrClosed
	}
	for _, s := range t.sockets {
		fd, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return files, os.NewSyscallError("dup", err)
		}
		files = append(files, os.NewFile(uintptr(fd), "udp "+s.addr.String()))
	}
	return files, nil
}
