package netio_test

import (
	"encoding/binary"
	"net"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"gantry/netio"
)

func systemWorlds() []world {
	return []world{
		socketWorld("linux", true, func(*netio.Config) {}),
		socketWorld("linux-no-offload", false, func(c *netio.Config) { c.Offload = netio.OffloadOff }),
		socketWorld("portable", false, func(c *netio.Config) { c.Portable = true }),
	}
}

// receiveCoalesced switches UDP_GRO on.
func receiveCoalesced(t testing.TB, conn *net.UDPConn) {
	t.Helper()
	control(t, conn, func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1) })
}

func control(t testing.TB, conn *net.UDPConn, f func(fd int) error) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		t.Fatal(err)
	}
	if inner != nil {
		t.Fatal(inner)
	}
}

// segmentControl asks the kernel to cut a message.
func segmentControl(segment int) []byte {
	b := make([]byte, unix.CmsgSpace(2))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(b[unix.CmsgLen(0):], uint16(segment))
	return b
}

// coalescedSegment tells where the kernel joined a buffer's datagrams.
func coalescedSegment(control []byte) int {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		if m.Header.Level == unix.IPPROTO_UDP && m.Header.Type == unix.UDP_GRO {
			return int(binary.NativeEndian.Uint32(m.Data))
		}
	}
	return 0
}
