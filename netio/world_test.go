package netio_test

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"gantry/netio"
	"gantry/netio/netiotest"
)

// world is a way for datagrams to reach a group: what the conformance test runs
// against.
type world struct {
	name      string
	coalesces bool // a burst arrives in one buffer, replies may share a message
	start     func(t testing.TB, cfg netio.Config, newHandler func(int) netio.Handler) *netio.Group
	dial      func(t testing.TB, from netip.Addr) endpoint
}

// endpoint is a client in a world.
type endpoint interface {
	addr() netip.AddrPort
	// send sends the datagrams that data holds, segment bytes long each but the
	// last (0: one datagram), in one buffer if the world coalesces.
	send(t failer, to netip.AddrPort, segment int, data []byte)
	// receive waits for the next datagram.
	receive(t failer) answer
}

// failer is what a test and a property's check have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

type answer struct {
	from   netip.AddrPort
	data   []byte
	shared bool // it came in one buffer with others
}

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

var (
	loopback4 = netip.MustParseAddr("127.0.0.1")
	loopback6 = netip.IPv6Loopback()
)

// worlds returns all implementations that this system has.
func worlds() []world {
	return append(systemWorlds(), fakeWorld())
}

// fakeWorld is the network in memory. Its group gets a network of its own, which
// the endpoints dialled afterwards join.
func fakeWorld() world {
	var network *netiotest.Network
	port := uint16(20000)
	return world{
		name:      "fake",
		coalesces: true,
		start: func(t testing.TB, cfg netio.Config, newHandler func(int) netio.Handler) *netio.Group {
			for i, a := range cfg.Addrs {
				cfg.Addrs[i] = netip.AddrPortFrom(a.Addr(), 1814)
			}
			network = netiotest.New(max(cfg.Workers, 1), cfg.Addrs...)
			g, err := network.Group(cfg)
			if err != nil {
				t.Fatal(err)
			}
			run(t, g, newHandler)
			return g
		},
		dial: func(_ testing.TB, from netip.Addr) endpoint {
			port++
			return fakeEndpoint{network.Peer(netip.AddrPortFrom(from, port))}
		},
	}
}

type fakeEndpoint struct{ peer *netiotest.Peer }

func (e fakeEndpoint) addr() netip.AddrPort { return e.peer.Addr() }

func (e fakeEndpoint) send(t failer, to netip.AddrPort, segment int, data []byte) {
	t.Helper()
	if err := e.peer.SendCoalesced(to, segment, data); err != nil {
		t.Fatal(err)
	}
}

func (e fakeEndpoint) receive(t failer) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := e.peer.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return answer{r.From, r.Data, r.Shared}
}

// serve runs a group of sockets until the test ends and checks that it ends well.
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

// every lets all workers use one function.
func every(f netio.HandlerFunc) func(int) netio.Handler {
	return func(int) netio.Handler { return f }
}

// echo answers every datagram with itself.
func echo(b *netio.Batch) {
	for i, d := range b.Datagrams() {
		reply(b, i, d)
	}
}

// reply answers datagram i, flushing first if the arena is full.
func reply(b *netio.Batch, i int, data []byte) {
	if b.Room() < len(data) {
		b.Flush()
	}
	b.Reply(i, append(b.Arena(), data...))
}

// eventually waits until the counters are as wanted, which they are as soon as the
// workers are idle.
func eventually(t failer, g *netio.Group, want map[netio.Counter]uint64) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		stats := g.Stats()
		total := stats.Total()
		wrong := ""
		for c, n := range want {
			if total[c] != n {
				wrong += fmt.Sprintf(" %s is %d instead of %d;", c, total[c], n)
			}
		}
		if wrong == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("counters:%s", wrong)
		}
		runtime.Gosched()
	}
}

// at puts an address on the port that the group got.
func at(g *netio.Group, addr netip.Addr) netip.AddrPort {
	return netip.AddrPortFrom(addr, g.Addrs()[0].Port())
}

// on is a configuration that listens on one address.
func on(addr string) netio.Config {
	return netio.Config{Addrs: []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr(addr), 0)}, Workers: 1}
}
