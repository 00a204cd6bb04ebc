package netio_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"gantry/netio"
)

func dial(t *testing.T, cfg netio.ClientConfig) *netio.Client {
	t.Helper()
	c, err := netio.Dial(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// receiveAll receives until n datagrams have come, and returns them by socket.
func receiveAll(t *testing.T, c *netio.Client, n int) map[int][][]byte {
	t.Helper()
	got := make(map[int][][]byte)
	deadline := time.Now().Add(patience)
	for n > 0 {
		socket, datagrams, err := c.Receive(time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d datagrams are missing", n)
		}
		for _, d := range datagrams {
			got[socket] = append(got[socket], bytes.Clone(d))
		}
		n -= len(datagrams)
	}
	return got
}

// TestClient sends over several sockets, single datagrams and such that can be
// coalesced, and gets each one's answers on it, in order.
func TestClient(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "::1"} {
		for _, c := range []netio.ClientConfig{
			{Sockets: 1},
			{Sockets: 3},
			{Sockets: 3, Offload: netio.OffloadOff},
			{Sockets: 3, Portable: true},
		} {
			g := serve(t, on(addr), every(echo))
			c.Target = g.Addrs()[0]
			client := dial(t, c)
			got, want := make(map[int][][]byte), make(map[int][][]byte)
			total := 0
			for round := range 3 {
				before := total
				for socket := range client.Sockets() {
					// One piece of memory, cut at equal lengths and a shorter end.
					var memory []byte
					for i := range 70 {
						memory = fmt.Appendf(memory, "%d-%d-%03d", round, socket, i)
					}
					memory = append(memory, "end"...)
					for len(memory) > 0 {
						n := min(7, len(memory))
						client.Queue(socket, memory[:n])
						want[socket] = append(want[socket], memory[:n])
						memory = memory[n:]
						total++
					}
					client.Queue(socket, nil)
					want[socket] = append(want[socket], []byte{})
					total++
				}
				client.Flush()
				for socket, datagrams := range receiveAll(t, client, total-before) {
					got[socket] = append(got[socket], datagrams...)
				}
			}
			for socket := range want {
				if len(got[socket]) != len(want[socket]) {
					t.Fatalf("%+v: socket %d got %d answers instead of %d", c, socket, len(got[socket]), len(want[socket]))
				}
				for i := range want[socket] {
					if !bytes.Equal(got[socket][i], want[socket][i]) {
						t.Fatalf("%+v: socket %d, answer %d is %q instead of %q", c, socket, i, got[socket][i], want[socket][i])
					}
				}
			}
			counters := client.Counters()
			if counters[netio.Replies] != uint64(total) || counters[netio.Datagrams] != uint64(total) || counters[netio.SendErrors] != 0 {
				t.Errorf("%+v: %d sent, %d received, %d refused", c, counters[netio.Replies], counters[netio.Datagrams], counters[netio.SendErrors])
			}
			if c.Offload == netio.OffloadOff && counters[netio.Segmented]+counters[netio.Coalesced] != 0 {
				t.Errorf("%+v: coalesced although it must not", c)
			}
		}
	}
}

// TestClientQueueOverflows queues more than one send takes.
func TestClientQueueOverflows(t *testing.T) {
	g := serve(t, on("127.0.0.1"), every(echo))
	client := dial(t, netio.ClientConfig{Target: g.Addrs()[0]})
	const n = netio.MaxDatagrams + 5
	for i := range n {
		client.Queue(0, fmt.Append(nil, i))
	}
	client.Flush()
	for i, d := range receiveAll(t, client, n)[0] {
		if string(d) != fmt.Sprint(i) {
			t.Fatalf("answer %d is %q", i, d)
		}
	}
}

// TestClientWaits gives up waiting when the time is over.
func TestClientWaits(t *testing.T) {
	g := serve(t, on("127.0.0.1"), every(func(*netio.Batch) {}))
	for _, portable := range []bool{false, true} {
		client := dial(t, netio.ClientConfig{Target: g.Addrs()[0], Portable: portable})
		for _, wait := range []time.Duration{0, 3 * time.Millisecond} {
			start := time.Now()
			_, datagrams, err := client.Receive(wait)
			if took := time.Since(start); err != nil || len(datagrams) != 0 || took < wait {
				t.Errorf("portable %t: %d datagrams, %v, after %s of %s", portable, len(datagrams), err, took, wait)
			}
		}
	}
}

// TestClientWithoutServer sends where nobody listens: the refusals are counted, and
// once somebody does listen, all is well.
func TestClientWithoutServer(t *testing.T) {
	for _, portable := range []bool{false, true} {
		reserved, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback4, 0)))
		if err != nil {
			t.Fatal(err)
		}
		addr := reserved.LocalAddr().(*net.UDPAddr).AddrPort()
		reserved.Close()
		client := dial(t, netio.ClientConfig{Target: addr, Portable: portable})
		deadline := time.Now().Add(patience)
		for {
			client.Queue(0, []byte("hello?"))
			client.Flush()
			if _, _, err := client.Receive(time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if c := client.Counters(); c[netio.ReceiveErrors]+c[netio.SendErrors] >= 3 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("no refusal was noticed")
			}
		}
		cfg := on("127.0.0.1")
		cfg.Addrs[0] = addr
		serve(t, cfg, every(echo))
		for {
			client.Queue(0, []byte("hello!"))
			client.Flush()
			_, datagrams, err := client.Receive(10 * time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if len(datagrams) > 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("no answer")
			}
		}
	}
}

func TestDialErrors(t *testing.T) {
	target := netip.MustParseAddrPort("127.0.0.1:1814")
	for _, cfg := range []netio.ClientConfig{
		{},
		{Target: netip.MustParseAddrPort("127.0.0.1:0")},
		{Target: target, Sockets: -1},
		{Target: target, Sockets: netio.MaxSockets + 1},
		{Target: target, BatchSize: netio.MaxBatchSize + 1},
		{Target: netip.MustParseAddrPort("[fe80::1%nosuchlink]:1814")},
	} {
		if c, err := netio.Dial(cfg); err == nil {
			t.Errorf("%+v is accepted", cfg)
			c.Close()
		}
	}
}
