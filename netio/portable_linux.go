package netio

import (
	"net"
	"net/netip"
)

// portableControlRoom is the room for a datagram's packet information.
var portableControlRoom = controlRoom

// portablePacketInfo lets a socket bound to a wildcard address tell where its
// datagrams were sent to.
func portablePacketInfo(conn *net.UDPConn, bound netip.Addr) (err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	controlErr := raw.Control(func(fd uintptr) { err = enablePacketInfo(int(fd), bound) })
	if controlErr != nil {
		return controlErr
	}
	return err
}

// portableAnswer writes the control data of a reply to dst, from those of the
// request, and returns them and the address that the reply leaves from.
func portableAnswer(dst, request []byte, peer netip.AddrPort) ([]byte, netip.Addr) {
	local := parseControl(request).local
	if local.family == 0 {
		return nil, netip.Addr{}
	}
	local = local.answering(peer.Addr().IsLinkLocalUnicast())
	return dst[:putControl(dst, &local, 0)], local.netip()
}
