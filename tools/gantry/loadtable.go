package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gantry/loadgen"
)

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// printLoad prints a result for people.
func printLoad(w io.Writer, r *loadgen.Result) error {
	fmt.Fprintf(w, "%s: %s\n", r.Target, r.Workload)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(table, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("load", "%s", loadKind(r))
	row("answers/s", "%.0f over %.1f s (sent %.0f/s)", r.Rate, r.Seconds, r.SentRate)
	row("sent", "%d, answered %d, wrong %d, lost %d, late %d, duplicate %d, foreign %d", r.Sent, r.Answered, r.Wrong, r.Lost, r.Late, r.Duplicate, r.Foreign)
	if r.Refused+r.Unsent > 0 {
		row("not sent", "%d refused by the system, %d too late for the schedule", r.Refused, r.Unsent)
	}
	if len(r.Faults) > 0 {
		row("faults", "%s", countsByName(r.Faults))
	}
	if r.WarmupFaults > 0 {
		row("warm-up", "%d not right: %s", r.WarmupFaults, countsByName(r.WarmupFaultsBy))
	}
	row("latency", "%s (%s)", times(&r.LatencyNS), latencyMeaning[r.LatencyKind])
	if r.Loop == "open" {
		row("send delay", "%s (the generator's own, in the latency)", times(&r.SendDelayNS))
	}
	row("generator", "%s, verified: %s, coalesced: %s", busy(r), r.Verify, coalesced(r))
	if r.GeneratorLimited {
		row("", "the generator was the limit: more than 70 %% busy")
	}
	return table.Flush()
}

var latencyMeaning = map[string]string{
	"service":  "from sending: a closed loop asks a stalled server less",
	"intended": "from when it was due",
}

// loadKind says what load it was.
func loadKind(r *loadgen.Result) string {
	from := fmt.Sprintf("threads: %d, sockets each: %d", r.Workers, r.Sockets)
	if r.Loop == "open" {
		return fmt.Sprintf("open loop of %.0f/s in bursts of %d; %s", r.Offered, r.Burst, from)
	}
	return fmt.Sprintf("closed loop, under way in each thread: %d; %s", r.Outstanding, from)
}

func times(f *loadgen.Figures) string {
	text := func(ns int64) string { return time.Duration(ns).Round(100 * time.Nanosecond).String() }
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s, p99.9 %s, max %s", text(f.P50), text(f.P90), text(f.P99), text(f.P999), text(f.Max))
}

func busy(r *loadgen.Result) string {
	if len(r.GeneratorBusy) == 0 {
		return "load unknown"
	}
	return fmt.Sprintf("%.0f %% busy", 100*r.Busiest())
}

func coalesced(r *loadgen.Result) string {
	if r.Coalesce <= 1 {
		return "no"
	}
	return fmt.Sprintf("%d at a time", r.Coalesce)
}

func countsByName(counts map[string]uint64) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(words, ", ")
}

// trialLine is what is printed of a trial of a search.
func trialLine(t *loadgen.Trial) string {
	outcome := "no loss"
	if !t.Passed {
		outcome = t.Why
	}
	return fmt.Sprintf("trial %2d  %10.0f/s  p99 %10s  generator %s  %s", t.Number, t.Rate,
		t.Result.Latency.Quantile(0.99).Round(100*time.Nanosecond), busy(t.Result), outcome)
}

// printSearch prints what a search found.
func printSearch(w io.Writer, s *loadgen.SearchResult) error {
	if s.Best == nil {
		return nil // the error says it
	}
	switch {
	case s.LossRate == 0:
		fmt.Fprintf(w, "no loss up to %.0f/s, the highest rate tried\n", s.MaxRate)
	case s.Narrowed:
		fmt.Fprintf(w, "no loss up to %.0f/s, loss from %.0f/s on\n", s.MaxRate, s.LossRate)
	default:
		fmt.Fprintf(w, "no loss up to %.0f/s, loss from %.0f/s on; more --trials would narrow that\n", s.MaxRate, s.LossRate)
	}
	if s.GeneratorLimited && !s.Best.GeneratorLimited {
		fmt.Fprintln(w, "the generator was the limit: it could not keep the schedule of the next rate")
	}
	return printLoad(w, s.Best)
}
