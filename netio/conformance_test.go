package netio_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"gantry/netio"
)

// TestConformance holds every implementation to the same behaviour.
func TestConformance(t *testing.T) {
	for _, w := range worlds() {
		t.Run(w.name, func(t *testing.T) {
			for _, c := range []struct {
				name string
				run  func(*testing.T, world)
			}{
				{"every datagram is answered once, in the order of the replies", answeredOnceInOrder},
				{"answers come from the address that was asked", answersFromAskedAddress},
				{"both families are served at once", bothFamilies},
				{"the largest datagram is echoed", largestDatagram},
				{"empty datagrams are answered, also emptily", emptyDatagrams},
				{"a batch has its limits", batchLimits},
				{"replies beyond the arena go out by Flush", flushes},
				{"what is not answered stays unanswered", unanswered},
				{"too long requests are dropped and counted", tooLong},
				{"a reply that cannot be sent costs only itself", badReply},
				{"who coalesces is answered coalesced", coalescedAnswers},
				{"coalesced answers stay within a message's limits", longCoalescedAnswers},
				{"who does not coalesce is not", plainAnswers},
				{"counters are exact when idle", exactCounters},
				{"the handler can tell who asks whom", peerAndLocal},
			} {
				t.Run(c.name, func(t *testing.T) { c.run(t, w) })
			}
		})
	}
}

// burst is what an endpoint sends at once: datagrams of one length, the last
// perhaps shorter.
type burst struct {
	endpoint int
	lengths  []int
	coalesce bool
}

// answeredOnceInOrder sends arbitrary bursts from several endpoints to a handler
// that answers each batch in an arbitrary order with replies of arbitrary length,
// flushing now and then, and checks that each endpoint gets exactly the replies
// made for it, in the order in which they were made.
func answeredOnceInOrder(t *testing.T, w world) {
	rapid.Check(t, func(rt *rapid.T) {
		scene := new(cleanups)
		scene.TB = t
		defer scene.run()
		endpoints := rapid.IntRange(1, 3).Draw(rt, "endpoints")
		bursts := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) burst {
			n := rapid.IntRange(1, 64).Draw(rt, "datagrams")
			length := rapid.IntRange(8, 600).Draw(rt, "length")
			b := burst{endpoint: rapid.IntRange(0, endpoints-1).Draw(rt, "endpoint"), coalesce: rapid.Bool().Draw(rt, "coalesce")}
			for range n - 1 {
				b.lengths = append(b.lengths, length)
			}
			b.lengths = append(b.lengths, rapid.IntRange(8, length).Draw(rt, "last"))
			return b
		}), 1, 8).Draw(rt, "bursts")
		style := rapid.IntRange(0, 1<<20).Draw(rt, "style")

		log := &replyLog{made: make(map[netip.AddrPort][][]byte)}
		cfg := on("127.0.0.1")
		cfg.Workers = rapid.IntRange(1, 2).Draw(rt, "workers")
		g := w.start(scene, cfg, func(int) netio.Handler { return &shuffling{style: style, log: log} })
		var clients []endpoint
		for range endpoints {
			clients = append(clients, w.dial(scene, loopback4))
		}
		expected, received := make([]int, endpoints), make([]int, endpoints)
		sequence, underWay := 0, 0
		settle := func() {
			for i, c := range clients {
				for ; received[i] < expected[i]; received[i]++ {
					got := c.receive(rt).data
					if want := log.reply(c.addr(), received[i]); !bytes.Equal(got, want) {
						rt.Fatalf("endpoint %d, reply %d is %.12q, %d bytes, instead of %.12q, %d bytes",
							i, received[i], got, len(got), want, len(want))
					}
				}
			}
			underWay = 0
		}
		for _, b := range bursts {
			if underWay += len(b.lengths); underWay > maxUnderWay {
				settle()
			}
			var data []byte
			for _, length := range b.lengths {
				datagram := bytes.Repeat([]byte{byte(sequence)}, length)
				copy(datagram, fmt.Sprintf("%08d", sequence))
				data = append(data, datagram...)
				sequence++
				if !b.coalesce {
					clients[b.endpoint].send(rt, at(g, loopback4), 0, datagram)
				}
			}
			if b.coalesce {
				clients[b.endpoint].send(rt, at(g, loopback4), b.lengths[0], data)
			}
			expected[b.endpoint] += len(b.lengths)
		}
		settle()
		eventually(rt, g, map[netio.Counter]uint64{netio.Datagrams: uint64(sequence), netio.Replies: uint64(sequence)})
		if made := log.count(); made != sequence {
			rt.Fatalf("%d datagrams were handed over instead of %d", made, sequence)
		}
	})
}

