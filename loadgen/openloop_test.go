package loadgen_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"gantry/loadgen"
)

// simulate runs a load on a simulated server by a fake clock.
func simulate(t *testing.T, server simulated, o loadgen.Options) (r *loadgen.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		if r, err = loadgen.Run(context.Background(), server, loadgen.Echo{Size: 64}, o); err != nil {
			t.Fatal(err)
		}
	})
	return r
}

// TestStallsShow puts both loops on a server that stalls for 100 ms once a second.
// Of 20,000 requests a second that come regardless, a tenth meets the stall, so one
// in a hundred waits for more than 90 ms. The closed loop doesn't see it: while the
// server stalls it has 64 requests under way, and asks for nothing, so that of all
// that it measures not one in a thousand waited.
func TestStallsShow(t *testing.T) {
	server := simulated{service: 5 * time.Microsecond, stallEvery: time.Second, stallFor: 100 * time.Millisecond}
	open := simulate(t, server, loadgen.Options{Rate: 20_000, Duration: 2 * time.Second})
	p50, p99 := open.Latency.Quantile(0.5), open.Latency.Quantile(0.99)
	if p50 >= time.Millisecond || p99 < 85*time.Millisecond || p99 > 110*time.Millisecond {
		t.Errorf("open loop: p50 %s, p99 %s", p50, p99)
	}
	if open.LatencyKind != "intended" || open.Loop != "open" || !open.Clean() || open.Sent != 40_000 {
		t.Errorf("open loop: %+v", open)
	}
	closed := simulate(t, server, loadgen.Options{Outstanding: 64, Duration: 2 * time.Second})
	if p99 := closed.Latency.Quantile(0.99); p99 >= time.Millisecond || closed.LatencyKind != "service" {
		t.Errorf("closed loop: p99 %s, of %s times: it sees the stall, which is not what docs/load.md says", p99, closed.LatencyKind)
	}
}

// TestRateIsKept sends as many requests as the rate and the time say, in the bursts
// that it says.
func TestRateIsKept(t *testing.T) {
	for _, c := range []struct {
		o     loadgen.Options
		burst int
		sent  uint64
	}{
		{loadgen.Options{Rate: 1, Duration: 5 * time.Second}, 1, 5},
		{loadgen.Options{Rate: 0.5, Warmup: 3 * time.Second, Duration: 20 * time.Second}, 1, 10},
		{loadgen.Options{Rate: 20_000, Warmup: 100 * time.Millisecond, Duration: time.Second}, 1, 20_000},
		{loadgen.Options{Rate: 20_000, Workers: 2, Sockets: 3, Duration: 500 * time.Millisecond}, 1, 10_000},
		{loadgen.Options{Rate: 200_000, Duration: 100 * time.Millisecond}, 10, 20_000},
		{loadgen.Options{Rate: 200_000, Workers: 2, Coalesce: 4, Duration: 100 * time.Millisecond}, 8, 20_000},
		{loadgen.Options{Rate: 1000, Burst: 100, Duration: time.Second}, 100, 1000},
		{loadgen.Options{Rate: 1e9, Coalesce: 40, Requests: 10_000, Duration: time.Second}, 240, 10_000},
		{loadgen.Options{Rate: 20_000, Requests: 7777}, 1, 7777},
	} {
		r := simulate(t, simulated{service: 2}, c.o)
		if r.Sent != c.sent || r.Answered != c.sent || !r.Clean() || r.Burst != c.burst || r.Offered != c.o.Rate {
			t.Errorf("%+v: sent %d in bursts of %d, answered %d, unsent %d, offered %g", c.o, r.Sent, r.Burst, r.Answered, r.Unsent, r.Offered)
		}
		if c.o.Requests == 0 && math.Abs(r.SentRate/c.o.Rate-1) > 0.01 {
			t.Errorf("%+v: %g a second were sent", c.o, r.SentRate)
		}
	}
}

// TestSlowGeneratorIsSeen counts what a generator could not send in time, and shows
// how late it was.
func TestSlowGeneratorIsSeen(t *testing.T) {
	slow := simulated{service: 1, sending: 10 * time.Millisecond} // 256 requests each time at most
	r := simulate(t, slow, loadgen.Options{Rate: 100_000, Duration: 2 * time.Second, Timeout: 500 * time.Millisecond})
	if r.Sent+r.Unsent != 200_000 || r.Unsent < 100_000 || r.Clean() {
		t.Errorf("%d sent, %d not", r.Sent, r.Unsent)
	}
	if delay := r.SendDelay.Quantile(0.99); delay < time.Second {
		t.Errorf("it was late by %s only", delay)
	}
	if r.Latency.Quantile(0.99) < r.SendDelay.Quantile(0.99) {
		t.Error("the delay is not in the latency")
	}
	if r.Lost != 0 {
		t.Errorf("%d requests are lost that were only sent late", r.Lost)
	}
}

