package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"gantry/confd"
)

const (
	// callQueries is over how many queries calls are counted.
	callQueries = 1_000_000
	// callTimeout bounds that. With strace watching, a server does a tenth of
	// what it could.
	callTimeout = 3 * time.Minute
)

func calls(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(ctx, 100)
	if err != nil {
		return nil, err
	}
	var mallocs, futexes, counted series
	for run := range l.Runs {
		m, queries, err := l.countMallocs(ctx, config)
		if err != nil {
			return nil, err
		}
		f, traced, err := l.countFutexes(ctx, config)
		if err != nil {
			return nil, err
		}
		l.logf("  run %d of %d: %d allocations, %d futex calls", run+1, l.Runs, m, f)
		mallocs, futexes = append(mallocs, float64(m)), append(futexes, float64(f))
		counted = append(counted, float64(min(queries, traced)))
	}
	fewest, _ := counted.span()
	return &Report{
		Tables: []Table{{
			Header: []string{"what", "calls, median (min-max)"},
			Rows: [][]string{
				{"heap allocations (runtime.MemStats.Mallocs)", mallocs.text("%.0f")},
				{"futex (strace)", futexes.text("%.0f")},
			},
		}},
		Goals: []Goal{
			{What: "heap allocations", Got: mallocs.median(), Want: 0, AtMost: true},
			{What: "futex calls", Got: futexes.median(), Want: 0, AtMost: true},
			{What: "queries that they were counted over, each run", Got: fewest, Want: callQueries},
		},
	}, nil
}

// everything puts on the load that asks for all types in both spellings, until
// stop is called. loaded is done when the load ended, by itself too.
func (l *Lab) everything(ctx context.Context, s *server, config string) (loaded context.Context, stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	loaded, ended := context.WithCancelCause(ctx)
	quiet := *l
	quiet.length = callTimeout
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := quiet.load(ctx, s, config, "--mix", "all", "--warmup", "0s")
		if ctx.Err() == nil {
			err = fmt.Errorf("the load ended too early: %w", err)
		}
		ended(err)
	}()
	return loaded, func() error {
		early := ctx.Err() == nil && loaded.Err() != nil
		cancel()
		<-done
		if early {
			return context.Cause(loaded)
		}
		return nil
	}
}

// countMallocs runs a server in this process, where its allocations can be
// read, and returns how many there were over a number of queries. Nothing else
// runs here meanwhile.
func (l *Lab) countMallocs(ctx context.Context, config string) (mallocs, queries uint64, err error) {
	served := filepath.Join(l.Dir, "mallocs.data")
	if err := link(config, served); err != nil {
		return 0, 0, err
	}
	s, err := confd.New(confd.Config{
		Addrs: []netip.AddrPort{l.nextAddr()}, ConfigFile: served, KeyFile: l.keyFile(), Workers: 1,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return 0, 0, err
	}
	startThreads()
	serveCtx, cancel := context.WithCancel(ctx)
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(serveCtx, func() error { close(ready); return nil }) }()
	<-ready
	loaded, stop := l.everything(ctx, &server{name: "confd", addr: s.Addrs()[0], scheme: "confd"}, config)
	mallocs, queries, err = mallocsOver(loaded, s)
	err = errors.Join(err, stop())
	cancel()
	return mallocs, queries, errors.Join(err, <-ended)
}

// startThreads makes the runtime start more threads than it will need here. It
// allocates for each, at whatever moment it first wants one more, and that is no
// part of a query.
func startThreads() {
	const threads = 16
	var started, enough sync.WaitGroup
	enough.Add(1)
	for range threads {
		started.Add(1)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			started.Done()
			enough.Wait()
		}()
	}
	started.Wait()
	enough.Done()
}

// mallocsOver waits until the load has warmed the server up and it has answered
// enough, without allocating itself.
func mallocsOver(ctx context.Context, s *confd.Server) (mallocs, queries uint64, err error) {
	const warmUp = callQueries / 10
	deadline := time.Now().Add(callTimeout)
	var before, after runtime.MemStats
	wait := func(until uint64) error {
		for s.Requests() < until {
			if ctx.Err() != nil {
				return fmt.Errorf("after %d queries: %w", s.Requests(), context.Cause(ctx))
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("only %d queries within %v", s.Requests(), callTimeout)
			}
			time.Sleep(10 * time.Millisecond)
		}
		return nil
	}
	if err := wait(warmUp); err != nil {
		return 0, 0, err
	}
	runtime.ReadMemStats(&before)
	first := s.Requests()
	if err := wait(first + callQueries); err != nil {
		return 0, 0, err
	}
	queries = s.Requests() - first
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs, queries, nil
}

