// Command interop runs Gantry beside the programs that it replaces, and compares.
//
// It needs root on Debian 12 and installs the peers' packages itself. It owns /var/lib/ganeti while it runs, and refuses to start
// where a real cluster lives there. It exits with 1 on any difference that docs/differences doesn't list, on any listed one that
// was not seen, and when a peer can't be had: nothing is skipped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// defaultSeconds is what a whole run may take: it stands in front of every change, on two cores.
const defaultSeconds = 240

// longFactor is how many times the queries of a normal run --long asks, with a budget to match.
const longFactor = 10

// A part is one comparison with one peer.
type part struct {
	name  string
	about string
	// documented are the differences that this part meets, as page#heading below docs/differences. Each must be seen when the part runs.
	documented []string
	// waits says that it spends its time waiting, so that it can run beside the parts that don't.
	waits bool
	run   func(ctx context.Context, run *session) error
}

func parts() []part {
	return []part{
		{name: "confd-transcripts", about: "ganeti-confd and ours, asked what is on record", run: compareTranscripts, documented: []string{utf8Answers}},
		{name: "confd-queries", about: "ganeti-confd and ours on generated configs and queries", run: compareQueries, documented: queryDifferences()},
		{name: "confd-packets", about: "ganeti-confd and ours on broken and odd datagrams", run: comparePackets, documented: packetDifferences()},
		{name: "confd-mutations", about: "ganeti-confd and ours on configs with changes at random places", run: compareMutations},
		{name: "confd-reloads", about: "ganeti-confd and ours while their config file changes, breaks and goes", run: compareReloads, waits: true, documented: []string{badConfigs, goneConfigs, unknownKeys, missing, textLists}},
		{name: "python-library", about: "the reference's Python client library against ganeti-confd and ours", run: comparePythonLibrary},
		{name: "confd-client", about: "the reference's confd-client tool against ganeti-confd and ours", run: compareClientTool},
		{name: "mon-collector", about: "the reference's data collectors, its Haskell confd client, against ganeti-confd and ours", run: compareCollectors},
		{name: "gantry-client", about: "our client library and commands against ganeti-confd and ours", run: compareClient},
		{name: "live-cluster", about: "a real cluster whose ganeti-confd is replaced by ours while it runs", run: compareCluster, waits: true},
		{name: "cfgupgrade", about: "the reference's cfgupgrade and our upgrade of old configs", run: compareCfgupgrade},
		{name: "replay", about: "captures of the reference's clients, sent again to ganeti-confd and ours", run: compareReplay},
		{name: "wireshark", about: "tshark with our dissector, and what is in the datagrams", run: compareDissector},
		{name: "load-counts", about: "what gantry load, our confd and the kernel count of the same runs", run: compareCounts},
		{name: "observability", about: "promtool and Prometheus on our rules, alerts, dashboard and metrics", run: compareObservability, waits: true},
	}
}

type options struct {
	long    bool
	list    bool
	only    string
	seconds int
	seed    uint64
	gantry  string
}

func main() {
	var o options
	flag.BoolVar(&o.long, "long", false, fmt.Sprintf("ask %d times as much", longFactor))
	flag.BoolVar(&o.list, "list", false, "name the parts and exit")
	flag.StringVar(&o.only, "only", "", "run only these `parts`, separated by commas")
	flag.IntVar(&o.seconds, "seconds", 0, fmt.Sprintf("fail when it takes longer (default %d, with --long %d)", defaultSeconds, defaultSeconds*longFactor))
	flag.Uint64Var(&o.seed, "seed", 1, "of the generated queries")
	flag.StringVar(&o.gantry, "gantry", "", "the gantry `binary` to compare (default: built from this module)")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "interop compares gantry with the programs that it replaces.\n\nFlags:")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "interop: unexpected argument %q; see --help\n", flag.Arg(0))
		os.Exit(2)
	}
	if o.list {
		for _, p := range parts() {
			fmt.Printf("%-20s %s\n", p.name, p.about)
		}
		return
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	chosen, err := choose(parts(), o.only)
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("needs root: it installs packages and runs the peers' daemons in their own folders")
	}
	if o.seconds == 0 {
		o.seconds = defaultSeconds
		if o.long {
			o.seconds *= longFactor
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	out := newConsole(os.Stdout)
	w, err := newWorkplace(ctx, o, func(format string, args ...any) { out.print("interop", format, args...) })
	if err != nil {
		return err
	}
	defer w.remove()
	// Installing the peers doesn't count: it depends on the network, and happens once.
	budget := time.Duration(o.seconds) * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, budget, fmt.Errorf("the run took longer than its %v", budget))
	defer cancel()
	return out.summary(runParts(ctx, w, out, chosen))
}

// choose returns the parts named in only, in the order of the list; all without a name.
func choose(all []part, only string) ([]part, error) {
	if only == "" {
		return all, nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(only, ",") {
		wanted[name] = true
	}
	var chosen []part
	for _, p := range all {
		if wanted[p.name] {
			chosen = append(chosen, p)
			delete(wanted, p.name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("no part is named %q; see --list", name)
	}
	return chosen, nil
}