// TestLossesOfAnOpenLoop counts them, each once.
func TestLossesOfAnOpenLoop(t *testing.T) {
	overloaded := simulated{service: 100 * time.Microsecond, queue: 50}
	r := simulate(t, overloaded, loadgen.Options{Rate: 20_000, Duration: time.Second})
	if r.Sent != 20_000 || r.Answered+r.Lost != r.Sent || r.Lost < 9_000 || r.Lost > 11_000 {
		t.Errorf("%d sent, %d answered, %d lost", r.Sent, r.Answered, r.Lost)
	}
	if r.Rate < 9_900 || r.Rate > 10_200 {
		t.Errorf("%g answers a second of 10,000", r.Rate)
	}
}

func TestProgress(t *testing.T) {
	var seen []loadgen.Progress
	r := simulate(t, simulated{service: 2}, loadgen.Options{
		Rate: 1_000, Warmup: time.Second, Duration: 3 * time.Second,
		Progress: func(p loadgen.Progress) { seen = append(seen, p) },
	})
	if len(seen) != 3 && len(seen) != 4 {
		t.Fatalf("told of %d seconds", len(seen))
	}
	for i, p := range seen[:3] {
		sent := uint64(1_000 * (i + 1))
		if p.Elapsed != time.Duration(i+1)*time.Second || p.Sent+100 < sent || p.Sent > sent+1 || p.Answered+100 < sent || p.Faults != 0 {
			t.Errorf("after %d s: %+v", i+1, p)
		}
	}
	if seen[0].Measuring && r.Sent != 3_000 || !seen[2].Measuring {
		t.Errorf("measuring: %+v", seen)
	}
}

// TestCancelledOpenLoop returns what it has counted until then.
func TestCancelledOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 2500*time.Millisecond)
		defer cancel()
		r, err := loadgen.Run(ctx, simulated{service: 2}, loadgen.Echo{Size: 64}, loadgen.Options{Rate: 1000, Duration: time.Hour})
		if !errors.Is(err, context.DeadlineExceeded) || r == nil || r.Sent < 2480 || r.Sent > 2520 || r.Answered != r.Sent || r.Unsent > 11 {
			t.Errorf("%v: %+v", err, r)
		}
	})
}

// TestSearchMax finds where a server begins to lose.
func TestSearchMax(t *testing.T) {
	for _, c := range []struct {
		name   string
		server simulated
		search loadgen.Search
		low    float64 // of the rate that it finds
		high   float64
		narrow bool
	}{
		{"from a peak", simulated{service: time.Millisecond, queue: 5}, loadgen.Search{}, 985, 1015, true},
		{"from below", simulated{service: time.Millisecond, queue: 5}, loadgen.Search{Start: 90}, 985, 1015, true},
		{"from above", simulated{service: time.Millisecond, queue: 5}, loadgen.Search{Start: 7_700}, 985, 1015, true},
		{"few trials", simulated{service: time.Millisecond, queue: 5}, loadgen.Search{Start: 100, Trials: 2}, 200, 200, false},
		{"coarse", simulated{service: time.Millisecond, queue: 5}, loadgen.Search{Start: 100, Resolution: 0.4}, 800, 1015, true},
		{"none", simulated{service: time.Millisecond, queue: 5}, loadgen.Search{Start: 8_000, Trials: 1}, 0, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				trials := 0
				c.search.Each = func(trial loadgen.Trial) {
					trials++
					if trial.Number != trials || trial.Passed != trial.Result.Clean() || trial.Passed != (trial.Why == "") {
						t.Errorf("trial %d: %+v", trials, trial)
					}
				}
				r, err := loadgen.SearchMax(context.Background(), c.server, loadgen.Echo{Size: 64}, loadgen.Options{Duration: 2 * time.Second, Outstanding: 4}, c.search)
				if err != nil {
					t.Fatal(err)
				}
				if r.MaxRate < c.low || r.MaxRate > c.high || r.Narrowed != c.narrow || len(r.Trials) != trials {
					t.Errorf("no loss up to %g, loss from %g, narrowed %t, %d trials", r.MaxRate, r.LossRate, r.Narrowed, len(r.Trials))
				}
				if (r.Best != nil) != (c.high > 0) || r.Best != nil && r.Best.Offered != r.MaxRate {
					t.Errorf("the best is %+v", r.Best)
				}
			})
		})
	}
}

func TestSearchOutOfRange(t *testing.T) {
	for _, s := range []loadgen.Search{{Trials: -1}, {Trials: loadgen.MaxTrials + 1}, {Resolution: 1}, {Resolution: -1}, {Start: -1}, {Start: 1e10}} {
		if _, err := loadgen.SearchMax(context.Background(), simulated{}, loadgen.Echo{Size: 64}, loadgen.Options{}, s); err == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
}
