package netio_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"gantry/netio"
)

func TestPortInUse(t *testing.T) {
	for _, workers := range []int{1, 3} {
		cfg := on("127.0.0.1")
		cfg.Workers = workers
		g := serve(t, cfg, every(echo))
		cfg.Addrs = g.Addrs()
		second, err := netio.Listen(cfg)
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a second group on %s: %v", g.Addrs()[0], err)
		}
		if err == nil {
			second.Close()
		}
	}
}

func TestListenErrorsNameTheAddress(t *testing.T) {
	for _, c := range []struct {
		addr string
		want error
	}{
		{"192.0.2.77:1814", syscall.EADDRNOTAVAIL},
		{"[fe80::1%nosuchlink]:1814", nil},
	} {
		_, err := netio.Listen(netio.Config{Addrs: []netip.AddrPort{netip.MustParseAddrPort(c.addr)}})
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !contains(err.Error(), c.addr) {
			t.Errorf("listening on %s: %v", c.addr, err)
		}
	}
}

// TestInheritedDescriptors lets a group take over another's sockets, with the same
// number of workers, fewer and more. What was queued meanwhile is answered.
func TestInheritedDescriptors(t *testing.T) {
	const before = 4
	for workers := 1; workers <= 6; workers++ {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			cfg := on("127.0.0.1")
			cfg.Workers = before
			old, err := netio.Listen(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer old.Close()
			files, err := old.Files()
			if err != nil || len(files) != before {
				t.Fatalf("%d files, %v", len(files), err)
			}
			to := at(old, loopback4)
			var clients []endpoint
			for i := range 16 { // enough for the kernel to use all sockets
				clients = append(clients, dialSocket(t, loopback4, true))
				clients[i].send(t, to, 0, fmt.Append(nil, "queued by ", i))
			}
			g := serve(t, netio.Config{Files: files, Workers: workers}, every(echo))
			for _, f := range files {
				f.Close()
			}
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			stats := g.Stats()
			if want := max(before, workers); len(stats.Sockets) != want || len(stats.Workers) != workers {
				t.Errorf("%d sockets and %d workers, want %d and %d", len(stats.Sockets), len(stats.Workers), want, workers)
			}
			owned := make([]int, workers)
			for _, s := range stats.Sockets {
				owned[s.Worker]++
			}
			if slices.Max(owned)-slices.Min(owned) > 1 {
				t.Errorf("the workers own %v sockets", owned)
			}
			if addrs := g.Addrs(); len(addrs) != 1 || addrs[0] != to {
				t.Errorf("it listens on %v instead of %s", addrs, to)
			}
			for i, c := range clients {
				if got, want := string(c.receive(t).data), fmt.Sprint("queued by ", i); got != want {
					t.Errorf("got %q instead of %q", got, want)
				}
				c.send(t, to, 0, []byte("later"))
				if got := string(c.receive(t).data); got != "later" {
					t.Errorf("got %q", got)
				}
			}
		})
	}
}

func TestOddDescriptorsAreRefused(t *testing.T) {
	unbound, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	streamFile, err := stream.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{os.NewFile(uintptr(unbound), "unbound"), streamFile, plain} {
		if g, err := netio.Listen(netio.Config{Files: []*os.File{f}}); err == nil {
			t.Errorf("%s is taken for a bound UDP socket", f.Name())
			g.Close()
		}
		f.Close()
	}
}

// TestRefusedSegments lets the kernel refuse to cut messages, as it does on sockets
// without checksums. Everything is answered all the same, and it is told once.
func TestRefusedSegments(t *testing.T) {
	var mu sync.Mutex
	var told []error
	cfg := on("127.0.0.1")
	cfg.Notify = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if _, small := errors.AsType[*netio.BufferError](err); !small { // that is the system's affair
			told = append(told, err)
		}
	}
	g := serve(t, cfg, every(echo))
	setSocket(t, g, unix.SOL_SOCKET, unix.SO_NO_CHECK, 1)
	e := dialSocket(t, loopback4, true)
	for range 3 {
		e.send(t, at(g, loopback4), 2, []byte("aabbccddeef"))
		for _, want := range []string{"aa", "bb", "cc", "dd", "ee", "f"} {
			if a := e.receive(t); string(a.data) != want || a.shared {
				t.Fatalf("got %q instead of %q, shared: %t", a.data, want, a.shared)
			}
		}
	}
	eventually(t, g, map[netio.Counter]uint64{
		netio.Datagrams: 18, netio.Coalesced: 18, netio.Replies: 18, netio.Segmented: 0, netio.SendErrors: 0,
	})
	stats := g.Stats()
	if stats.Sockets[0].SegmentSend || !stats.Sockets[0].CoalesceReceive {
		t.Errorf("the socket is described as %+v", stats.Sockets[0])
	}
	mu.Lock()
	defer mu.Unlock()
	var refusal *netio.OffloadError
	if len(told) != 1 || !errors.As(told[0], &refusal) || refusal.Feature != netio.SegmentedSend ||
		refusal.Addr != g.Addrs()[0] || !errors.Is(refusal, syscall.EINVAL) {
		t.Errorf("told: %v", told)
	}
}