// countFutexes counts the futex calls of a server under load. How many queries
// it answers meanwhile is told by the kernel, since asking the server would
// make it call: each query is two datagrams received, the request and the reply.
func (l *Lab) countFutexes(ctx context.Context, config string) (futexes, queries uint64, err error) {
	s, err := l.confd(ctx, "confd", config, confdOptions{})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	loaded, stop := l.everything(ctx, s, config)
	defer func() { err = errors.Join(err, stop()) }()
	warmUp, err := datagramsReceived()
	if err == nil {
		_, err = datagramsOver(loaded, warmUp, callQueries/10)
	}
	if err != nil {
		return 0, 0, err
	}
	parked, err := threadsWaiting(s.pid(), "futex")
	if err != nil {
		return 0, 0, err
	}
	trace, err := l.strace(s.pid())
	if err != nil {
		return 0, 0, err
	}
	first, err := datagramsReceived()
	if err == nil {
		queries, err = datagramsOver(loaded, first, 2*callQueries)
	}
	futexes, traceErr := trace.count()
	return futexes - min(parked, futexes), queries / 2, errors.Join(err, traceErr)
}

// threadsWaiting is how many threads of a process the kernel holds in one of its
// functions whose name has a prefix. Those in futex calls strace counts when it
// attaches, since it interrupts them and they start again, although the process
// has called long before.
func threadsWaiting(pid int, prefix string) (n uint64, err error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/wchan", pid))
	if err != nil || len(threads) == 0 {
		return 0, errors.Join(err, fmt.Errorf("process %d shows no threads", pid))
	}
	for _, path := range threads {
		function, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ESRCH) {
			return 0, err
		}
		if bytes.HasPrefix(function, []byte(prefix)) {
			n++
		}
	}
	return n, nil
}

// datagramsOver waits until so many more datagrams were received than first,
// and returns how many more there are.
func datagramsOver(ctx context.Context, first, more uint64) (uint64, error) {
	for deadline := time.Now().Add(callTimeout); ; time.Sleep(10 * time.Millisecond) {
		now, err := datagramsReceived()
		switch {
		case err != nil || now-first >= more:
			return now - first, err
		case ctx.Err() != nil:
			return now - first, fmt.Errorf("after %d datagrams: %w", now-first, context.Cause(ctx))
		case time.Now().After(deadline):
			return now - first, fmt.Errorf("only %d datagrams within %v", now-first, callTimeout)
		}
	}
}

// datagramsReceived is the kernel's count, Udp InDatagrams in /proc/net/snmp.
func datagramsReceived() (uint64, error) {
	text, err := os.ReadFile("/proc/net/snmp")
	if err != nil {
		return 0, err
	}
	header := true
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "Udp:" {
			continue
		}
		if !header {
			return strconv.ParseUint(fields[1], 10, 64) // InDatagrams is the first
		}
		header = false
	}
	return 0, errors.New("/proc/net/snmp has no count of datagrams")
}

// tracing is strace at work.
type tracing struct {
	cmd    *exec.Cmd
	output *bytes.Buffer
}

// strace counts the futex calls of a process from now on.
func (l *Lab) strace(pid int) (*tracing, error) {
	t := &tracing{cmd: exec.Command("strace", "-f", "-c", "-e", "trace=futex", "-p", strconv.Itoa(pid)), output: new(bytes.Buffer)}
	t.cmd.Stderr = t.output
	t.cmd.SysProcAttr = ownGroup()
	if err := l.starter.start(t.cmd.Start); err != nil {
		return nil, fmt.Errorf("strace: %w", err)
	}
	return t, nil
}

// count ends strace and returns what it counted. Its table has a line for each
// system call that was made: share, seconds, time a call, calls, errors if any,
// name.
func (t *tracing) count() (uint64, error) {
	_ = t.cmd.Process.Signal(syscall.SIGINT)
	_ = t.cmd.Wait()
	if !strings.Contains(t.output.String(), "attached") {
		return 0, fmt.Errorf("strace did not attach: %s", t.output.String())
	}
	for line := range strings.Lines(t.output.String()) {
		if fields := strings.Fields(line); len(fields) >= 5 && fields[len(fields)-1] == "futex" {
			return strconv.ParseUint(fields[3], 10, 64)
		}
	}
	return 0, nil
}
