package loadgen

import (
	"fmt"
	"time"

	"gantry/netio"
)

// Options say how hard a run tries and how long. The zero value is a short run of
// one worker.
type Options struct {
	Workers     int // threads that generate, up to MaxWorkers; 0 is 1
	Sockets     int // of each worker, up to netio.MaxSockets; 0 is 1
	Outstanding int // requests that each worker keeps under way, up to MaxOutstanding; 0 is DefaultOutstanding
	Coalesce    int // requests that leave together, up to MaxCoalesce; 0 and 1: each alone

	Warmup   time.Duration // load before the measured time; 0: none
	Duration time.Duration // the measured time, if Requests doesn't end it earlier; 0 is DefaultDuration
	Requests uint64        // ends the measured time when so many have been sent altogether; 0: no limit
	Timeout  time.Duration // when a request counts as lost; 0 is DefaultTimeout

	Ahead  int        // requests that each worker makes before the run, up to MaxAhead; 0 is DefaultAhead
	Verify VerifyMode // "" is VerifyAll
	Cores  []int      // if set, worker i runs on core Cores[i modulo its length] (Linux)
	Seed   uint64     // the sequence of requests follows from it
	Tap    Tap        // if set, is shown every datagram
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
	orDefault(&o.Outstanding, DefaultOutstanding)
	orDefault(&o.Coalesce, 1)
	orDefault(&o.Duration, DefaultDuration)
	orDefault(&o.Timeout, DefaultTimeout)
	orDefault(&o.Ahead, DefaultAhead)
	orDefault(&o.Verify, VerifyAll)
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"workers", o.Workers, MaxWorkers},
		{"sockets", o.Sockets, netio.MaxSockets},
		{"outstanding requests", o.Outstanding, MaxOutstanding},
		{"coalesced requests", o.Coalesce, MaxCoalesce},
		{"requests made ahead", o.Ahead, MaxAhead},
	} {
		if f.value < 1 || f.value > f.max {
			return o, fmt.Errorf("load: %s: %d is not within 1 and %d", f.name, f.value, f.max)
		}
	}
	if o.Warmup < 0 || o.Duration < 0 || o.Timeout < 0 {
		return o, fmt.Errorf("load: negative time: warm-up %s, duration %s, timeout %s", o.Warmup, o.Duration, o.Timeout)
	}
	if o.Outstanding < o.Sockets*o.Coalesce {
		return o, fmt.Errorf("load: %d outstanding requests are fewer than %d sockets need to send %d together",
			o.Outstanding, o.Sockets, o.Coalesce)
	}
	switch o.Verify {
	case VerifyAll, VerifySample, VerifyNone:
	default:
		return o, fmt.Errorf("load: nothing is verified as %q", o.Verify)
	}
	return o, nil
}

func orDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}
