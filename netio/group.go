package netio

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"sync"
)

// Group is a set of workers that serve the same addresses.
type Group struct {
	workers []*worker

	mu     sync.Mutex
	state  groupState
	closed chan struct{} // closed when the sockets are
}

type groupState uint8

const (
	groupIdle groupState = iota
	groupServing
	groupClosed
)

// Listen opens the sockets of every worker, or takes over the inherited ones. The
// kernel queues datagrams from then on; Serve answers them.
func Listen(cfg Config) (*Group, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(cfg.Addrs)+len(cfg.Files) == 0 {
		return nil, errors.New("netio: no address to listen on")
	}
	open := openTransports
	if cfg.Portable {
		open = openPortable
	}
	transports, err := open(&cfg)
	if err != nil {
		return nil, err
	}
	return newGroup(transports, &cfg), nil
}

// NewGroup makes a group of one worker for each of the given transports instead
// of sockets: a network in memory, or a way to receive that this package does not
// know. Of cfg only BatchSize and MaxRequest count.
func NewGroup(transports []Transport, cfg Config) (*Group, error) {
	cfg.Workers = len(transports)
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return newGroup(transports, &cfg), nil
}

func newGroup(transports []Transport, cfg *Config) *Group {
	g := &Group{closed: make(chan struct{})}
	for _, t := range transports {
		g.workers = append(g.workers, newWorker(t, cfg))
	}
	return g
}

// Serve runs the workers until ctx is done, and then returns nil, or until one of
// them fails, and then returns its error. newHandler is called for every worker,
// counted from 0, before any of them starts. When Serve returns, the workers have
// ended and the sockets are closed. It can be called once.
func (g *Group) Serve(ctx context.Context, newHandler func(worker int) Handler) error {
	if err := g.start(); err != nil {
		return err
	}
	handlers := make([]Handler, len(g.workers))
	for i := range handlers {
		handlers[i] = newHandler(i)
	}
	results := make(chan error, len(g.workers))
	for i, w := range g.workers {
		go func() { results <- w.run(handlers[i]) }()
	}
	var errs []error
	running := len(g.workers)
	select {
	case <-ctx.Done():
	case err := <-results:
		errs = append(errs, err)
		running--
	}
	for _, w := range g.workers {
		w.stop()
	}
	for ; running > 0; running-- {
		errs = append(errs, <-results)
	}
	return errors.Join(append(errs, g.close())...)
}

func (g *Group) start() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state != groupIdle {
		return ErrClosed
	}
	g.state = groupServing
	return nil
}

// Close closes a group that never was served. Otherwise ending Serve's context
// closes it, and Close only waits for that.
func (g *Group) Close() error {
	g.mu.Lock()
	idle := g.state == groupIdle
	if idle {
		g.state = groupServing
	}
	g.mu.Unlock()
	if idle {
		return g.close()
	}
	<-g.closed
	return nil
}

func (g *Group) close() error {
	var errs []error
	for _, w := range g.workers {
		errs = append(errs, w.transport.Close())
	}
	g.mu.Lock()
	g.state = groupClosed
	g.mu.Unlock()
	close(g.closed)
	return errors.Join(errs...)
}

// Stats is a snapshot of what a group has done. Each worker's numbers are those
// at the end of its last batch: exact when it is idle.
type Stats struct {
	Workers []Counters
	Sockets []SocketStats
}

// Total returns the sums over all workers.
func (s *Stats) Total() (sum Counters) {
	for i := range s.Workers {
		sum.add(&s.Workers[i])
	}
	return sum
}

// KernelDrops returns the datagrams that the kernel dropped at full receive
// queues, over all sockets.
func (s *Stats) KernelDrops() (sum uint64) {
	for i := range s.Sockets {
		sum += s.Sockets[i].KernelDrops
	}
	return sum
}

// Stats returns the numbers of now; after the end, those of the end.
func (g *Group) Stats() Stats {
	var s Stats
	for i, w := range g.workers {
		s.Workers = append(s.Workers, w.published.load())
		for _, socket := range w.transport.Sockets() {
			socket.Worker = i
			s.Sockets = append(s.Sockets, socket)
		}
	}
	return s
}

// Addrs returns the addresses that are listened on, each once, with the ports
// that the kernel chose.
func (g *Group) Addrs() []netip.AddrPort {
	var addrs []netip.AddrPort
	for _, socket := range g.workers[0].transport.Sockets() {
		addrs = append(addrs, socket.Addr)
	}
	return unique(addrs)
}

// unique drops the repetitions, keeping the order.
func unique(addrs []netip.AddrPort) []netip.AddrPort {
	var out []netip.AddrPort
	seen := make(map[netip.AddrPort]bool)
	for _, a := range addrs {
		if !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}

// Files returns duplicates of all sockets, for a process that is to take over
// ([Config.Files]). The caller closes them. Groups without sockets of their own
// have none.
func (g *Group) Files() ([]*os.File, error) {
	var files []*os.File
	for _, w := range g.workers {
		source, ok := w.transport.(interface{ files() ([]*os.File, error) })
		if !ok {
			continue
		}
		more, err := source.files()
		files = append(files, more...)
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			return nil, err
		}
	}
	return files, nil
}