// setSocket sets an option of a group's sockets through their duplicates.
func setSocket(t *testing.T, g *netio.Group, level, option, value int) {
	t.Helper()
	files, err := g.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := unix.SetsockoptInt(int(f.Fd()), level, option, value); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

func TestOffloadOffIsOff(t *testing.T) {
	cfg := on("127.0.0.1")
	cfg.Offload = netio.OffloadOff
	stats := serve(t, cfg, every(echo)).Stats()
	if s := stats.Sockets[0]; s.CoalesceReceive || s.SegmentSend {
		t.Errorf("the socket is described as %+v", s)
	}
}

// TestKernelDropsAreExact overflows a socket's queue: what was sent was either
// handed over or counted as dropped.
func TestKernelDropsAreExact(t *testing.T) {
	const sent = 3000
	cfg := on("127.0.0.1")
	cfg.ReceiveBuffer = 64 << 10
	cfg.Offload = netio.OffloadOff
	g, err := netio.Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	e := dialSocket(t, loopback4, false)
	for range sent {
		e.send(t, at(g, loopback4), 0, make([]byte, 500))
	}
	drops := func() uint64 { s := g.Stats(); return s.KernelDrops() }
	dropped := drops()
	if dropped == 0 || dropped >= sent {
		t.Fatalf("%d of %d datagrams were dropped", dropped, sent)
	}
	run(t, g, every(func(*netio.Batch) {}))
	eventually(t, g, map[netio.Counter]uint64{netio.Datagrams: sent - dropped})
	if again := drops(); again != dropped {
		t.Errorf("the drops went from %d to %d", dropped, again)
	}
	stats := g.Stats()
	if s := stats.Sockets[0]; !s.DropsKnown || s.ReceiveBuffer < cfg.ReceiveBuffer {
		t.Errorf("the socket is described as %+v", s)
	}
}

// TestSourcePortZero sends from port 0, which only a raw socket can, and so only
// root: the fake's conformance test covers it for everybody.
func TestSourcePortZero(t *testing.T) {
	raw, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if errors.Is(err, unix.EPERM) {
		t.Logf("no raw sockets without root")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(raw)
	g := serve(t, on("127.0.0.1"), every(echo))
	to := at(g, loopback4)
	packet := []byte{0, 0, byte(to.Port() >> 8), byte(to.Port()), 0, 12, 0, 0, 'z', 'e', 'r', 'o'}
	if err := unix.Sendto(raw, packet, 0, &unix.SockaddrInet4{Addr: to.Addr().As4()}); err != nil {
		t.Fatal(err)
	}
	e := dialSocket(t, loopback4, false)
	e.send(t, to, 0, []byte("from a port"))
	if a := e.receive(t); string(a.data) != "from a port" {
		t.Errorf("got %q", a.data)
	}
	eventually(t, g, map[netio.Counter]uint64{netio.PortZero: 1, netio.Datagrams: 1})
}

// TestVanishedPeers answers peers that are gone: the errors that come back disturb
// nobody.
func TestVanishedPeers(t *testing.T) {
	g := serve(t, on("127.0.0.1"), every(echo))
	stays := dialSocket(t, loopback4, true)
	for range 50 {
		goes := dialSocket(t, loopback4, true).(*socketEndpoint)
		goes.send(t, at(g, loopback4), 0, []byte("never mind"))
		goes.conn.Close()
		stays.send(t, at(g, loopback4), 0, []byte("still there"))
		if a := stays.receive(t); string(a.data) != "still there" {
			t.Fatalf("got %q", a.data)
		}
	}
	eventually(t, g, map[netio.Counter]uint64{netio.Datagrams: 100, netio.Replies: 100, netio.SendErrors: 0})
}

// TestSeveralAddresses has one worker serve several sockets. A flood on one does
// not starve the others.
func TestSeveralAddresses(t *testing.T) {
	cfg := on("127.0.0.1")
	first := serve(t, on("127.0.0.2"), every(echo)) // only to learn a free port
	port := first.Addrs()[0].Port()
	cfg.Addrs = append(cfg.Addrs, netip.AddrPortFrom(loopback6, port), netip.MustParseAddrPort("127.0.0.3:0"))
	g := serve(t, cfg, every(echo))
	addrs := g.Addrs()
	if len(addrs) != 3 {
		t.Fatalf("it listens on %v", addrs)
	}
	stop := make(chan struct{})
	var flood sync.WaitGroup
	flood.Go(func() {
		e := dialSocket(t, loopback4, true)
		for {
			select {
			case <-stop:
				return
			default:
				e.send(t, addrs[0], 100, make([]byte, 6400))
			}
		}
	})
	six, four := dialSocket(t, loopback6, true), dialSocket(t, loopback4, true)
	for range 200 {
		six.send(t, addrs[1], 0, []byte("six"))
		four.send(t, addrs[2], 0, []byte("four"))
		if a := six.receive(t); string(a.data) != "six" || a.from != addrs[1] {
			t.Fatalf("got %q from %s", a.data, a.from)
		}
		if a := four.receive(t); string(a.data) != "four" || a.from != addrs[2] {
			t.Fatalf("got %q from %s", a.data, a.from)
		}
	}
	close(stop)
	flood.Wait()
}

// TestWildcardsOfBothFamilies binds 0.0.0.0 and [::] to one port in one group.
func TestWildcardsOfBothFamilies(t *testing.T) {
	probe, err := netio.Listen(on("0.0.0.0"))
	if err != nil {
		t.Fatal(err)
	}
	port := probe.Addrs()[0].Port()
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := netio.Config{Workers: 2, Addrs: []netip.AddrPort{
		netip.AddrPortFrom(netip.IPv4Unspecified(), port), netip.AddrPortFrom(netip.IPv6Unspecified(), port),
	}}
	g := serve(t, cfg, every(echo))
	for _, ask := range []netip.Addr{loopback4, loopback6} {
		e := dialSocket(t, ask, true)
		e.send(t, at(g, ask), 0, []byte("hello"))
		if a := e.receive(t); string(a.data) != "hello" || a.from != at(g, ask) {
			t.Errorf("asked %s, got %q from %s", ask, a.data, a.from)
		}
	}
}

// TestLinkLocal asks every link-local address of this machine, with the wildcard
// and with the address itself bound.
func TestLinkLocal(t *testing.T) {
	links, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, link := range links {
		addrs, err := link.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addrs {
			prefix, err := netip.ParsePrefix(a.String())
			if err != nil || !prefix.Addr().Is6() || !prefix.Addr().IsLinkLocalUnicast() || link.Flags&net.FlagUp == 0 {
				continue
			}
			local := prefix.Addr().WithZone(link.Name)
			asked++
			for _, listen := range []string{"::", local.String()} {
				g := serve(t, on(listen), every(echo))
				e := dialSocket(t, local, true)
				e.send(t, at(g, local), 3, []byte("onetwo"))
				for _, want := range []string{"one", "two"} {
					if a := e.receive(t); string(a.data) != want || a.from != at(g, local) {
						t.Errorf("%s asked as %s: got %q from %s", listen, local, a.data, a.from)
					}
				}
			}
		}
	}
	t.Logf("%d link-local addresses", asked)
}

// TestIdleWorkersLetTheWorldStop collects garbage while workers wait: a worker that
// waited behind the scheduler's back would hold it up for ever.
func TestIdleWorkersLetTheWorldStop(t *testing.T) {
	cfg := on("127.0.0.1")
	cfg.Workers = 2 * runtime.GOMAXPROCS(0)
	g := serve(t, cfg, every(echo))
	e := dialSocket(t, loopback4, true)
	for range 20 {
		runtime.GC()
		e.send(t, at(g, loopback4), 0, []byte("awake?"))
		e.receive(t)
	}
}

// TestNothingIsLeft counts goroutines and descriptors after groups and clients have
// come and gone, in every way.
func TestNothingIsLeft(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	before := descriptors(t)
	for _, portable := range []bool{false, true} {
		cfg := on("127.0.0.1")
		cfg.Portable = portable
		cfg.Workers = 2
		cfg.Addrs = append(cfg.Addrs, netip.MustParseAddrPort("[::1]:0"))

		served, err := netio.Listen(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := served.Serve(ctx, every(echo)); err != nil {
			t.Error(err)
		}
		if err := served.Serve(ctx, every(echo)); !errors.Is(err, netio.ErrClosed) {
			t.Errorf("serving again: %v", err)
		}

		idle, err := netio.Listen(cfg)
		if err != nil {
			t.Fatal(err)
		}
		taken := cfg
		taken.Addrs = append(taken.Addrs[:1:1], idle.Addrs()[1])
		if _, err := netio.Listen(taken); err == nil {
			t.Error("a taken port is bound again")
		}
		client, err := netio.Dial(netio.ClientConfig{Target: idle.Addrs()[0], Sockets: 3, Portable: portable})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(client.Close(), idle.Close(), idle.Close()); err != nil {
			t.Error(err)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// descriptors counts the open ones.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