// maxUnderWay is how many datagrams fit the smallest receive queue that a system may
// give us: the kernel counts up to 2.3 kB for one with its overhead, and Linux's
// usual limit is twice 208 kB.
const maxUnderWay = 150

// cleanups runs what is registered with it at the end of one check, of which a
// test makes many.
type cleanups struct {
	testing.TB
	todo []func()
}

func (c *cleanups) Cleanup(f func()) { c.todo = append(c.todo, f) }

func (c *cleanups) run() {
	for i := len(c.todo) - 1; i >= 0; i-- {
		c.todo[i]()
	}
}

// replyLog keeps the replies made for every peer.
type replyLog struct {
	mu   sync.Mutex
	made map[netip.AddrPort][][]byte
}

func (l *replyLog) add(peer netip.AddrPort, data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made[peer] = append(l.made[peer], data)
}

func (l *replyLog) reply(peer netip.AddrPort, n int) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.made[peer][n]
}

func (l *replyLog) count() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, made := range l.made {
		n += len(made)
	}
	return n
}

// shuffling answers the datagrams of a batch in an order of its own.
type shuffling struct {
	style int
	log   *replyLog
}

func (s *shuffling) Handle(b *netio.Batch) {
	datagrams := b.Datagrams()
	n := len(datagrams)
	step := 1
	if s.style%3 == 1 {
		step = 7919 // a prime, so that every index comes up once
	}
	for k := range n {
		i := k * step % n
		if s.style%3 == 2 {
			i = n - 1 - k
		}
		d := datagrams[i]
		answer := append([]byte{}, d[:8]...)
		switch s.style % 4 {
		case 0: // as long as the request
			answer = append(answer, d[8:]...)
		case 1: // of few lengths
			answer = append(answer, make([]byte, int(d[7])%3)...)
		case 2: // longer than a segment may be, now and then
			answer = append(answer, make([]byte, 1240*(int(d[7])%2))...)
		}
		s.log.add(b.Peer(i), answer)
		if s.style%5 == 0 && k%17 == 16 {
			b.Flush()
		}
		reply(b, i, answer)
	}
}

func answersFromAskedAddress(t *testing.T, w world) {
	for _, c := range []struct{ listen, ask string }{
		{"127.0.0.1", "127.0.0.1"},
		{"0.0.0.0", "127.0.0.1"},
		{"0.0.0.0", "127.0.0.2"},
		{"0.0.0.0", "127.77.3.9"},
		{"::1", "::1"},
		{"::", "::1"},
		{"::", "127.0.0.1"},
		{"::", "127.0.0.2"},
	} {
		g := w.start(t, on(c.listen), every(echo))
		ask := netip.MustParseAddr(c.ask)
		from := loopback6
		if ask.Is4() {
			from = loopback4
		}
		e := w.dial(t, from)
		e.send(t, at(g, ask), 4, []byte("onlytext"))
		for range 2 {
			if a := e.receive(t); a.from != at(g, ask) {
				t.Errorf("%s, asked as %s, answered from %s", c.listen, c.ask, a.from)
			}
		}
	}
}

func bothFamilies(t *testing.T, w world) {
	cfg := on("0.0.0.0")
	cfg.Addrs = append(cfg.Addrs, on("::").Addrs...)
	g := w.start(t, cfg, every(echo))
	for i, asked := range []netip.Addr{loopback4, loopback6} {
		to := netip.AddrPortFrom(asked, g.Addrs()[i].Port())
		e := w.dial(t, asked)
		e.send(t, to, 0, []byte("hello"))
		if a := e.receive(t); string(a.data) != "hello" || a.from != to {
			t.Errorf("asked %s, got %q from %s", to, a.data, a.from)
		}
	}
}

func largestDatagram(t *testing.T, w world) {
	g := w.start(t, on("127.0.0.1"), every(echo))
	e := w.dial(t, loopback4)
	want := bytes.Repeat([]byte("0123456789a"), 65507/11+1)[:65507]
	e.send(t, at(g, loopback4), 0, want)
	if a := e.receive(t); !bytes.Equal(a.data, want) {
		t.Errorf("%d bytes came back, or others than were sent", len(a.data))
	}
}

