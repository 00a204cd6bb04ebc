package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// loadResult is what is used of gantry load's result.
type loadResult struct {
	Rate      float64           `json:"answers_per_second"`
	Sent      uint64            `json:"sent"`
	Answered  uint64            `json:"answered"`
	Wrong     uint64            `json:"wrong"`
	Lost      uint64            `json:"lost"`
	Unsent    uint64            `json:"unsent"` // by a generator that was too slow
	Faults    map[string]uint64 `json:"faults"`
	Busy      []float64         `json:"generator_busy"`
	Latency   latencies         `json:"latency_ns"`
	SendDelay latencies         `json:"send_delay_ns"` // how late the generator itself was, at a fixed rate
	Exit      error             `json:"-"`             // what gantry load ended with: nil if every request had its one right answer
}

// latencies are in nanoseconds.
type latencies struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func (r *loadResult) busiest() (most float64) {
	for _, b := range r.Busy {
		most = max(most, b)
	}
	return most
}

// load puts load on a server from the generator's core, for as long as the lab
// measures unless the flags say otherwise. Each request has to get its one right
// answer.
func (l *Lab) load(ctx context.Context, s *server, names string, flags ...string) (*loadResult, error) {
	r, err := l.tryLoad(ctx, s, names, flags...)
	if err != nil {
		return nil, err
	}
	return r, r.Exit
}

// tryLoad puts load on a server that may be too much for it. Requests without an
// answer are no error, but stand in the result.
func (l *Lab) tryLoad(ctx context.Context, s *server, names string, flags ...string) (*loadResult, error) {
	args := append([]string{
		"-c", generatorCore, l.Gantry, "load", s.scheme + "://" + s.addr.String(), "--json",
		"--key", l.keyFile(), "--config", names, "--duration", l.length.String(), "--cores", generatorCore,
	}, flags...)
	cmd := exec.Command("taskset", args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.SysProcAttr = ownGroup()
	if err := l.starter.start(cmd.Start); err != nil {
		return nil, fmt.Errorf("start the load: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	exit := cmd.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var r loadResult
	var status *exec.ExitError
	if exit != nil && !errors.As(exit, &status) || json.Unmarshal(out.Bytes(), &r) != nil {
		return nil, fmt.Errorf("load on %s: %w: %s%s", s.name, errors.Join(exit, errors.New("no result")), errs.String(), out.String())
	}
	if exit != nil {
		r.Exit = fmt.Errorf("load on %s: %w: %s (%d of %d requests answered rightly, %d wrongly, %d lost, %d unsent, faults %v)",
			s.name, exit, strings.TrimSpace(errs.String()), r.Answered, r.Sent, r.Wrong, r.Lost, r.Unsent, r.Faults)
	}
	return &r, nil
}

// The most that servers on one core have been seen to answer a second. As many
// requests are made before a run; more are made in it, at the cost of the
// generator's time.
const (
	plainAhead     = 300_000
	coalescedAhead = 1_000_000
)

// peakLoad is how a generator on one core gets the most out of a server on
// another: it makes the requests before the run, and of the replies it checks
// every salt and status but only a sample of the signatures.
func (l *Lab) peakLoad(flags []string) []string {
	ahead := plainAhead
	for _, f := range flags {
		if f == "--coalesce" {
			ahead = coalescedAhead
		}
	}
	return append([]string{"--warmup", "0s", "--ahead", aheadFor(ahead, l.length), "--verify", "sample"}, flags...)
}

// aheadFor is how many requests to make ahead of a run.
func aheadFor(rate int, length time.Duration) string {
	return fmt.Sprint(max(1, int(float64(rate)*length.Seconds())))
}
