package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"gantry/confd/wire"
	"gantry/loadgen"
)

// loadOptions are the flags of the load generator.
type loadOptions struct {
	loadgen.Options
	configFile string
	keyFile    string
	mix        string
	echoSize   int
	asJSON     bool
}

func newLoadCommand(a *app) *cobra.Command {
	var o loadOptions
	command := &cobra.Command{
		Use:   "load TARGET",
		Short: "Put load on a server and measure its answers",
		Long: `Keeps a number of requests under way to a server and measures what comes back.

The target confd://ADDR:PORT is asked a mix of queries about the names in a
config.data: 60 % for an instance's node by address, 20 % for a node's role, 10 %
for the master, 5 % for the master candidates, 5 % pings. Every request has a salt
and an rsalt of its own and is signed with the cluster's key. The target
udp://ADDR:PORT is expected to send back what it gets.

Every reply is checked. The exit code is 1 if any answer was wrong or missing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			dirs, err := a.dirs()
			if err != nil {
				return err
			}
			if o.configFile == "" {
				o.configFile = dirs.Config()
			}
			if o.keyFile == "" {
				o.keyFile = dirs.HMACKey()
			}
			target, workload, err := o.aim(args[0])
			if err != nil {
				return err
			}
			result, err := loadgen.Run(command.Context(), target, workload, o.Options)
			if err != nil {
				return err
			}
			return o.report(command.OutOrStdout(), result)
		},
	}
	flags := command.Flags()
	flags.Var(absolutePath{&o.configFile}, "config", "ask about the names in this config.data `FILE` (default: the node's)")
	flags.Var(absolutePath{&o.keyFile}, "key", "sign with the key in `FILE` (default: the node's hmac.key)")
	flags.StringVar(&o.mix, "mix", "standard", "ask the `MIX` of queries described above, or \"all\": every type in two spellings")
	flags.IntVar(&o.Workers, "workers", 1, "generate with `N` threads")
	flags.IntVar(&o.Sockets, "sockets", 1, "send from `N` sockets in each thread")
	flags.IntVar(&o.Outstanding, "outstanding", loadgen.DefaultOutstanding, "keep `N` requests of each thread under way")
	flags.IntVar(&o.Coalesce, "coalesce", 1, "let the kernel carry `N` requests at a time (UDP_SEGMENT, UDP_GRO)")
	flags.DurationVar(&o.Warmup, "warmup", time.Second, "load for this `TIME` before measuring")
	flags.DurationVar(&o.Duration, "duration", loadgen.DefaultDuration, "measure for this `TIME`")
	flags.Uint64Var(&o.Requests, "requests", 0, "stop after `N` requests (default: no limit)")
	flags.DurationVar(&o.Timeout, "timeout", loadgen.DefaultTimeout, "count a request as lost after this `TIME`")
	flags.IntVar(&o.Ahead, "ahead", loadgen.DefaultAhead, "sign `N` requests of each thread before the run")
	flags.StringVar((*string)(&o.Verify), "verify", string(loadgen.VerifyAll), "check the signatures of all replies, of a sample or of none")
	flags.IntSliceVar(&o.Cores, "cores", nil, "run the threads on these `CORES`")
	flags.Uint64Var(&o.Seed, "seed", 1, "draw the sequence of requests from this `SEED`")
	flags.IntVar(&o.echoSize, "size", 200, "send datagrams of `N` bytes to a udp target")
	flags.BoolVar(&o.asJSON, "json", false, "write the result as JSON")
	return command
}

// aim reads a target's URL and makes the workload for it.
func (o *loadOptions) aim(text string) (loadgen.Target, loadgen.Workload, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, nil, fmt.Errorf("target %q is not a URL", text)
	}
	addr, err := netip.ParseAddrPort(u.Host)
	if err != nil {
		return nil, nil, fmt.Errorf("target %q is not of the form confd://ADDR:PORT or udp://ADDR:PORT", text)
	}
	target := loadgen.UDP{Scheme: u.Scheme, Addr: addr}
	switch u.Scheme {
	case "confd":
		workload, err := o.confdWorkload()
		return target, workload, err
	case "udp":
		return target, loadgen.Echo{Size: o.echoSize}, nil
	}
	return nil, nil, fmt.Errorf("target %q: unknown scheme %q, use confd or udp", text, u.Scheme)
}

func (o *loadOptions) confdWorkload() (loadgen.Workload, error) {
	key, err := os.ReadFile(o.keyFile)
	if err != nil {
		return nil, err
	}
	names, err := loadgen.ReadNames(o.configFile)
	if err != nil {
		return nil, err
	}
	mixes := map[string]func(loadgen.Names) []loadgen.Share{"standard": loadgen.StandardMix, "all": loadgen.AllTypesMix}
	mix := mixes[o.mix]
	if mix == nil {
		return nil, fmt.Errorf("mix %q is not one of standard, all", o.mix)
	}
	return loadgen.Confd{Key: wire.NewKey(key), Mix: mix(names)}, nil
}

var errNotClean = errors.New("some requests did not get their one right answer")

func (o *loadOptions) report(w io.Writer, r *loadgen.Result) error {
	var err error
	if o.asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(r)
	} else {
		_, err = fmt.Fprintf(w, "%s\n  answers/s   %.0f over %.1f s\n  sent        %d, answered %d, wrong %d, lost %d, late %d, duplicate %d, foreign %d\n"+
			"  latency     p50 %v, p99 %v, p99.9 %v, max %v (%s time)\n  generator   %.0f %% busy, verified: %s\n",
			r.Target, r.Rate, r.Seconds, r.Sent, r.Answered, r.Wrong, r.Lost, r.Late, r.Duplicate, r.Foreign,
			r.Latency.Quantile(0.5), r.Latency.Quantile(0.99), r.Latency.Quantile(0.999), time.Duration(r.Latency.Max()), r.LatencyKind,
			busiest(r), r.Verify)
	}
	if err == nil && !r.Clean() {
		err = errNotClean
	}
	return err
}

// busiest is the share of its time that the busiest thread was running, in %.
func busiest(r *loadgen.Result) float64 {
	most := 0.0
	for _, share := range r.GeneratorBusy {
		most = max(most, 100*share)
	}
	return most
}