func emptyDatagrams(t *testing.T, w world) {
	g := w.start(t, on("127.0.0.1"), every(func(b *netio.Batch) {
		for i, d := range b.Datagrams() {
			if len(d) == 0 {
				reply(b, i, []byte("nothing"))
			} else {
				reply(b, i, nil)
			}
		}
	}))
	e := w.dial(t, loopback4)
	e.send(t, at(g, loopback4), 0, nil)
	e.send(t, at(g, loopback4), 0, []byte("something"))
	if a := e.receive(t); string(a.data) != "nothing" {
		t.Errorf("the empty datagram was answered %q", a.data)
	}
	if a := e.receive(t); len(a.data) != 0 {
		t.Errorf("the empty answer is %q", a.data)
	}
}

func batchLimits(t *testing.T, w world) {
	const bursts, each = 12, 64
	broken := make(chan string, 1)
	g := w.start(t, on("127.0.0.1"), every(func(b *netio.Batch) {
		switch n := len(b.Datagrams()); {
		case n < 1, n > netio.MaxDatagrams:
			broken <- fmt.Sprintf("a batch of %d datagrams", n)
		case len(b.Arena()) != 0, b.Room() < netio.MaxDatagram:
			broken <- fmt.Sprintf("an arena of %d bytes with room for %d", len(b.Arena()), b.Room())
		}
		echo(b)
	}))
	e := w.dial(t, loopback4)
	for range bursts / 4 {
		for range 4 {
			e.send(t, at(g, loopback4), 100, make([]byte, 100*each))
		}
		for range 4 * each {
			e.receive(t)
		}
	}
	select {
	case text := <-broken:
		t.Error(text)
	default:
	}
}

func flushes(t *testing.T, w world) {
	const requests, size = 20, 50_000
	g := w.start(t, on("127.0.0.1"), every(func(b *netio.Batch) {
		for i, d := range b.Datagrams() {
			if b.Flush(); b.Room() < netio.MaxDatagram || len(b.Arena()) != 0 {
				d = []byte("!")
			}
			reply(b, i, bytes.Repeat(d, size))
		}
	}))
	e := w.dial(t, loopback4)
	for i := range requests {
		e.send(t, at(g, loopback4), 0, []byte{byte('a' + i)})
		if a := e.receive(t); !bytes.Equal(a.data, bytes.Repeat([]byte{byte('a' + i)}, size)) {
			t.Fatalf("answer %d is %.5q, %d bytes", i, a.data, len(a.data))
		}
	}
}

func unanswered(t *testing.T, w world) {
	g := w.start(t, on("127.0.0.1"), every(func(b *netio.Batch) {
		for i, d := range b.Datagrams() {
			if d[0] == 'y' {
				reply(b, i, d)
			}
		}
	}))
	e := w.dial(t, loopback4)
	e.send(t, at(g, loopback4), 2, []byte("y1n1n2y2n3y3"))
	for _, want := range []string{"y1", "y2", "y3"} {
		if a := e.receive(t); string(a.data) != want {
			t.Errorf("got %q instead of %q", a.data, want)
		}
	}
	eventually(t, g, map[netio.Counter]uint64{netio.Datagrams: 6, netio.Replies: 3})
}

func tooLong(t *testing.T, w world) {
	cfg := on("127.0.0.1")
	cfg.MaxRequest = 100
	g := w.start(t, cfg, every(echo))
	e := w.dial(t, loopback4)
	e.send(t, at(g, loopback4), 0, make([]byte, 101))
	e.send(t, at(g, loopback4), 0, make([]byte, 65507))
	e.send(t, at(g, loopback4), 101, make([]byte, 3*101+50))
	e.send(t, at(g, loopback4), 0, make([]byte, 100))
	if a := e.receive(t); len(a.data) != 50 {
		t.Errorf("the short end of a burst came back %d bytes long", len(a.data))
	}
	if a := e.receive(t); len(a.data) != 100 {
		t.Errorf("the longest request came back %d bytes long", len(a.data))
	}
	eventually(t, g, map[netio.Counter]uint64{netio.Datagrams: 2, netio.Truncated: 5})
}

func badReply(t *testing.T, w world) {
	g := w.start(t, on("127.0.0.1"), every(func(b *netio.Batch) {
		for i, d := range b.Datagrams() {
			if d[0] == 'x' {
				d = make([]byte, 65508) // more than UDP over IPv4 carries
			}
			reply(b, i, d)
		}
	}))
	e := w.dial(t, loopback4)
	e.send(t, at(g, loopback4), 1, []byte("axbxxc"))
	for _, want := range []string{"a", "b", "c"} {
		if a := e.receive(t); string(a.data) != want {
			t.Errorf("got %q instead of %q", a.data, want)
		}
	}
	eventually(t, g, map[netio.Counter]uint64{netio.Replies: 3, netio.SendErrors: 3})
}

