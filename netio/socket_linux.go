package netio

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is one UDP socket of one worker. Only that worker uses the fields that
// change after the start.
type socket struct {
	fd       int
	index    int // of a client's sockets
	addr     netip.AddrPort
	wildcard bool // bound to no address: packet information is on
	coalesce bool // UDP_GRO is on
	rcvbuf   int
	drops    dropCount // guarded by the transport's mutex

	segment   atomic.Bool // UDP_SEGMENT is used; switched off by the worker
	announced *announced
	pace      pace
}

// openSocket binds a new socket. The first of an address is bound exclusively, so
// that a port that anybody else has bound is an error; only then are others let
// in, and they must come from the same user. both opens the IPv6 wildcard to IPv4.
func openSocket(addr netip.AddrPort, first, both bool) (int, error) {
	sa, err := toSockaddr(addr)
	if err != nil {
		return -1, err
	}
	fd, err := udpSocket(addr.Addr())
	if err != nil {
		return -1, err
	}
	if err := bind(fd, sa, addr.Addr().Is6(), first, both); err != nil {
		return -1, errors.Join(err, os.NewSyscallError("close", unix.Close(fd)))
	}
	return fd, nil
}

// udpSocket makes a socket of an address's family.
func udpSocket(addr netip.Addr) (int, error) {
	family := unix.AF_INET6
	if addr.Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	return fd, os.NewSyscallError("socket", err)
}

func bind(fd int, sa unix.Sockaddr, ipv6, first, both bool) error {
	if ipv6 {
		only := 1
		if both {
			only = 0
		}
		if err := setInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only, "IPV6_V6ONLY"); err != nil {
			return err
		}
	}
	share := func() error { return setInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1, "SO_REUSEPORT") }
	if !first {
		if err := share(); err != nil {
			return err
		}
	}
	if err := unix.Bind(fd, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if first {
		return share()
	}
	return nil
}

// adopt checks that an inherited descriptor is a bound UDP socket and duplicates
// it.
func adopt(f *os.File) (fd int, addr netip.AddrPort, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return -1, addr, err
	}
	fd = -1
	controlErr := conn.Control(func(old uintptr) {
		if addr, err = boundAddr(int(old)); err == nil {
			fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
			err = os.NewSyscallError("dup", err)
		}
	})
	if err = errors.Join(controlErr, err); err != nil {
		return -1, addr, err
	}
	return fd, addr, nil
}

func boundAddr(fd int) (netip.AddrPort, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockopt SO_TYPE", err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	addr, err := fromSockaddr(sa)
	if err == nil && (kind != unix.SOCK_DGRAM || addr.Port() == 0) {
		err = errors.New("not a bound UDP socket")
	}
	return addr, err
}

// prepare sets the options of a bound socket, own or inherited, and finds out
// which offloads it has.
func prepare(fd int, cfg *Config, note *announced) (*socket, error) {
	addr, err := boundAddr(fd)
	if err != nil {
		return nil, err
	}
	s := &socket{fd: fd, addr: addr, wildcard: addr.Addr().IsUnspecified(), announced: note}
	if s.wildcard {
		if err := enablePacketInfo(fd, addr.Addr()); err != nil {
			return nil, err
		}
	}
	forceBuffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, sendBuffer)
	forceBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, cfg.ReceiveBuffer)
	s.rcvbuf, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if s.rcvbuf < cfg.ReceiveBuffer {
		note.buffer(cfg.ReceiveBuffer, s.rcvbuf)
	}
	if cfg.Offload == OffloadAuto {
		coalesce, segment := probeOffload(fd, note)
		s.coalesce = coalesce
		s.segment.Store(segment)
	}
	s.drops.last, _ = kernelDrops(fd)
	return s, nil
}

// enablePacketInfo has the kernel tell which address a datagram was sent to. A
// socket bound to one address need not ask.
func enablePacketInfo(fd int, bound netip.Addr) error {
	if bound.Is4() {
		return setInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1, "IP_PKTINFO")
	}
	return setInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO")
}

// forceBuffer asks for a queue beyond the system's limit, which needs a
// capability, and otherwise for as much as the limit gives.
func forceBuffer(fd, force, plain, size int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, size)
	}
}

// probeOffload switches UDP_GRO on and looks for UDP_SEGMENT.
func probeOffload(fd int, note *announced) (coalesce, segment bool) {
	err := unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
	if coalesce = err == nil; !coalesce {
		note.offload(CoalescedReceive, err)
	}
	_, err = unix.GetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
	if segment = err == nil; !segment {
		note.offload(SegmentedSend, err)
	}
	return coalesce, segment
}

// dropCount adds up what kernelDrops returns, from when the socket became ours.
type dropCount struct {
	last  uint32
	total uint64
}

// advance notes a new reading.
func (d *dropCount) advance(now uint32) {
	d.total += uint64(now - d.last) // modulo 2^32, as the kernel counts
	d.last = now
}

// kernelDrops returns the kernel's count, modulo 2^32, of datagrams that found
// the socket's receive queue full. Reading it costs a system call when somebody
// asks; SO_RXQ_OVFL would cost a control message on every datagram.
func kernelDrops(fd int) (uint32, bool) {
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	return info[unix.SK_MEMINFO_DROPS], errno == 0 && size == uint32(unsafe.Sizeof(info))
}

func setInt(fd, level, option, value int, name string) error {
	if err := unix.SetsockoptInt(fd, level, option, value); err != nil {
		return fmt.Errorf("setsockopt %s: %w", name, err)
	}
	return nil
}
