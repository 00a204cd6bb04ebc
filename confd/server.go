package confd

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"gantry/cache"
	"gantry/confd/metric"
	"gantry/confd/wire"
	"gantry/netio"
)

// Port is where confd listens if nothing else is said.
const Port = 1814

// spareProcs is how many processors the Go runtime needs beside the query
// workers so that its scheduler makes none of them wait: one for the builder of
// snapshots, one for everything else. The operating system shares the cores by
// priority.
const spareProcs = 2

// Config says what to serve and how. Addrs, ConfigFile, KeyFile and Log must be
// set.
type Config struct {
	Addrs      []netip.AddrPort
	ConfigFile string
	KeyFile    string
	Workers    int           // 0: one for each CPU
	Grace      time.Duration // see cache.LoaderConfig
	MaxStale   time.Duration // see cache.LoaderConfig
	Offload    netio.OffloadMode
	BatchSize  int // 0: netio's default
	Log        *slog.Logger

	// Bound, if set, is called once the addresses are bound, before any file is
	// read: the place to give up what privileges the binding needed.
	Bound func() error
}

// Server answers queries.
type Server struct {
	cfg     Config
	group   *netio.Group
	loader  *cache.Loader
	keys    *keys
	workers []*worker
	now     func() time.Time
	made    time.Time // what is counted is counted since then
	reloads *metric.Histogram
	self    selfQuery
}

// New binds the addresses and reads the key. It fails if it can't; a config that
// can't be read is no reason to, for until there is one the server answers that
// it has none.
func New(cfg Config) (*Server, error) {
	group, err := netio.Listen(netio.Config{
		Addrs:      cfg.Addrs,
		Workers:    cfg.Workers,
		BatchSize:  cfg.BatchSize,
		MaxRequest: wire.MaxRequest,
		Offload:    cfg.Offload,
		Notify:     func(err error) { cfg.Log.Info("reduced network performance", "reason", err) },
	})
	if err != nil {
		return nil, err
	}
	if cfg.Bound != nil {
		err = cfg.Bound()
	}
	var keys *keys
	if err == nil {
		keys, err = newKeys(cfg.KeyFile, cfg.Log)
	}
	if err != nil {
		return nil, errors.Join(err, group.Close())
	}
	return newServer(cfg, keys, group), nil
}

func newServer(cfg Config, keys *keys, group *netio.Group) *Server {
	s := &Server{
		cfg:     cfg,
		group:   group,
		keys:    keys,
		now:     time.Now,
		made:    time.Now(),
		reloads: metric.NewHistogram(reloadLayout),
	}
	s.loader = cache.NewLoader(cache.LoaderConfig{
		Path:     cfg.ConfigFile,
		Grace:    cfg.Grace,
		MaxStale: cfg.MaxStale,
		Log:      cfg.Log,
		Built:    func(took time.Duration) { s.reloads.Observe(uint64(took)) },
	})
	for range group.Stats().Workers {
		s.workers = append(s.workers, newWorker(s))
	}
	return s
}

// Addrs are the addresses that are served, with the ports that were chosen.
func (s *Server) Addrs() []netip.AddrPort { return s.group.Addrs() }

// Reload reads config and key again, even if they seem unchanged.
func (s *Server) Reload() {
	s.loader.Reload()
	s.keys.watch.Force()
}

// Close gives up the addresses of a server that was never run.
func (s *Server) Close() error { return s.group.Close() }

// Run serves until ctx is done, and returns nil then. ready, if not nil, is
// called once when queries are answered: after the first attempt to load the
// config, whatever came of it.
func (s *Server) Run(ctx context.Context, ready func() error) error {
	if need := len(s.workers) + spareProcs; runtime.GOMAXPROCS(0) < need {
		runtime.GOMAXPROCS(need)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	run := func(f func() error) {
		wait.Go(func() {
			defer stop() // the end of one part is the end of all
			if err := f(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	run(func() error { return s.loader.Run(ctx) })
	run(func() error { return s.keys.watch.Run(ctx) })
	run(func() error {
		if !s.loader.WaitAttempt(ctx) {
			return s.group.Close()
		}
		if ready != nil {
			if err := ready(); err != nil {
				return errors.Join(err, s.group.Close())
			}
		}
		return s.group.Serve(ctx, func(i int) netio.Handler { return s.workers[i] })
	})
	wait.Wait()
	return errors.Join(errs...)
}
