package netio_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"gantry/netio"
)

// socketWorld is a group on real sockets.
func socketWorld(name string, coalesces bool, set func(*netio.Config)) world {
	return world{
		name:      name,
		coalesces: coalesces,
		start: func(t testing.TB, cfg netio.Config, newHandler func(int) netio.Handler) *netio.Group {
			t.Helper()
			set(&cfg)
			return serve(t, cfg, newHandler)
		},
		dial: func(t testing.TB, from netip.Addr) endpoint { return dialSocket(t, from, coalesces) },
	}
}

// socketEndpoint is a client with a socket of package net.
type socketEndpoint struct {
	conn      *net.UDPConn
	local     netip.AddrPort
	coalesces bool
	buffer    []byte
	waiting   []answer
}

func dialSocket(t testing.TB, from netip.Addr, coalesces bool) endpoint {
	t.Helper()
	network := "udp6"
	if from.Is4() {
		network = "udp4"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadBuffer(4 << 20); err != nil {
		t.Fatal(err)
	}
	if coalesces {
		receiveCoalesced(t, conn)
	}
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return &socketEndpoint{conn: conn, local: local, coalesces: coalesces, buffer: make([]byte, 1<<16)}
}

func (e *socketEndpoint) addr() netip.AddrPort { return e.local }

func (e *socketEndpoint) send(t failer, to netip.AddrPort, segment int, data []byte) {
	t.Helper()
	if segment > 0 && !e.coalesces {
		for len(data) > segment {
			e.write(t, to, nil, data[:segment])
			data = data[segment:]
		}
		segment = 0
	}
	var control []byte
	if segment > 0 && segment < len(data) {
		control = segmentControl(segment)
	}
	e.write(t, to, control, data)
}

func (e *socketEndpoint) write(t failer, to netip.AddrPort, control, data []byte) {
	t.Helper()
	if _, _, err := e.conn.WriteMsgUDPAddrPort(data, control, to); err != nil {
		t.Fatal(err)
	}
}

func (e *socketEndpoint) receive(t failer) answer {
	t.Helper()
	if len(e.waiting) == 0 {
		if err := e.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		var control [256]byte
		n, m, _, from, err := e.conn.ReadMsgUDPAddrPort(e.buffer, control[:])
		if err != nil {
			t.Fatal(err)
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		data, segment := append([]byte{}, e.buffer[:n]...), coalescedSegment(control[:m])
		for segment > 0 && len(data) > segment {
			e.waiting = append(e.waiting, answer{from, data[:segment], true})
			data = data[segment:]
		}
		e.waiting = append(e.waiting, answer{from, data, segment > 0})
	}
	a := e.waiting[0]
	e.waiting = e.waiting[1:]
	return a
}
