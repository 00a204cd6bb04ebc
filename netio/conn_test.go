package netio_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"gantry/netio"
)

// TestConn talks to several servers at once, in batches longer than a call takes.
func TestConn(t *testing.T) {
	for _, addr := range []netip.Addr{loopback4, loopback6} {
		for _, portable := range []bool{false, true} {
			c, err := netio.OpenConn(netio.ConnConfig{IPv6: addr.Is6(), Portable: portable})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var out []netio.Datagram
			for range 3 {
				g := serve(t, on(addr.String()), every(echo))
				for i := range 100 {
					out = append(out, netio.Datagram{Peer: g.Addrs()[0], Payload: fmt.Append(nil, i)})
				}
			}
			if n, err := c.Send(out); n != len(out) || err != nil {
				t.Fatalf("%d of %d sent, %v", n, len(out), err)
			}
			next := make(map[netip.AddrPort]int)
			for range out {
				in, err := c.Receive()
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range in {
					if want := fmt.Sprint(next[d.Peer]); string(d.Payload) != want {
						t.Fatalf("%s answered %q instead of %q", d.Peer, d.Payload, want)
					}
					next[d.Peer]++
				}
				if next[out[0].Peer]+next[out[len(out)/2].Peer]+next[out[len(out)-1].Peer] == len(out) {
					break
				}
			}
		}
	}
}

// TestConnSendError tells how many datagrams left, and about whom the error is.
func TestConnSendError(t *testing.T) {
	for _, portable := range []bool{false, true} {
		c, err := netio.OpenConn(netio.ConnConfig{Portable: portable})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		good := netio.Datagram{Peer: netip.AddrPortFrom(loopback4, 9), Payload: []byte("x")}
		long := netio.Datagram{Peer: good.Peer, Payload: make([]byte, 65508)}
		if n, err := c.Send([]netio.Datagram{good, good, long, good}); n != 2 || err == nil {
			t.Errorf("portable %t: %d sent, %v", portable, n, err)
		}
		if n, err := c.Send([]netio.Datagram{good}); n != 1 || err != nil {
			t.Errorf("portable %t: %d sent, %v", portable, n, err)
		}
	}
}

func TestConnClose(t *testing.T) {
	for _, portable := range []bool{false, true} {
		c, err := netio.OpenConn(netio.ConnConfig{Portable: portable})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() {
			_, err := c.Receive()
			ended <- err
		}()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("portable %t: the waiting Receive returned %v", portable, err)
		}
		if _, err := c.Receive(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("portable %t: a later Receive returned %v", portable, err)
		}
		if _, err := c.Send([]netio.Datagram{{}}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("portable %t: a later Send returned %v", portable, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
