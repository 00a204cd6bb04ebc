package loadgen

import (
	"testing"
	"time"
)

// loopback is a connection in memory that returns what it is given, without
// allocating: what is left of a loop's time is the generator's own.
type loopback struct {
	lanes  int
	queues [][][]byte
	turn   int
}

func newLoopback(lanes int) *loopback {
	c := &loopback{lanes: lanes, queues: make([][][]byte, lanes)}
	for i := range c.queues {
		c.queues[i] = make([][]byte, 0, 2*MaxBurst)
	}
	return c
}

func (c *loopback) Lanes() int                     { return c.lanes }
func (c *loopback) Queue(lane int, request []byte) { c.queues[lane] = append(c.queues[lane], request) }
func (c *loopback) Flush()                         {}
func (c *loopback) Refused() uint64                { return 0 }
func (c *loopback) Close() error                   { return nil }

func (c *loopback) Receive(time.Duration) (int, [][]byte, error) {
	for range c.lanes {
		c.turn = (c.turn + 1) % c.lanes
		if replies := c.queues[c.turn]; len(replies) > 0 {
			c.queues[c.turn] = replies[:0]
			return c.turn, replies, nil
		}
	}
	return 0, nil, nil
}

// steadyLoop returns a turn of a loop that has grown to its size.
func steadyLoop(tb testing.TB, o Options, w Workload) (l *loop, turn func()) {
	tb.Helper()
	o, err := o.withDefaults()
	if err != nil {
		tb.Fatal(err)
	}
	source, err := w.Source(0, &o)
	if err != nil {
		tb.Fatal(err)
	}
	l = newLoop(&o, 0, newLoopback(o.Sockets), source)
	l.start = time.Now()
	l.measure(0)
	step := l.closedTurn
	var now time.Duration
	if l.schedule != nil {
		// Time goes on by a burst a turn, or the loop would wait for it.
		step = func(time.Duration) error {
			now += time.Duration(l.schedule.interval)
			l.start = time.Now().Add(-now)
			return l.openTurn(now)
		}
	}
	turn = func() {
		if err := step(l.now()); err != nil {
			tb.Fatal(err)
		}
	}
	for range 1000 {
		turn()
	}
	return l, turn
}

var steadyLoops = []struct {
	name string
	o    Options
	w    Workload
}{
	{"closed", Options{Sockets: 3, Outstanding: 192, Duration: time.Hour}, Echo{Size: 200}},
	{"open", Options{Sockets: 3, Rate: 1e6, Duration: time.Hour}, Echo{Size: 200}},
	{"open, payloads by counter", Options{Rate: 1e6, Duration: time.Hour}, Payload{Payloads: [][]byte{make([]byte, 40)}, Match: Match{Prefix: 2}}},
	{"open, payloads in order", Options{Rate: 1e6, Duration: time.Hour}, Payload{Payloads: [][]byte{make([]byte, 40)}}},
}

// TestSteadyLoopAllocatesNothing holds for both loops; the requests of confds have a
// test of their own.
func TestSteadyLoopAllocatesNothing(t *testing.T) {
	for _, c := range steadyLoops {
		l, turn := steadyLoop(t, c.o, c.w)
		before := l.answered
		if n := testing.AllocsPerRun(1000, turn); n != 0 {
			t.Errorf("%s: %g allocations a turn", c.name, n)
		}
		if l.answered-before < 1000 || l.notRight() > 0 {
			t.Errorf("%s: %d answered, %d not right", c.name, l.answered-before, l.notRight())
		}
	}
}

// BenchmarkLoop measures what a request costs the generator beside system calls and
// signatures.
func BenchmarkLoop(b *testing.B) {
	for _, c := range steadyLoops {
		b.Run(c.name, func(b *testing.B) {
			l, turn := steadyLoop(b, c.o, c.w)
			before := l.answered
			b.ReportAllocs()
			for b.Loop() {
				turn()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(l.answered-before), "ns/request")
		})
	}
}
