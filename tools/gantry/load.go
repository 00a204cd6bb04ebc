package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gantry/confd/paths"
	"gantry/loadgen"
)

// loadOptions are the flags of the load generator.
type loadOptions struct {
	loadgen.Options
	aimOptions
	searchMax bool
	trials    int
	progress  bool
	hdrFile   string
	pcapFile  string
	asJSON    bool
}

func newLoadCommand(a *app) *cobra.Command {
	var o loadOptions
	command := &cobra.Command{
		Use:   "load TARGET",
		Short: "Put load on a server and measure its answers",
		Long: `Puts load on a server and measures what comes back: as fast as it answers, with
a number of requests under way (a closed loop, for peaks), or with --rate at a
fixed rate whatever it answers (an open loop, for latencies: they count from when
a request was due, so a server that stalls shows it).

The target confd://ADDR:PORT is asked a mix of queries about the names in a
config.data: 60 % for an instance's node by address, 20 % for a node's role, 10 %
for the master, 5 % for the master candidates, 5 % pings. Every request has a salt
and an rsalt of its own and is signed with the cluster's key. The target
udp://ADDR:PORT is expected to send back what it gets; with --payload it is sent
what a file holds, and replies are matched as --match says.

Every reply is checked. The exit code is 1 if any answer was wrong or missing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			dirs, err := a.dirs()
			if err != nil {
				return err
			}
			return o.run(command, dirs, args[0])
		},
	}
	flags := command.Flags()
	o.aimOptions.addFlags(flags)
	flags.Float64Var(&o.Rate, "rate", 0, "send `N` requests a second, whatever is answered (default: as fast as it answers)")
	flags.IntVar(&o.Burst, "burst", 0, "with --rate: send `N` requests of a thread at a time (default: 1 up to 20,000/s, then as few as make 20,000 bursts a second)")
	flags.BoolVar(&o.searchMax, "search-max", false, "find the highest rate that loses nothing; --rate is the first to try")
	flags.IntVar(&o.trials, "trials", loadgen.DefaultTrials, "with --search-max: try `N` rates at most, each for --duration")
	flags.IntVar(&o.Workers, "workers", 1, "generate with `N` threads")
	flags.IntVar(&o.Sockets, "sockets", 1, "send from `N` sockets in each thread")
	flags.IntVar(&o.Outstanding, "outstanding", loadgen.DefaultOutstanding, "without --rate: keep `N` requests of each thread under way")
	flags.IntVar(&o.Coalesce, "coalesce", 1, "let the kernel carry `N` requests at a time (UDP_SEGMENT, UDP_GRO)")
	flags.DurationVar(&o.Warmup, "warmup", time.Second, "load for this `TIME` before measuring")
	flags.DurationVar(&o.Duration, "duration", loadgen.DefaultDuration, "measure for this `TIME`")
	flags.Uint64Var(&o.Requests, "requests", 0, "stop after `N` requests (default: no limit)")
	flags.DurationVar(&o.Timeout, "timeout", loadgen.DefaultTimeout, "count a request as lost after this `TIME`")
	flags.IntVar(&o.Ahead, "ahead", loadgen.DefaultAhead, "sign `N` requests of each thread before the run")
	flags.StringVar((*string)(&o.Verify), "verify", string(loadgen.VerifyAll), "check the signatures of `all|sample|none` of the replies; salt and status are always checked")
	flags.IntSliceVar(&o.Cores, "cores", nil, "run the threads on these `CORES`")
	flags.Uint64Var(&o.Seed, "seed", 1, "draw the sequence of requests from this `SEED`")
	flags.BoolVar(&o.progress, "progress", false, "tell each second how it goes (default: on a terminal)")
	flags.StringVar(&o.hdrFile, "hdr", "", "write the latencies to `FILE`, as a HdrHistogram V2 log")
	flags.StringVar(&o.pcapFile, "pcap", "", "record what goes out and comes back in `FILE`, as a capture for gantry replay")
	flags.BoolVar(&o.asJSON, "json", false, "write the result as JSON")
	return command
}

var (
	errNotClean    = errors.New("some requests did not get their one right answer")
	errInterrupted = errors.New("interrupted; the result is of the time until then")
	errNoMax       = errors.New("no rate is without loss; try a lower one first (--rate)")
)

func (o *loadOptions) run(command *cobra.Command, dirs paths.Dirs, text string) error {
	target, workload, err := o.aim(text, dirs)
	if err != nil {
		return err
	}
	// What was measured until an interrupt is worth its table.
	ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	show := newProgressLine(command.ErrOrStderr())
	if o.progress || show.terminal {
		o.Progress = show.update
	}
	if o.searchMax {
		if o.pcapFile != "" {
			return errPcapSearch
		}
		return o.search(ctx, command, target, workload, show)
	}
	result, err := o.runRecorded(ctx, target, workload, command.ErrOrStderr())
	show.clear()
	if errors.Is(err, context.Canceled) && result != nil {
		err = errInterrupted
	} else if err != nil {
		return err
	}
	out := command.OutOrStdout()
	if o.asJSON {
		err = errors.Join(writeJSON(out, result), err)
	} else {
		err = errors.Join(printLoad(out, result), err)
	}
	if err = errors.Join(err, o.writeHDR(result)); err == nil && !result.Clean() {
		err = errNotClean
	}
	return err
}

// search runs trials, and prints each.
func (o *loadOptions) search(ctx context.Context, command *cobra.Command, target loadgen.Target, workload loadgen.Workload, show *progressLine) error {
	out := command.OutOrStdout()
	search := loadgen.Search{Start: o.Rate, Trials: o.trials}
	if !o.asJSON {
		search.Each = func(t loadgen.Trial) {
			show.clear()
			fmt.Fprintln(out, trialLine(&t))
		}
	}
	found, err := loadgen.SearchMax(ctx, target, workload, o.Options, search)
	show.clear()
	if errors.Is(err, context.Canceled) && found != nil {
		err = errInterrupted
	} else if err != nil {
		return err
	}
	if o.asJSON {
		err = errors.Join(writeJSON(out, found), err)
	} else {
		err = errors.Join(printSearch(out, found), err)
	}
	if found.Best == nil {
		return errors.Join(err, errNoMax)
	}
	return errors.Join(err, o.writeHDR(found.Best))
}

// writeHDR writes the histogram's log, if it is wanted.
func (o *loadOptions) writeHDR(r *loadgen.Result) error {
	if o.hdrFile == "" {
		return nil
	}
	f, err := os.Create(o.hdrFile)
	if err != nil {
		return err
	}
	return errors.Join(r.WriteHDR(f), f.Close())
}
