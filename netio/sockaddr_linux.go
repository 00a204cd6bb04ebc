package netio

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockaddr is an address as the kernel writes and reads it: a sockaddr_in or a
// sockaddr_in6. Bytes beyond the family's length stay zero, so two are equal if
// their addresses are. It is aligned as the kernel's structures are.
type sockaddr struct {
	raw unix.RawSockaddrInet6
}

// size returns the length of the address in use.
func (s *sockaddr) size() uint32 {
	if s.raw.Family == unix.AF_INET {
		return unix.SizeofSockaddrInet4
	}
	return unix.SizeofSockaddrInet6
}

// port returns the port, which lies at the same place in both families.
func (s *sockaddr) port() uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&s.raw.Port))[:])
}

// linkLocal says whether the address means something on one interface only.
func (s *sockaddr) linkLocal() bool {
	return s.raw.Family == unix.AF_INET6 && isLinkLocal(&s.raw.Addr)
}

func isLinkLocal(addr *[16]byte) bool { return addr[0] == 0xfe && addr[1]&0xc0 == 0x80 }

// addrPort converts the address; a zone becomes the interface's number, which
// needs no look-up.
func (s *sockaddr) addrPort() netip.AddrPort {
	if s.raw.Family == unix.AF_INET {
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(&s.raw))
		return netip.AddrPortFrom(netip.AddrFrom4(in.Addr), s.port())
	}
	addr := netip.AddrFrom16(s.raw.Addr)
	if s.raw.Scope_id != 0 {
		addr = addr.WithZone(strconv.FormatUint(uint64(s.raw.Scope_id), 10))
	}
	return netip.AddrPortFrom(addr, s.port())
}

// toSockaddr converts an address for package unix's calls; a zone is an
// interface's name or number.
func toSockaddr(addr netip.AddrPort) (unix.Sockaddr, error) {
	if addr.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}, nil
	}
	out := &unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()}
	zone := addr.Addr().Zone()
	if zone == "" {
		return out, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		out.ZoneId = uint32(n)
		return out, nil
	}
	link, err := net.InterfaceByName(zone)
	if err != nil {
		return nil, fmt.Errorf("zone of %s: %w", addr, err)
	}
	out.ZoneId = uint32(link.Index)
	return out, nil
}

// fromSockaddr is toSockaddr's inverse.
func fromSockaddr(sa unix.Sockaddr) (netip.AddrPort, error) {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), nil
	case *unix.SockaddrInet6:
		addr := netip.AddrFrom16(sa.Addr)
		if sa.ZoneId != 0 {
			addr = addr.WithZone(zoneName(sa.ZoneId))
		}
		return netip.AddrPortFrom(addr, uint16(sa.Port)), nil
	}
	return netip.AddrPort{}, fmt.Errorf("not an internet address: %T", sa)
}

func zoneName(index uint32) string {
	if link, err := net.InterfaceByIndex(int(index)); err == nil {
		return link.Name
	}
	return strconv.FormatUint(uint64(index), 10)
}
