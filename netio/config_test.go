package netio_test

import (
	"context"
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"gantry/netio"
	"gantry/netio/netiotest"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

func TestConfigOutOfRange(t *testing.T) {
	base := on("127.0.0.1")
	for name, change := range map[string]func(*netio.Config){
		"no address":         func(c *netio.Config) { c.Addrs = nil },
		"unset address":      func(c *netio.Config) { c.Addrs = []netip.AddrPort{{}} },
		"mapped address":     func(c *netio.Config) { c.Addrs[0] = netip.MustParseAddrPort("[::ffff:127.0.0.1]:0") },
		"workers":            func(c *netio.Config) { c.Workers = -1 },
		"too many workers":   func(c *netio.Config) { c.Workers = netio.MaxWorkers + 1 },
		"batch size":         func(c *netio.Config) { c.BatchSize = -1 },
		"large batch size":   func(c *netio.Config) { c.BatchSize = netio.MaxBatchSize + 1 },
		"receive buffer":     func(c *netio.Config) { c.ReceiveBuffer = -1 },
		"request size":       func(c *netio.Config) { c.MaxRequest = -1 },
		"large request size": func(c *netio.Config) { c.MaxRequest = netio.MaxDatagram + 1 },
	} {
		cfg := base
		cfg.Addrs = append([]netip.AddrPort(nil), base.Addrs...)
		change(&cfg)
		if g, err := netio.Listen(cfg); err == nil {
			t.Errorf("%s: accepted", name)
			g.Close()
		}
	}
}

func TestOverlappingAddresses(t *testing.T) {
	for _, c := range []struct {
		a, b    string
		overlap bool
	}{
		{"127.0.0.1:1814", "127.0.0.1:1814", true},
		{"0.0.0.0:1814", "127.0.0.1:1814", true},
		{"127.0.0.1:1814", "0.0.0.0:1814", true},
		{"[::]:1814", "[::1]:1814", true},
		{"0.0.0.0:1814", "[::]:1814", false},
		{"127.0.0.1:1814", "127.0.0.1:1815", false},
		{"127.0.0.1:1814", "127.0.0.2:1814", false},
		{"127.0.0.1:0", "127.0.0.1:0", false},
	} {
		network := netiotest.New(1, netip.MustParseAddrPort(c.a), netip.MustParseAddrPort(c.b))
		_, err := network.Group(netio.Config{Addrs: []netip.AddrPort{netip.MustParseAddrPort(c.a), netip.MustParseAddrPort(c.b)}})
		if errors.Is(err, netio.ErrOverlap) != c.overlap {
			t.Errorf("%s and %s: %v", c.a, c.b, err)
		}
	}
}

func TestCounterNamesAreLabels(t *testing.T) {
	seen := make(map[string]bool)
	for c := range netio.NumCounters {
		name := c.String()
		if !regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`).MatchString(name) || seen[name] {
			t.Errorf("counter %d is called %q", c, name)
		}
		seen[name] = true
	}
}

// TestWorkerFailure ends the whole group with the error of the worker that failed.
func TestWorkerFailure(t *testing.T) {
	network := netiotest.New(3, netip.MustParseAddrPort("127.0.0.1:1814"))
	g, err := network.Group(netio.Config{})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the card fell out")
	network.FailReceive(broken)
	if err := g.Serve(context.Background(), every(echo)); !errors.Is(err, broken) {
		t.Errorf("Serve returned %v", err)
	}
	stats := g.Stats()
	if len(stats.Workers) != 3 {
		t.Errorf("stats after the end: %+v", stats)
	}
}

// TestCountersUnderLoad publishes after every batch, also while the next is there
// already.
func TestCountersUnderLoad(t *testing.T) {
	listen := netip.MustParseAddrPort("127.0.0.1:1814")
	network := netiotest.New(1, listen)
	g, err := network.Group(netio.Config{BatchSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	e := fakeEndpoint{network.Peer(netip.MustParseAddrPort("127.0.0.1:1000"))}
	const n = 5
	for range n {
		e.send(t, listen, 0, []byte("queued"))
	}
	batch := uint64(0)
	run(t, g, every(func(b *netio.Batch) {
		stats := g.Stats()
		if total := stats.Total(); total[netio.Batches] != batch {
			t.Errorf("after %d batches %d are counted", batch, total[netio.Batches])
		}
		batch++
		echo(b)
	}))
	for range n {
		e.receive(t)
	}
}

// TestFakeRefusals lets the fake's sends fail.
func TestFakeRefusals(t *testing.T) {
	listen := netip.MustParseAddrPort("127.0.0.1:1814")
	network := netiotest.New(1, listen)
	g, err := network.Group(netio.Config{})
	if err != nil {
		t.Fatal(err)
	}
	run(t, g, every(echo))
	good := fakeEndpoint{network.Peer(netip.MustParseAddrPort("127.0.0.1:1000"))}
	bad := fakeEndpoint{network.Peer(netip.MustParseAddrPort("127.0.0.1:2000"))}
	network.RefusePeer(bad.addr())
	network.RefuseSegments()
	bad.send(t, listen, 1, []byte("abc"))
	for range 2 {
		good.send(t, listen, 1, []byte("abc"))
		for _, want := range []string{"a", "b", "c"} {
			if a := good.receive(t); string(a.data) != want || a.shared {
				t.Errorf("got %q, shared: %t", a.data, a.shared)
			}
		}
	}
	eventually(t, g, map[netio.Counter]uint64{netio.SendErrors: 3, netio.Replies: 6, netio.Segmented: 0})
}

// TestFakePortZero drops what comes from port 0, single and coalesced.
func TestFakePortZero(t *testing.T) {
	listen := netip.MustParseAddrPort("[::1]:1814")
	network := netiotest.New(1, listen)
	g, err := network.Group(netio.Config{})
	if err != nil {
		t.Fatal(err)
	}
	run(t, g, every(echo))
	zero := fakeEndpoint{network.Peer(netip.MustParseAddrPort("[::1]:0"))}
	zero.send(t, listen, 0, []byte("one"))
	zero.send(t, listen, 3, []byte("twothrfou"))
	eventually(t, g, map[netio.Counter]uint64{netio.PortZero: 4, netio.Datagrams: 0, netio.Batches: 0, netio.Replies: 0})
}
