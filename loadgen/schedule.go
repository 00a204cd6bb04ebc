package loadgen

import (
	"math"
	"time"
)

// schedule says when the requests of an open loop are due: in bursts of equal size,
// at equal distances, whatever the answers do. A request's latency counts from
// there, so bursts are part of what is offered, not a delay that is hidden.
type schedule struct {
	burst    int     // requests due together
	interval float64 // ns between a worker's bursts
	offset   float64 // ns from the start of the run to the worker's first
	next     uint64  // the number of the next burst
}

// burstInterval is the least time between a worker's bursts, unless larger bursts
// are asked for: a sleep and a wake-up for each cost a fifth of a core at this
// distance, and shorter sleeps are no longer kept. Up to 20,000 requests a second
// and worker, each request is a burst of its own.
const burstInterval = 50 * time.Microsecond

// burstFor returns how many requests of one worker are due together.
func (o *Options) burstFor() int {
	if o.Burst > 0 {
		return o.Burst
	}
	n := int(math.Ceil(o.Rate / float64(o.Workers) * burstInterval.Seconds()))
	// Whole runs of requests that leave together.
	n = (n + o.Coalesce - 1) / o.Coalesce * o.Coalesce
	return max(1, min(n, MaxBurst/o.Coalesce*o.Coalesce))
}

// newSchedule spreads the workers' bursts evenly.
func newSchedule(o *Options, worker int) *schedule {
	each := float64(o.burstFor()) * float64(time.Second) / o.Rate // of all workers together
	return &schedule{burst: o.burstFor(), interval: each * float64(o.Workers), offset: each * float64(worker)}
}

// due is when the next burst should be sent, since the start of the run.
func (s *schedule) due() time.Duration {
	return time.Duration(s.offset + float64(s.next)*s.interval)
}

// left returns how many requests are due before the given time and were not sent.
func (s *schedule) left(before time.Duration) uint64 {
	bursts := math.Ceil((float64(before) - s.offset) / s.interval)
	if bursts <= float64(s.next) {
		return 0
	}
	return (uint64(bursts) - s.next) * uint64(s.burst)
}
