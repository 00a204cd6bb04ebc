package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"gantry/cache"
	"gantry/confd"
	"gantry/confd/daemon"
	"gantry/confd/paths"
	"gantry/confd/ssconf"
	"gantry/netio"
)

// confdOptions are the flags of the query daemon.
type confdOptions struct {
	daemon.Options
	port       uint16
	bind       []string
	configFile string
	keyFile    string
	workers    int
	grace      time.Duration
	maxStale   time.Duration
	noOffload  bool
	batch      int
}

func newConfdCommand(a *app) *cobra.Command {
	var o confdOptions
	o.DefaultMetrics = daemon.DefaultMetricsAddr(netip.IPv4Unspecified(), confd.Port)
	command := &cobra.Command{
		Use:   "confd",
		Short: "Answer queries about the cluster's configuration",
		Long: `Answers queries about the cluster's configuration over UDP, as ganeti-confd does.

The config is read again as soon as it changes, at most once a second. A config
that can't be used leaves the last good one answering; a config that is gone
ends the answers after a grace.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			dirs, err := a.dirs()
			if err != nil {
				return err
			}
			return o.run(command.Context(), dirs)
		},
	}
	flags := command.Flags()
	o.AddFlags(flags)
	flags.Uint16VarP(&o.port, "port", "p", 0, fmt.Sprintf("answer on UDP `PORT` (default: the service ganeti-confd, else %d)", confd.Port))
	flags.StringArrayVarP(&o.bind, "bind", "b", nil, "answer on `ADDR` only; may be given more than once (default: all, of the cluster's IP family)")
	flags.Var(absolutePath{&o.configFile}, "config", "serve this config.data `FILE` (default: the node's)")
	flags.Var(absolutePath{&o.keyFile}, "key", "verify and sign with the key in `FILE` (default: the node's hmac.key)")
	flags.IntVar(&o.workers, "workers", 0, "answer with `N` workers (default: one for each CPU)")
	flags.DurationVar(&o.grace, "grace", cache.DefaultGrace, "go on answering for this `TIME` after the config file is gone")
	flags.DurationVar(&o.maxStale, "max-stale", 0, "end answering from the last good config after this `TIME` (default: never)")
	flags.BoolVar(&o.noOffload, "no-offload", false, "don't let the kernel coalesce datagrams")
	flags.IntVar(&o.batch, "batch", 0, "fetch up to `N` datagrams in a call (default: what was measured to be best)")
	_ = flags.MarkHidden("batch") // for measuring
	return command
}

// run is the daemon's life.
func (o *confdOptions) run(ctx context.Context, dirs paths.Dirs) error {
	addrs, err := o.addrs(dirs)
	if err != nil {
		return err
	}
	if o.workers < 0 || o.workers > netio.MaxWorkers {
		return fmt.Errorf("%d workers are not within 1 and %d", o.workers, netio.MaxWorkers)
	}
	if o.grace < 0 || o.maxStale < 0 {
		return errors.New("a time to go on answering can't be negative")
	}
	if o.configFile == "" {
		o.configFile = dirs.Config()
	}
	if o.keyFile == "" {
		o.keyFile = dirs.HMACKey()
	}
	o.Identity, o.Dirs = daemon.Confd, dirs
	build := currentBuild()
	o.Version, o.Revision = build.Version, build.Revision
	o.DefaultMetrics = daemon.DefaultMetricsAddr(addrs[0].Addr(), addrs[0].Port())
	return daemon.Run(ctx, o.Options, func(ctx context.Context, env *daemon.Env) error { return o.serve(ctx, env, addrs) })
}

// serve binds, gives up root and answers. The key is read by the user that the
// daemon goes on as, so that a start already shows whether it can be.
func (o *confdOptions) serve(ctx context.Context, env *daemon.Env, addrs []netip.AddrPort) error {
	offload := netio.OffloadAuto
	if o.noOffload {
		offload = netio.OffloadOff
	}
	server, err := confd.New(confd.Config{
		Addrs:      addrs,
		ConfigFile: o.configFile,
		KeyFile:    o.keyFile,
		Workers:    o.workers,
		Grace:      o.grace,
		MaxStale:   o.maxStale,
		Offload:    offload,
		BatchSize:  o.batch,
		Log:        env.Log,
		Bound:      env.DropPrivileges,
	})
	if err != nil {
		return err
	}
	env.Metrics.MustRegister(server.Metrics())
	env.AddCheck("config", server.Ready)
	env.AddCheck("queries", server.Answers)
	env.OnReload(server.Reload)
	return server.Run(ctx, func() error {
		env.Log.Info("answering queries", "addresses", server.Addrs())
		return env.Ready()
	})
}

// addrs are the addresses to bind.
func (o *confdOptions) addrs(dirs paths.Dirs) ([]netip.AddrPort, error) {
	port := o.port
	if port == 0 {
		port = defaultPort()
	}
	if len(o.bind) == 0 {
		wildcard, err := wildcardAddr(dirs)
		return []netip.AddrPort{netip.AddrPortFrom(wildcard, port)}, err
	}
	var addrs []netip.AddrPort
	for _, text := range o.bind {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("bind address %q is not an IP address", text)
		}
		addrs = append(addrs, netip.AddrPortFrom(addr.Unmap(), port))
	}
	return addrs, nil
}

// defaultPort is the port of the service ganeti-confd, where the system knows
// one, as it is for the reference.
func defaultPort() uint16 {
	if port, err := net.LookupPort("udp", daemon.Confd.Name); err == nil {
		return uint16(port)
	}
	return confd.Port
}

// wildcardAddr is the wildcard address of the cluster's IP family: IPv4 if the
// node knows none.
func wildcardAddr(dirs paths.Dirs) (netip.Addr, error) {
	family, err := ssconf.Open(dirs.Data).PrimaryIPFamily()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return netip.IPv4Unspecified(), nil
	case err != nil:
		return netip.Addr{}, err
	case family == ssconf.IPv6:
		return netip.IPv6Unspecified(), nil
	}
	return netip.IPv4Unspecified(), nil
}
