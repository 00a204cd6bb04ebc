package netio

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// localAddr is the address that a datagram was sent to, from the kernel's packet
// information, in the form in which a reply asks to be sent from it. The zero
// value leaves the choice to the kernel.
type localAddr struct {
	family  uint16
	ifindex uint32
	addr    [16]byte
}

// control is what the control messages of a received buffer said.
type control struct {
	local   localAddr
	segment int // UDP_GRO: the length of each datagram but the last; 0: one datagram
}

// Room for the control messages of one buffer: packet information, and the length
// of a segment (which the kernel tells as an int and takes as a uint16).
const (
	sizeofSegment   = 2
	sizeofCoalesced = 4
)

var (
	controlRoom = unix.CmsgSpace(unix.SizeofInet6Pktinfo) + unix.CmsgSpace(sizeofCoalesced)
	cmsgData    = unix.CmsgLen(0)
)

// parseControl reads the control messages that the kernel wrote. What it doesn't
// know it passes over.
func parseControl(b []byte) (c control) {
	for len(b) >= unix.SizeofCmsghdr {
		header := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		size := int(header.Len)
		if size < cmsgData || size > len(b) {
			return c
		}
		data := b[cmsgData:size]
		switch {
		case header.Level == unix.IPPROTO_UDP && header.Type == unix.UDP_GRO && len(data) >= sizeofCoalesced:
			c.segment = int(*(*int32)(unsafe.Pointer(&data[0])))
		case header.Level == unix.IPPROTO_IP && header.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0]))
			// Spec_dst rather than Addr: for a broadcast it is the address of
			// the interface, which can be answered from.
			c.local.family = unix.AF_INET
			copy(c.local.addr[:], info.Spec_dst[:])
		case header.Level == unix.IPPROTO_IPV6 && header.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0]))
			c.local = localAddr{family: unix.AF_INET6, ifindex: info.Ifindex, addr: info.Addr}
		}
		b = b[min(unix.CmsgSpace(size-cmsgData), len(b)):]
	}
	return c
}

// answering returns the address to send from to a peer. The interface is kept for
// link-local addresses only, which mean nothing without one; for others it would
// force the reply out where the request came in, and that need not be the way
// back (an address on the loopback interface behind a router). A multicast
// address cannot be sent from.
func (l localAddr) answering(peerLinkLocal bool) localAddr {
	if l.family != unix.AF_INET6 {
		return l
	}
	if l.addr[0] == 0xff {
		l.addr = [16]byte{}
	}
	if !peerLinkLocal && !isLinkLocal(&l.addr) {
		l.ifindex = 0
	}
	return l
}

// netip returns the address, or the zero Addr if the kernel told none.
func (l localAddr) netip() netip.Addr {
	switch l.family {
	case unix.AF_INET:
		return netip.AddrFrom4([4]byte(l.addr[:4]))
	case unix.AF_INET6:
		return netip.AddrFrom16(l.addr)
	}
	return netip.Addr{}
}

// putControl writes the control messages of a message that is to leave from local
// in segments of the given length (0: whole) and returns their length. b has
// controlRoom.
func putControl(b []byte, local *localAddr, segment int) int {
	n := 0
	switch local.family {
	case unix.AF_INET:
		data := putHeader(b, unix.IPPROTO_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo)
		*(*unix.Inet4Pktinfo)(data) = unix.Inet4Pktinfo{Spec_dst: [4]byte(local.addr[:4])}
		n = unix.CmsgSpace(unix.SizeofInet4Pktinfo)
	case unix.AF_INET6:
		data := putHeader(b, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, unix.SizeofInet6Pktinfo)
		*(*unix.Inet6Pktinfo)(data) = unix.Inet6Pktinfo{Addr: local.addr, Ifindex: local.ifindex}
		n = unix.CmsgSpace(unix.SizeofInet6Pktinfo)
	}
	if segment > 0 {
		data := putHeader(b[n:], unix.IPPROTO_UDP, unix.UDP_SEGMENT, sizeofSegment)
		*(*uint16)(data) = uint16(segment)
		n += unix.CmsgSpace(sizeofSegment)
	}
	return n
}

// putHeader writes a control message's header and returns where its data go.
func putHeader(b []byte, level, kind int32, size int) unsafe.Pointer {
	header := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	header.Level, header.Type = level, kind
	header.SetLen(unix.CmsgLen(size))
	return unsafe.Pointer(&b[cmsgData])
}
