package loadgen

import (
	"context"
	"errors"
	"fmt"
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
	ended := make(chan error)
	for _, l := range loops {
		go func() { ended <- l.runLocked(ctx, start) }()
	}
	var errs []error
	for range loops {
		errs = append(errs, <-ended)
	}
	result := collect(target, workload, &o, loops, start)
	if err := errors.Join(errs...); err != nil {
		return result, fmt.Errorf("load %s: %w", target, err)
	}
	return result, nil
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
	r := &Result{
		Target: target.String(), Workload: workload.String(), Started: start.Add(loops[0].measured),
		Workers: o.Workers, Sockets: o.Sockets, Outstanding: o.Outstanding, Coalesce: o.Coalesce, Verify: o.Verify,
		Latency: newLatency(), LatencyKind: "service",
		Faults: make(map[string]uint64), Classes: make(map[string]uint64),
	}
	for _, l := range loops {
		r.Sent += l.sent
		r.Answered += l.answered
		r.Wrong += l.wrong
		r.Lost += l.lost
		r.Late += l.late
		r.Duplicate += l.duplicate
		r.Foreign += l.faults[FaultForeign] + l.faults[FaultLane]
		r.Refused += l.refused
		r.WarmupFaults += l.warmup.notRight()
		r.MadeInRun += l.made
		r.Latency.Merge(l.latency.Histogram)
		for f, n := range l.faults {
			if n > 0 {
				r.Faults[Fault(f).String()] += n
			}
		}
		for c, name := range workload.Classes() {
			if n := l.classes[c]; n > 0 {
				r.Classes[name] += n
			}
		}
		if seconds := (l.ended - l.measured).Seconds(); seconds > 0 {
			r.Rate += float64(l.inTime) / seconds
			r.Seconds = max(r.Seconds, seconds)
			if l.known {
				r.GeneratorBusy = append(r.GeneratorBusy, l.processor.Seconds()/seconds)
			}
		}
	}
	return r
}
