package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gantry/confd/client"
	"gantry/confd/paths"

	"github.com/spf13/cobra"
)

// demoPatience is for the whole of it, several times what it takes: a step that
// hangs must not.
const demoPatience = 2 * time.Minute

func newDemoCommand() *cobra.Command {
	var keep bool
	command := &cobra.Command{
		Use:   "demo",
		Short: "Show on this machine what Gantry does, and check that it works",
		Long: `Invents a cluster in a temporary folder, starts a query daemon on it, asks every
type of query, changes the config while there is load, breaks it and mends it.
It needs neither root nor Ganeti, and takes some ten seconds. The exit code is 0
if all of it worked.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			ctx, cancel := context.WithTimeout(ctx, demoPatience)
			defer cancel()
			return runDemo(ctx, command.OutOrStdout(), keep)
		},
	}
	command.Flags().BoolVar(&keep, "keep", false, "leave the daemon running at the end")
	return command
}

// A demo is one run of it.
type demo struct {
	out     io.Writer
	dirs    paths.Dirs
	cluster *demoCluster
	daemon  *demoDaemon
	client  *client.Client
}

func runDemo(ctx context.Context, out io.Writer, keep bool) (err error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "gantry-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	d := &demo{out: out}
	defer func() {
		if keep && err == nil {
			return
		}
		d.close()
		if removed := os.RemoveAll(dir); err == nil {
			err = removed
		}
	}()
	if d.dirs, err = paths.Virtual(filepath.Join(dir, "node1"), "node1"); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	steps := []struct {
		title string
		do    func(context.Context) error
	}{
		{"Invent a cluster", d.invent},
		{"Start the query daemon on it", d.start},
		{"Ask everything that can be asked", d.ask},
		{"Move an instance to another node while there is load", d.changeUnderLoad},
		{"Break the config, and mend it", d.breakAndMend},
		{"Look at the metrics", d.measure},
	}
	for i, step := range steps {
		fmt.Fprintf(out, "\n%d. %s\n", i+1, step.title)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("demo: step %d: %w%s", i+1, err, d.daemon.lastWords())
		}
	}
	if keep {
		d.say("")
		d.say("The daemon goes on. Ask it, and stop it in the end:")
		d.say("  gantry query master --root %s --peer %s", d.dirs.Root, d.daemon.queries)
		d.say("  kill $(cat %s) && rm -r %s", d.dirs.PIDFile("ganeti-confd"), dir)
		return nil
	}
	fmt.Fprintf(out, "\n%d. Stop it\n", len(steps)+1)
	if err := d.daemon.stop(); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	d.say("It stopped as it should. All of it worked, in %.1f s.", time.Since(began).Seconds())
	return nil
}

// say writes a line of a step.
func (d *demo) say(format string, values ...any) {
	fmt.Fprintf(d.out, "   "+format+"\n", values...)
}

func (d *demo) invent(context.Context) error {
	cluster, size, err := inventCluster(d.dirs)
	if err != nil {
		return err
	}
	d.cluster = cluster
	d.say("%d nodes, %d instances: a config.data of %.1f MB, and a key to sign with.", demoNodes, demoInstances, float64(size)/1e6)
	return nil
}

func (d *demo) start(ctx context.Context) error {
	daemon, err := startDemoDaemon(d.dirs)
	if err != nil {
		return err
	}
	d.daemon = daemon
	d.say("$ gantry %s", strings.Join(daemon.arguments, " "))
	key, err := client.ReadKey(d.dirs.HMACKey())
	if err != nil {
		return err
	}
	d.client, err = client.New(ctx, client.Config{Key: key, Peers: client.StaticPeers([]netip.AddrPort{daemon.queries})})
	if err != nil {
		return err
	}
	began := time.Now()
	if err := daemon.waitReady(ctx, true); err != nil {
		return err
	}
	d.say("It says that it is ready, after %d ms.", time.Since(began).Milliseconds())
	return nil
}

func (d *demo) close() {
	if d.client != nil {
		d.client.Close()
	}
	_ = d.daemon.stop() // of a step that failed: there is another error to tell
}
