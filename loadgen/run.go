package loadgen

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Run loads the target with the workload, and returns what it measured when the
// time is over or ctx is done; then together with ctx's error. Other errors are of
// the options, of the system, or of the workload; wrong and missing answers are
// none, but stand in the result.
func Run(ctx context.Context, target Target, workload Workload, options Options) (*Result, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	loops, err := prepare(ctx, target, workload, &o)
	defer func() {
		for _, l := range loops {
			l.conn.Close()
		}
	}()
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", target, err)
	}
	if o.Tap != nil {
		openTap(o.Tap, loops)
	}
	start := time.Now()
	if err := runAll(ctx, &o, loops, start); err != nil {
		return collect(target, workload, &o, loops, start), fmt.Errorf("load %s: %w", target, err)
	}
	return collect(target, workload, &o, loops, start), nil
}

// runAll runs the workers, and tells of their progress, until all have ended.
func runAll(ctx context.Context, o *Options, loops []*loop, start time.Time) error {
	var telling sync.WaitGroup
	done := make(chan struct{})
	if o.Progress != nil {
		telling.Go(func() { report(loops, start, o.ProgressInterval, o.Progress, done) })
	}
	ended := make(chan error)
	for _, l := range loops {
		go func() { ended <- l.runLocked(ctx, start) }()
	}
	var errs []error
	for range loops {
		errs = append(errs, <-ended)
	}
	close(done)
	telling.Wait()
	return errors.Join(errs...)
}

// prepare connects the workers and makes their first requests. It returns what it
// has opened also with an error.
func prepare(ctx context.Context, target Target, workload Workload, o *Options) (loops []*loop, err error) {
	for i := range o.Workers {
		source, err := workload.Source(i, o)
		if err != nil {
			return loops, err
		}
		conn, err := target.Dial(o)
		if err != nil {
			return loops, err
		}
		loops = append(loops, newLoop(o, i, conn, source))
		loops[i].quota = share(o.Requests, i, o.Workers)
	}
	prepared := make(chan error)
	for _, l := range loops {
		go func() { prepared <- l.source.Prepare(o.Ahead) }()
	}
	errs := []error{ctx.Err()}
	for range loops {
		errs = append(errs, <-prepared)
	}
	return loops, errors.Join(errs...)
}

// share divides a number among workers, the first ones getting the rest.
func share(total uint64, worker, workers int) uint64 {
	n := total / uint64(workers)
	if uint64(worker) < total%uint64(workers) {
		n++
	}
	return n
}

// collect adds up what the workers counted.
func collect(target Target, workload Workload, o *Options, loops []*loop, start time.Time) *Result {
	r := newResult(target, workload, o)
	r.Started = start.Add(loops[0].measured)
	classes := workload.Classes()
	for _, l := range loops {
		r.add(l, classes)
	}
	r.GeneratorLimited = r.Busiest() > busyLimit
	r.LatencyNS, r.SendDelayNS = r.Latency.Figures(), r.SendDelay.Figures()
	return r
}

// newResult is one that nothing was counted in.
func newResult(target Target, workload Workload, o *Options) *Result {
	r := &Result{
		Target: target.String(), Workload: workload.String(),
		Loop: "closed", LatencyKind: "service", Outstanding: o.Outstanding,
		Workers: o.Workers, Sockets: o.Sockets, Coalesce: o.Coalesce, Verify: verifies(workload, o.Verify),
		Latency: newLatency(), SendDelay: newLatency(),
		Faults: make(map[string]uint64), Classes: make(map[string]uint64), WarmupFaultsBy: make(map[string]uint64),
	}
	if o.Rate > 0 {
		r.Loop, r.LatencyKind, r.Outstanding = "open", "intended", 0
		r.Offered, r.Burst = o.Rate, o.burstFor()
	}
	return r
}

// add adds one worker's counts.
func (r *Result) add(l *loop, classes []string) {
	r.Sent += l.sent
	r.Answered += l.answered
	r.Wrong += l.wrong
	r.Lost += l.lost
	r.Unsent += l.unsent
	r.Late += l.late
	r.Duplicate += l.duplicate
	r.Foreign += l.faults[FaultForeign] + l.faults[FaultLane]
	r.Refused += l.refused
	r.MadeInRun += l.made
	r.Latency.Merge(l.latency.Histogram)
	r.SendDelay.Merge(l.delay.Histogram)
	addFaults(r.Faults, &l.faults)
	for c, name := range classes {
		if n := l.classes[c]; n > 0 {
			r.Classes[name] += n
		}
	}
	r.addWarmup(&l.warmup)
	if seconds := (l.ended - l.measured).Seconds(); seconds > 0 {
		r.Rate += float64(l.inTime) / seconds
		r.SentRate += float64(l.sent) / seconds
		r.Seconds = max(r.Seconds, seconds)
		if l.known {
			r.GeneratorBusy = append(r.GeneratorBusy, l.processor.Seconds()/seconds)
		}
	}
}

// addWarmup adds what one worker's warm-up did wrong.
func (r *Result) addWarmup(t *tally) {
	r.WarmupFaults += t.notRight() + t.refused
	addFaults(r.WarmupFaultsBy, &t.faults)
	for _, c := range []struct {
		name string
		n    uint64
	}{{"lost", t.lost}, {"late", t.late}, {"duplicate", t.duplicate}, {"refused", t.refused}} {
		if c.n > 0 {
			r.WarmupFaultsBy[c.name] += c.n
		}
	}
}

// addFaults adds counts of faults by name.
func addFaults(sums map[string]uint64, faults *[NumFaults]uint64) {
	for f, n := range faults {
		if n > 0 {
			sums[Fault(f).String()] += n
		}
	}
}
