package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gantry/bench"
)

// benchOptions are the flags of the benchmark harness.
type benchOptions struct {
	report   string
	list     bool
	peers    bool
	runs     int
	duration time.Duration
}

func newBenchCommand() *cobra.Command {
	var o benchOptions
	command := &cobra.Command{
		Use:   "bench [SCENARIO...]",
		Short: "Measure Gantry beside its peers",
		Long: `Runs scenarios, all by default, and reports what they measured. Each starts what
it needs on loopback addresses, pins it to a core, and runs the contenders in
turn. The exit code is 1 if a scenario failed or missed its goal.`,
		RunE: func(command *cobra.Command, args []string) error {
			if o.list {
				return listScenarios(command.OutOrStdout())
			}
			return o.run(command, args)
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.report, "report", "", "write the report to `FILE` instead of standard output")
	flags.BoolVar(&o.list, "list", false, "list the scenarios")
	flags.BoolVar(&o.peers, "peers", true, "run the scenarios that need a peer, too")
	flags.IntVar(&o.runs, "runs", 5, "run each contender `N` times")
	flags.DurationVar(&o.duration, "duration", 3*time.Second, "measure each run for this `TIME`")
	return command
}

func listScenarios(w io.Writer) error {
	for _, s := range bench.Scenarios() {
		needs := ""
		if s.Needs != "" {
			needs = " (needs " + s.Needs + ")"
		}
		if _, err := fmt.Fprintf(w, "%-10s %s%s\n", s.Name, s.About, needs); err != nil {
			return err
		}
	}
	return nil
}

// chosen are the scenarios with the given names, or all.
func (o *benchOptions) chosen(names []string) (chosen []bench.Scenario, err error) {
	for _, name := range names {
		if !slices.ContainsFunc(bench.Scenarios(), func(s bench.Scenario) bool { return s.Name == name }) {
			return nil, fmt.Errorf("no scenario %q; see gantry bench --list", name)
		}
	}
	for _, s := range bench.Scenarios() {
		if len(names) == 0 && (o.peers || !strings.Contains(s.Needs, "ganeti")) || slices.Contains(names, s.Name) {
			chosen = append(chosen, s)
		}
	}
	return chosen, nil
}

func (o *benchOptions) run(command *cobra.Command, names []string) (err error) {
	scenarios, err := o.chosen(names)
	if err != nil {
		return err
	}
	if o.runs < 1 || o.duration <= 0 {
		return errors.New("neither runs nor duration can be less than something")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "gantry-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	lab := &bench.Lab{Gantry: self, Dir: dir, Runs: o.runs, Duration: o.duration, Progress: command.ErrOrStderr()}
	var report strings.Builder
	fmt.Fprintf(&report, "# Benchmarks\n\nMeasured by `gantry bench --runs %d --duration %v` on %s: %s.\nEach figure is the median of %d runs of %v.\n\n",
		o.runs, o.duration, time.Now().UTC().Format("2 January 2006"), bench.Machine(), o.runs, o.duration)
	err = lab.Run(ctx, &report, scenarios)
	if o.report != "" {
		return errors.Join(err, os.WriteFile(o.report, []byte(report.String()), 0o644))
	}
	_, writeErr := io.WriteString(command.OutOrStdout(), report.String())
	return errors.Join(err, writeErr)
}