func coalescedAnswers(t *testing.T, w world) {
	said := make(chan bool, 1000)
	g := w.start(t, on("127.0.0.1"), every(func(b *netio.Batch) {
		for i, d := range b.Datagrams() {
			said <- b.Coalesces(i)
			reply(b, i, d)
		}
	}))
	e := w.dial(t, loopback4)
	const n = 40
	data := make([]byte, 0, n*9)
	for i := range n {
		data = fmt.Appendf(data, "request%02d", i)
	}
	e.send(t, at(g, loopback4), 9, data[:len(data)-1])
	for i := range n {
		want := fmt.Sprintf("request%02d", i)
		if i == n-1 {
			want = want[:8]
		}
		if a := e.receive(t); string(a.data) != want || a.shared != w.coalesces {
			t.Fatalf("answer %d is %q, shared: %t", i, a.data, a.shared)
		}
		if s := <-said; s != w.coalesces {
			t.Fatalf("Coalesces said %t of datagram %d", s, i)
		}
	}
	want := map[netio.Counter]uint64{
		netio.Datagrams: n, netio.Replies: n, netio.SentBytes: uint64(len(data) - 1), netio.Messages: n,
	}
	if w.coalesces {
		want[netio.Coalesced], want[netio.Segmented], want[netio.Messages] = n, n, 1
	}
	eventually(t, g, want)
}

func longCoalescedAnswers(t *testing.T, w world) {
	const n, size = 64, 1200 // of 64 such answers 54 fit a message
	g := w.start(t, on("127.0.0.1"), every(func(b *netio.Batch) {
		for i, d := range b.Datagrams() {
			reply(b, i, bytes.Repeat(d, size/2))
		}
	}))
	e := w.dial(t, loopback4)
	var data []byte
	for i := range n {
		data = append(data, byte('0'+i/10), byte('0'+i%10))
	}
	e.send(t, at(g, loopback4), 2, data)
	for i := range n {
		if a := e.receive(t); !bytes.Equal(a.data, bytes.Repeat(data[2*i:2*i+2], size/2)) {
			t.Fatalf("answer %d is %.6q, %d bytes", i, a.data, len(a.data))
		}
	}
	want := map[netio.Counter]uint64{netio.Replies: n, netio.SendErrors: 0, netio.Messages: n}
	if w.coalesces {
		want[netio.Messages] = 2
	}
	eventually(t, g, want)
}

func plainAnswers(t *testing.T, w world) {
	g := w.start(t, on("127.0.0.1"), every(echo))
	e := w.dial(t, loopback4)
	const n = 50
	for range n {
		e.send(t, at(g, loopback4), 0, []byte("the same length"))
	}
	for range n {
		if a := e.receive(t); string(a.data) != "the same length" || a.shared {
			t.Fatalf("got %q, shared: %t", a.data, a.shared)
		}
	}
	eventually(t, g, map[netio.Counter]uint64{netio.Replies: n, netio.Coalesced: 0, netio.Segmented: 0})
}

func exactCounters(t *testing.T, w world) {
	cfg := on("127.0.0.1")
	cfg.Workers = 2
	g := w.start(t, cfg, every(echo))
	var sent, received uint64
	for range 5 {
		e := w.dial(t, loopback4)
		for i := range 20 {
			data := make([]byte, 10+i)
			e.send(t, at(g, loopback4), 0, data)
			sent += uint64(len(data))
			received += uint64(len(e.receive(t).data))
		}
	}
	eventually(t, g, map[netio.Counter]uint64{
		netio.Datagrams: 100, netio.Replies: 100, netio.ReceivedBytes: sent, netio.SentBytes: received,
		netio.PortZero: 0, netio.Truncated: 0, netio.ReceiveErrors: 0, netio.SendErrors: 0, netio.SendFull: 0,
	})
}

func peerAndLocal(t *testing.T, w world) {
	g := w.start(t, on("0.0.0.0"), every(func(b *netio.Batch) {
		for i := range b.Datagrams() {
			reply(b, i, fmt.Appendf(nil, "%s asks %s", b.Peer(i), b.Local(i)))
		}
	}))
	asked := at(g, netip.MustParseAddr("127.0.0.5"))
	e := w.dial(t, loopback4)
	e.send(t, asked, 0, []byte("who?"))
	if got, want := string(e.receive(t).data), fmt.Sprintf("%s asks %s", e.addr(), asked); got != want {
		t.Errorf("got %q instead of %q", got, want)
	}
}
