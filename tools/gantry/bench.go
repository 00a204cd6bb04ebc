package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gantry/bench"
	"gantry/confd/config"
)

// benchOptions are the flags of the benchmark harness.
type benchOptions struct {
	report   string
	plots    string
	list     bool
	peers    bool
	quick    bool
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
turn. What needs a peer that is not installed is left out, and the report says
so. The exit code is 1 if a scenario failed or missed its goal.

All scenarios take about 22 minutes, with --quick two.`,
		RunE: func(command *cobra.Command, args []string) error {
			if o.list {
				return listScenarios(command.OutOrStdout())
			}
			return o.run(command, args)
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.report, "report", "", "write the report to `FILE` instead of standard output")
	flags.StringVar(&o.plots, "plots", "", "draw plots into `FOLDER`, and show them in the report (default: none)")
	flags.BoolVar(&o.list, "list", false, "list the scenarios")
	flags.BoolVar(&o.peers, "peers", true, "run the scenarios that need a peer, too")
	flags.BoolVar(&o.quick, "quick", false, "make short runs, and leave out what takes long")
	flags.IntVar(&o.runs, "runs", bench.StandardRuns, "run each contender `N` times")
	flags.DurationVar(&o.duration, "duration", 0, "measure each run for this `TIME` (default: as long as each scenario needs)")
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

// chosen are the scenarios with the given names, or all that the flags leave.
func (o *benchOptions) chosen(names []string) (chosen []bench.Scenario, err error) {
	for _, name := range names {
		if !slices.ContainsFunc(bench.Scenarios(), func(s bench.Scenario) bool { return s.Name == name }) {
			return nil, fmt.Errorf("no scenario %q; see gantry bench --list", name)
		}
	}
	for _, s := range bench.Scenarios() {
		wanted := (o.peers || !s.Peers) && (!o.quick || s.Quick > 0)
		if len(names) == 0 && wanted || slices.Contains(names, s.Name) {
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
	if o.runs < 1 || o.duration < 0 {
		return errors.New("neither runs nor duration can be less than something")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	address, err := o.plotsAddress()
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
	lab := &bench.Lab{
		Gantry: self, Dir: dir, Runs: o.runs, Duration: o.duration, Quick: o.quick, Peers: o.peers, Progress: command.ErrOrStderr(),
	}
	var report strings.Builder
	err = lab.Run(ctx, bench.Output{Report: &report, Plots: o.plots, Address: address}, scenarios)
	if ctx.Err() != nil {
		return errors.New("interrupted; nothing is reported")
	}
	if o.report != "" {
		return errors.Join(err, writeReport(o.report, report.String()))
	}
	_, writeErr := io.WriteString(command.OutOrStdout(), report.String())
	return errors.Join(err, writeErr)
}

// plotsAddress is what the report calls the folder of the plots: relative to
// itself.
func (o *benchOptions) plotsAddress() (string, error) {
	if o.plots == "" {
		return "", nil
	}
	from, err := filepath.Abs(filepath.Dir(o.report))
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(o.plots)
	if err != nil {
		return "", err
	}
	address, err := filepath.Rel(from, to)
	return filepath.ToSlash(address), err
}

// writeReport writes all of a report or leaves the file as it is.
func writeReport(path, report string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return config.ReplaceFile(path, 0o644, nil, func(w io.Writer) error {
		_, err := io.WriteString(w, report)
		return err
	})
}
