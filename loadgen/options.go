package loadgen

import (
	"fmt"
	"time"

	"gantry/netio"
)

// Options say how hard a run tries and how long. The zero value is a short run of
// one worker.
type Options struct {
	Workers  int // threads that generate, up to MaxWorkers; 0 is 1
	Sockets  int // of each worker, up to netio.MaxSockets; 0 is 1
	Coalesce int // requests that leave together, up to MaxCoalesce; 0 and 1: each alone

	// Rate is what all workers of an open loop send a second, together, up to
	// MaxRate, whatever is answered. 0: a closed loop.
	Rate float64
	// Burst is how many requests of a worker are due at a time in an open loop, up
	// to MaxBurst; 0: as few as the rate allows (see docs/load.md).
	Burst int
	// Outstanding is how many requests each worker of a closed loop keeps under
	// way, up to MaxOutstanding; 0 is DefaultOutstanding.
	Outstanding int

	Warmup   time.Duration // load before the measured time; 0: none
	Duration time.Duration // the measured time, if Requests doesn't end it earlier; 0 is DefaultDuration
	Requests uint64        // ends the measured time when so many have been sent altogether; 0: no limit
	Timeout  time.Duration // when a request counts as lost; 0 is DefaultTimeout

	Ahead  int        // requests that each worker makes before the run, up to MaxAhead; 0 is DefaultAhead
	Verify VerifyMode // "" is VerifyAll
	Cores  []int      // if set, worker i runs on core Cores[i modulo its length] (Linux)
	Seed   uint64     // the sequence of requests follows from it
	Tap    Tap        // if set, is shown every datagram

	// Progress, if set, is called from a goroutine of its own every
	// ProgressInterval (0 is DefaultProgressInterval) while the run goes on.
	Progress         func(Progress)
	ProgressInterval time.Duration
}

// Limits and defaults.
const (
	// MaxWorkers is more threads than a generating machine has cores.
	MaxWorkers = 256

	// DefaultOutstanding is enough to keep a batch in every place of the way:
	// under work, in the server's queue, in ours.
	DefaultOutstanding = 256

	// MaxOutstanding is where more requests under way would only stand in the
	// server's receive queue and then overflow it.
	MaxOutstanding = 1 << 16

	// MaxRate is more than any machine sends.
	MaxRate = 1e9

	// MaxBurst is what a worker sends before it takes answers again: what a
	// receive queue of usual size holds several times over.
	MaxBurst = 256

	// DefaultProgressInterval is what a reader can follow.
	DefaultProgressInterval = time.Second

	// MaxCoalesce is what every kernel coalesces.
	MaxCoalesce = 64

	// DefaultDuration is the shortest that averages out the scheduler.
	DefaultDuration = 5 * time.Second

	// DefaultTimeout is long after any answer could still come: a full receive
	// queue is answered within a tenth of it.
	DefaultTimeout = time.Second

	// DefaultAhead is what a fast server answers in about one second: 80 MB of
	// confd requests.
	DefaultAhead = 1 << 18

	// MaxAhead bounds the memory: some 10 GB of confd requests.
	MaxAhead = 1 << 25
)

func (o Options) withDefaults() (Options, error) {
	orDefault(&o.Workers, 1)
	orDefault(&o.Sockets, 1)
	orDefault(&o.Coalesce, 1)
	orDefault(&o.Outstanding, DefaultOutstanding)
	orDefault(&o.Duration, DefaultDuration)
	orDefault(&o.Timeout, DefaultTimeout)
	orDefault(&o.Ahead, DefaultAhead)
	orDefault(&o.Verify, VerifyAll)
	orDefault(&o.ProgressInterval, DefaultProgressInterval)
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"workers", o.Workers, MaxWorkers},
		{"sockets", o.Sockets, netio.MaxSockets},
		{"outstanding requests", o.Outstanding, MaxOutstanding},
		{"coalesced requests", o.Coalesce, MaxCoalesce},
		{"requests made ahead", o.Ahead, MaxAhead},
		{"requests in a burst", max(o.Burst, 1), MaxBurst},
	} {
		if f.value < 1 || f.value > f.max {
			return o, fmt.Errorf("load: %s: %d is not within 1 and %d", f.name, f.value, f.max)
		}
	}
	if o.Warmup < 0 || o.Duration < 0 || o.Timeout < 0 || o.ProgressInterval < 0 {
		return o, fmt.Errorf("load: negative time: warm-up %s, duration %s, timeout %s, progress %s", o.Warmup, o.Duration, o.Timeout, o.ProgressInterval)
	}
	switch o.Verify {
	case VerifyAll, VerifySample, VerifyNone:
	default:
		return o, fmt.Errorf("load: nothing is verified as %q", o.Verify)
	}
	return o, o.checkLoop()
}

// checkLoop checks what only one of the two loops has.
func (o *Options) checkLoop() error {
	switch {
	case !(o.Rate >= 0 && o.Rate <= MaxRate): // also what is no number
		return fmt.Errorf("load: rate: %g a second is not within 0 and %g", o.Rate, float64(MaxRate))
	case o.Burst < 0:
		return fmt.Errorf("load: requests in a burst: %d is not within 1 and %d", o.Burst, MaxBurst)
	case o.Burst > 0 && o.Rate == 0:
		return fmt.Errorf("load: bursts of %d requests need a rate", o.Burst)
	case o.Burst%o.Coalesce != 0:
		return fmt.Errorf("load: a burst of %d requests can't be sent %d at a time", o.Burst, o.Coalesce)
	case o.Rate == 0 && o.Outstanding < o.Sockets*o.Coalesce:
		return fmt.Errorf("load: %d outstanding requests are fewer than %d sockets need to send %d together",
			o.Outstanding, o.Sockets, o.Coalesce)
	}
	return nil
}

// unsent is the most requests that a worker takes from its source before it sends
// them.
func (o *Options) unsent() int {
	if o.Rate > 0 {
		return MaxBurst
	}
	return o.Outstanding
}

func orDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}
