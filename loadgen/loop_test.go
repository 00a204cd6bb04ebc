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

// TestAccount checks what a result says about targets that misbehave in a known
// way.
func TestAccount(t *testing.T) {
	const requests = 1000
	foreign := make([]byte, 200)
	type counts struct{ answered, wrong, lost, late, duplicate, foreign uint64 }
	for _, c := range []struct {
		name   string
		answer func(n, lane int, request []byte) []scriptedReply
		want   counts
	}{
		{
			"every request is answered",
			func(_, lane int, request []byte) []scriptedReply { return once(lane, request) },
			counts{answered: requests},
		},
		{
			"every tenth request is lost",
			func(n, lane int, request []byte) []scriptedReply {
				if n%10 == 9 {
					return nil
				}
				return once(lane, request)
			},
			counts{answered: requests * 9 / 10, lost: requests / 10},
		},
		{
			"every fifth answer comes twice",
			func(n, lane int, request []byte) []scriptedReply {
				if n%5 == 0 {
					return append(once(lane, request), once(lane, request)...)
				}
				return once(lane, request)
			},
			counts{answered: requests, duplicate: requests / 5},
		},
		{
			"every fourth answer has its last byte changed",
			func(n, lane int, request []byte) []scriptedReply {
				if n%4 == 0 {
					request[len(request)-1]++
				}
				return once(lane, request)
			},
			counts{answered: requests * 3 / 4, wrong: requests / 4},
		},
		{
			"every hundredth answer comes to another socket, too",
			func(n, lane int, request []byte) []scriptedReply {
				if n%100 == 0 {
					return append(once(1-lane, request), once(lane, request)...)
				}
				return once(lane, request)
			},
			counts{answered: requests, foreign: requests / 100},
		},
		{
			"something unasked comes with every answer",
			func(n, lane int, request []byte) []scriptedReply {
				return append(once(lane, foreign), once(lane, request)...)
			},
			counts{answered: requests, foreign: requests},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := loadgen.Run(context.Background(), scripted{c.answer}, loadgen.Echo{Size: 200},
					loadgen.Options{Sockets: 2, Outstanding: 64, Requests: requests, Duration: time.Hour, Timeout: time.Second})
				if err != nil {
					t.Fatal(err)
				}
				got := counts{r.Answered, r.Wrong, r.Lost, r.Late, r.Duplicate, r.Foreign}
				if got != c.want || r.Sent != requests {
					t.Errorf("%+v of %d sent instead of %+v", got, r.Sent, c.want)
				}
				if r.Clean() != (c.want == counts{answered: requests}) {
					t.Errorf("Clean says %t", r.Clean())
				}
			})
		})
	}
}

func TestLateAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The first answer comes after it is given up: with the last one.
		var late []byte
		answer := func(n, lane int, request []byte) []scriptedReply {
			switch n {
			case 0:
				late = request
				return nil
			case 99:
				return append(once(lane, late), once(lane, request)...)
			}
			return once(lane, request)
		}
		r, err := loadgen.Run(context.Background(), scripted{answer}, loadgen.Echo{Size: 64},
			loadgen.Options{Outstanding: 1, Requests: 100, Duration: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if r.Lost != 1 || r.Late != 1 || r.Answered != 99 {
			t.Errorf("lost %d, late %d, answered %d", r.Lost, r.Late, r.Answered)
		}
	})
}

func TestWarmupIsKeptApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		answer := func(n, lane int, request []byte) []scriptedReply {
			if time.Since(start) < 2*time.Minute { // the warm-up
				return nil
			}
			return once(lane, request)
		}
		r, err := loadgen.Run(context.Background(), scripted{answer}, loadgen.Echo{Size: 64},
			loadgen.Options{Outstanding: 8, Requests: 500, Warmup: 2 * time.Minute, Duration: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if r.Sent != 500 || r.Answered != 500 || r.Lost != 0 {
			t.Errorf("sent %d, answered %d, lost %d", r.Sent, r.Answered, r.Lost)
		}
		if r.WarmupFaults == 0 || r.Clean() {
			t.Errorf("the warm-up's losses are forgotten: %d", r.WarmupFaults)
		}
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		silent := func(int, int, []byte) []scriptedReply { return nil }
		r, err := loadgen.Run(ctx, scripted{silent}, loadgen.Echo{Size: 64}, loadgen.Options{Outstanding: 4, Duration: time.Hour})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		if r == nil || r.Sent != r.Lost || r.Sent < 8 || r.Sent > 16 {
			t.Errorf("the result is %+v", r)
		}
	})
}

func TestDurationEndsARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delayed := func(n, lane int, request []byte) []scriptedReply {
			<-time.After(time.Millisecond)
			return once(lane, request)
		}
		start := time.Now()
		r, err := loadgen.Run(context.Background(), scripted{delayed}, loadgen.Echo{Size: 64},
			loadgen.Options{Outstanding: 1, Warmup: time.Second, Duration: 4 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 5*time.Second || took > 5100*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		if r.Rate < 990 || r.Rate > 1010 || r.Seconds < 4 || r.Seconds > 4.1 {
			t.Errorf("%f answers a second in %f seconds", r.Rate, r.Seconds)
		}
	})
}

func TestOptionsOutOfRange(t *testing.T) {
	for _, o := range []loadgen.Options{
		{Workers: -1}, {Workers: loadgen.MaxWorkers + 1}, {Sockets: -1}, {Outstanding: loadgen.MaxOutstanding + 1},
		{Coalesce: 65}, {Outstanding: 10, Sockets: 11}, {Outstanding: 100, Sockets: 2, Coalesce: 64},
		{Rate: -1}, {Rate: 2e9}, {Rate: math.NaN()}, {Burst: 2}, {Rate: 1, Burst: -1}, {Rate: 1, Burst: 257}, {Rate: 1, Burst: 5, Coalesce: 2},
		{ProgressInterval: -1}, {Duration: -1}, {Warmup: -1}, {Timeout: -1}, {Verify: "most"}, {Ahead: -1},
	} {
		silent := func(int, int, []byte) []scriptedReply { return nil }
		if _, err := loadgen.Run(context.Background(), scripted{silent}, loadgen.Echo{Size: 64}, o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	for _, size := range []int{0, loadgen.MinEchoSize - 1, loadgen.MaxEchoSize + 1} {
		if _, err := loadgen.Run(context.Background(), scripted{}, loadgen.Echo{Size: size}, loadgen.Options{}); err == nil {
			t.Errorf("an echo of %d bytes is accepted", size)
		}
	}
}
