package netio

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// outbox holds the arrays of one sendmmsg call.
type outbox struct {
	headers  []mmsghdr
	iovecs   []unix.Iovec
	controls []byte
}

func newOutbox(slots int) outbox {
	out := outbox{
		headers:  make([]mmsghdr, slots),
		iovecs:   make([]unix.Iovec, slots),
		controls: make([]byte, slots*controlRoom),
	}
	for i := range out.headers {
		out.headers[i].header.Iov = &out.iovecs[i]
		out.headers[i].header.SetIovlen(1)
	}
	return out
}

// nothing is where an empty datagram's iovec points.
var nothing [1]byte

// put fills slot i. to is nil on a connected socket.
func (out *outbox) put(i int, data []byte, segment int, to *sockaddr, from *localAddr) {
	iov := &out.iovecs[i]
	iov.Base = &nothing[0]
	if len(data) > 0 {
		iov.Base = &data[0]
	}
	iov.SetLen(len(data))
	h := &out.headers[i].header
	h.Name, h.Namelen = (*byte)(unsafe.Pointer(to)), 0
	if to != nil {
		h.Namelen = to.size()
	}
	if from.family == 0 && segment == 0 {
		h.Control = nil
		h.SetControllen(0)
		return
	}
	control := out.controls[i*controlRoom:][:controlRoom]
	h.Control = &control[0]
	h.SetControllen(putControl(control, from, segment))
}

// sendPatience is how long all messages of one Send together wait for room in the
// socket's send queue. A queue that a whole batch cannot get into for so long is
// fed by a device that has stopped; waiting longer would only lose requests too.
const sendPatience = 5 * time.Millisecond

// Send sends to peers of the last receive, through the socket that it came in by.
func (t *messageTransport) Send(messages []Message, c *Counters) {
	t.send(t.current, messages, c, true)
}

// send sends on a socket, either to peers of the last receive or to the one that
// the socket is connected to.
func (t *messageTransport) send(s *socket, messages []Message, c *Counters, replies bool) {
	for len(messages) > 0 {
		n := min(len(messages), len(t.out.headers))
		for i, m := range messages[:n] {
			if replies {
				t.out.put(i, m.Data, m.Segment, &t.in.names[m.To], &t.in.locals[m.To])
			} else {
				t.out.put(i, m.Data, m.Segment, nil, &localAddr{})
			}
		}
		t.sender.transmit(s, &t.out, messages[:n], c)
		messages = messages[n:]
	}
}

// sender sends what an outbox holds and deals with what goes wrong.
type sender struct {
	sendmmsg func(fd int, headers []mmsghdr) (int, unix.Errno)
	single   outbox    // for the parts of a message that could not be segmented
	parts    []Message // of it
	room     []unix.PollFd
}

func newSender() sender {
	return sender{
		sendmmsg: sendmmsg,
		single:   newOutbox(maxSegments),
		parts:    make([]Message, 0, maxSegments),
		room:     make([]unix.PollFd, 1),
	}
}

// transmit sends the messages, which out holds in the same order, and returns the
// error of the first. An error is always the first unsent message's: it is
// counted, skipped, and the rest goes on.
func (d *sender) transmit(s *socket, out *outbox, messages []Message, c *Counters) (first unix.Errno) {
	var deadline time.Time
	for done := 0; done < len(messages); {
		c[SendCalls]++
		n, errno := d.sendmmsg(s.fd, out.headers[done:len(messages)])
		switch {
		case errno == 0:
			for _, m := range messages[done : done+n] {
				countSent(&m, c)
			}
			done += n
			continue
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			if d.awaitRoom(s, &deadline, c) {
				continue
			}
			for _, m := range messages[done:] {
				c[SendFull] += uint64(count(m.Data, m.Segment))
			}
			return errno
		case messages[done].Segment > 0 && mayRefuseSegments(errno):
			d.unsegmented(s, out, done, &messages[done], errno, c)
		default:
			c[SendErrors] += uint64(count(messages[done].Data, messages[done].Segment))
		}
		if done == 0 {
			first = errno
		}
		done++
	}
	return first
}

// mayRefuseSegments says whether an error can mean that the kernel will not cut
// this message: EIO comes from a device without checksum offload, EINVAL from
// sockets and routes that cannot segment, EMSGSIZE from a segment larger than the
// path's MTU.
func mayRefuseSegments(errno unix.Errno) bool {
	switch errno {
	case unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.EOPNOTSUPP, unix.ENOPROTOOPT:
		return true
	}
	return false
}

// unsegmented sends the message in slot i again, a datagram each. If that works,
// segmentation was at fault, and the socket stops using it; only a path with an
// exceptionally small MTU says nothing about the others.
func (d *sender) unsegmented(s *socket, out *outbox, i int, m *Message, refusal unix.Errno, c *Counters) {
	failed := &out.headers[i].header
	var from localAddr
	if failed.Controllen > 0 {
		from = parseControl(unsafe.Slice(failed.Control, failed.Controllen)).local
	}
	d.parts = d.parts[:0]
	for rest := m.Data; len(rest) > 0; {
		part := rest[:min(m.Segment, len(rest))]
		rest = rest[len(part):]
		slot := len(d.parts)
		d.single.put(slot, part, 0, (*sockaddr)(unsafe.Pointer(failed.Name)), &from)
		d.parts = append(d.parts, Message{To: m.To, Data: part})
	}
	err := d.transmit(s, &d.single, d.parts, c)
	if err == 0 && refusal != unix.EMSGSIZE {
		s.segment.Store(false)
		s.announced.offload(SegmentedSend, refusal)
	}
}

// awaitRoom waits until the socket's send queue has room, sendPatience altogether
// from the first call with this deadline, and says whether it has.
func (d *sender) awaitRoom(s *socket, deadline *time.Time, c *Counters) bool {
	now := time.Now()
	if deadline.IsZero() {
		*deadline = now.Add(sendPatience)
	}
	left := deadline.Sub(now)
	if left <= 0 {
		return false
	}
	c[Waits]++
	timeout := unix.NsecToTimespec(left.Nanoseconds())
	d.room[0] = unix.PollFd{Fd: int32(s.fd), Events: unix.POLLOUT}
	n, err := unix.Ppoll(d.room, &timeout, nil)
	return n > 0 || err == unix.EINTR
}
