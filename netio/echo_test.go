package netio_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"gantry/netio"
)

// echo answers every datagram with itself.
func echo(b *netio.Batch) {
	for i, d := range b.Datagrams() {
		if b.Room() < len(d) {
			b.Flush()
		}
		b.Reply(i, append(b.Arena(), d...))
	}
}

// serve runs a group until the test ends and checks that it ends well.
func serve(t testing.TB, cfg netio.Config, newHandler func(int) netio.Handler) *netio.Group {
	t.Helper()
	g, err := netio.Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	run(t, g, newHandler)
	return g
}

func run(t testing.TB, g *netio.Group, newHandler func(int) netio.Handler) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Serve(ctx, newHandler) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve returned %v", err)
		}
	})
}

func echoes(int) netio.Handler { return netio.HandlerFunc(echo) }

func TestEcho(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"} {
		for _, portable := range []bool{false, true} {
			g := serve(t, netio.Config{Addrs: []netip.AddrPort{netip.MustParseAddrPort(addr)}, Workers: 2, Portable: portable}, echoes)
			to := g.Addrs()[0]
			if to.Addr().Is4() {
				to = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), to.Port())
			} else {
				to = netip.AddrPortFrom(netip.MustParseAddr("::1"), to.Port())
			}
			conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for _, text := range []string{"one", "", "three"} {
				conn.Write([]byte(text))
				conn.SetReadDeadline(time.Now().Add(10 * time.Second))
				buf := make([]byte, 100)
				n, err := conn.Read(buf)
				if err != nil || string(buf[:n]) != text {
					t.Fatalf("%s: got %q, %v", addr, buf[:n], err)
				}
			}
		}
	}
}
