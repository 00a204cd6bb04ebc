package netio

import (
	"net/netip"
	"testing"
)

// roundTrip is both ends in one thread: a client that sends a batch, and the
// steps of a worker, called one after the other. Nothing waits and nothing runs
// beside it, so its smallest result of several (-count) is steady where the
// floor's depends on what else the machine does.
type roundTrip struct {
	client  *Client
	worker  *worker
	handler Handler
}

func newRoundTrip(tb testing.TB, addr string, offload OffloadMode) *roundTrip {
	tb.Helper()
	cfg, err := Config{Addrs: []netip.AddrPort{netip.MustParseAddrPort(addr)}, Workers: 1, Offload: offload}.withDefaults()
	if err != nil {
		tb.Fatal(err)
	}
	transports, err := openTransports(&cfg)
	if err != nil {
		tb.Fatal(err)
	}
	r := &roundTrip{worker: newWorker(transports[0], &cfg)}
	to := transports[0].Sockets()[0].Addr
	if to.Addr().IsUnspecified() {
		loopback := netip.MustParseAddr("127.0.0.1")
		if to.Addr().Is6() {
			loopback = netip.IPv6Loopback()
		}
		to = netip.AddrPortFrom(loopback, to.Port())
	}
	if r.client, err = Dial(ClientConfig{Target: to, Offload: offload, BatchSize: MaxBatchSize}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := r.client.Close(); err != nil {
			tb.Error(err)
		}
		if err := transports[0].Close(); err != nil {
			tb.Error(err)
		}
	})
	r.handler = HandlerFunc(func(b *Batch) {
		for i, d := range b.Datagrams() {
			if b.Room() < len(d) {
				b.Flush()
			}
			b.Reply(i, append(b.Arena(), d...))
		}
	})
	return r
}

// exchange sends the datagrams and receives the answers.
func (r *roundTrip) exchange(tb testing.TB, datagrams [][]byte) {
	for _, d := range datagrams {
		r.client.Queue(0, d)
	}
	r.client.Flush()
	w := r.worker
	for all := w.counters[Datagrams] + uint64(len(datagrams)); w.counters[Datagrams] < all; {
		n, err := w.transport.Receive(w.buffers, &w.counters)
		if err != nil {
			tb.Fatal(err)
		}
		if n == 0 {
			if err := w.transport.Wait(); err != nil {
				tb.Fatal(err)
			}
			continue
		}
		w.deliver(r.handler, w.buffers[:n])
		w.published.publish(&w.counters)
	}
	for answered := 0; answered < len(datagrams); {
		_, got, err := r.client.Receive(0)
		if err != nil {
			tb.Fatal(err)
		}
		answered += len(got)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	for _, f := range []struct {
		name, addr string
		offload    OffloadMode
	}{
		{"plain", "127.0.0.1:0", OffloadOff},
		{"wildcard", "0.0.0.0:0", OffloadOff},
		{"plain6", "[::1]:0", OffloadOff},
		{"coalesced", "127.0.0.1:0", OffloadAuto},
	} {
		b.Run(f.name, func(b *testing.B) {
			r := newRoundTrip(b, f.addr, f.offload)
			memory := make([]byte, 64*payloadSize)
			var datagrams [][]byte
			for i := 0; i < len(memory); i += payloadSize {
				datagrams = append(datagrams, memory[i:i+payloadSize])
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(memory)))
			for b.Loop() {
				r.exchange(b, datagrams)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(datagrams)), "ns/datagram")
		})
	}
}
