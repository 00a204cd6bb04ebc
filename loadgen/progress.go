package loadgen

import (
	"sync/atomic"
	"time"
)

// Progress is what is known of a run while it goes on, the warm-up included: sums
// of what the workers published, up to publishInterval old.
type Progress struct {
	Elapsed   time.Duration // since the start
	Measuring bool          // the warm-up is over, for all workers
	Sent      uint64
	Answered  uint64 // rightly
	Faults    uint64 // everything else: lost, wrong, late, duplicate, foreign
}

// live is a worker's published numbers.
type live struct {
	measuring              atomic.Bool
	sent, answered, faults atomic.Uint64
	_                      [64]byte // keeps two workers off one cache line
}

// publishInterval is how often a worker publishes: often enough for the eye, and
// too seldom to cost anything.
const publishInterval = 50 * time.Millisecond

// publish shows others what was counted.
func (l *loop) publish() {
	// Answers to what was sent in the warm-up are in neither tally's answered, but
	// in inTime of one of them.
	l.live.sent.Store(l.sent + l.warmup.sent)
	l.live.answered.Store(l.inTime + l.warmup.inTime)
	faults := l.notRight()
	if !l.warming() {
		faults += l.warmup.notRight()
	}
	l.live.faults.Store(faults)
	l.live.measuring.Store(!l.warming())
}

// progress adds up what the workers have published.
func progress(loops []*loop, start time.Time) Progress {
	p := Progress{Elapsed: time.Since(start), Measuring: true}
	for _, l := range loops {
		p.Sent += l.live.sent.Load()
		p.Answered += l.live.answered.Load()
		p.Faults += l.live.faults.Load()
		p.Measuring = p.Measuring && l.live.measuring.Load()
	}
	return p
}

// report calls show every interval until done is closed.
func report(loops []*loop, start time.Time, interval time.Duration, show func(Progress), done <-chan struct{}) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			show(progress(loops, start))
		}
	}
}
