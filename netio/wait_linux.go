package netio

import (
	"encoding/binary"
	"errors"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pace decides when to try a socket without having been told that it is
// readable. A full receive leaves more behind: try again. A short one emptied the
// queue, and whether something arrived while it was handled depends on the load:
// try again as long as that pays, and otherwise wait at once, which saves the
// vain call that most requests would cost at low load.
type pace struct {
	ready bool // the next Receive tries the socket
	eager bool // trying after a short receive has paid
	woken bool // the last Wait named this socket
}

// woke notes that the socket is readable.
func (p *pace) woke() { p.ready, p.woken = true, true }

// empty notes a vain try.
func (p *pace) empty() { p.ready, p.eager, p.woken = false, false, false }

// got notes a receive of n buffers where limit would have fitted. Several that
// gathered during one wake-up are the sign of a load that may pay to be eager.
func (p *pace) got(n, limit int) {
	if p.woken {
		p.eager = n > 1
		p.woken = false
	}
	p.ready = n == limit || p.eager
}

// waiter sleeps until one of a worker's sockets is readable. docs/netio.md tells
// which others were measured.
type waiter interface {
	wait() error                       // returns after marking the readable sockets, or at once when stopped
	waitFor(limit time.Duration) error // the same, but for so long at most
	look()                             // marks the readable sockets without waiting
	stop()                             // from any goroutine: ends wait now and for ever
	close() error
}

// pollWaiter waits with ppoll over the sockets and an event descriptor that stop
// makes readable. The call goes through the scheduler, so that garbage collection
// and other goroutines are not held up by a sleeping worker. Unlike an epoll set
// it leaves nothing registered at the sockets while the worker is busy, which the
// kernel would have to notify of every datagram.
type pollWaiter struct {
	sockets []*socket
	fds     []unix.PollFd // the event descriptor, then the sockets
	zero    unix.Timespec
	limit   unix.Timespec
}

func newPollWaiter(sockets []*socket) (*pollWaiter, error) {
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	w := &pollWaiter{sockets: sockets, fds: []unix.PollFd{{Fd: int32(event), Events: unix.POLLIN}}}
	for _, s := range sockets {
		w.fds = append(w.fds, unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN})
		s.pace.woke()
	}
	return w, nil
}

func (w *pollWaiter) wait() error { return w.poll(nil) }

func (w *pollWaiter) waitFor(limit time.Duration) error {
	w.limit = unix.NsecToTimespec(limit.Nanoseconds())
	return w.poll(&w.limit)
}

// poll waits, until the timeout if there is one, which the kernel keeps up to
// date when a signal interrupts.
func (w *pollWaiter) poll(timeout *unix.Timespec) error {
	for {
		_, err := unix.Ppoll(w.fds, timeout, nil)
		if err == nil {
			w.mark()
			return nil
		}
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("ppoll", err)
		}
	}
}

func (w *pollWaiter) look() {
	_, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&w.fds[0])), uintptr(len(w.fds)),
		uintptr(unsafe.Pointer(&w.zero)), 0, 0, 0)
	if errno == 0 {
		w.mark()
	}
}

// mark notes which sockets ppoll found readable, or in error, which a receive
// then tells.
func (w *pollWaiter) mark() {
	for i, s := range w.sockets {
		if w.fds[i+1].Revents != 0 {
			s.pace.woke()
		}
	}
}

func (w *pollWaiter) stop() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	// It can only fail when the counter is about to overflow, and then the
	// descriptor is readable already.
	_, _ = unix.Write(int(w.fds[0].Fd), one[:])
}

func (w *pollWaiter) close() error {
	return os.NewSyscallError("close", unix.Close(int(w.fds[0].Fd)))
}
