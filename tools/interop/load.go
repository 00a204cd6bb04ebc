package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gantry/confd/config"
	"gantry/loadgen"
)

// What the load generator says of a run must be what the server's metrics and the kernel say of it. A network namespace keeps everybody else's
// datagrams out of the kernel's counters.

const (
	loadNamespace = "gantry-load"
	loadServer    = "127.0.0.1:1814"
	loadMetrics   = "127.0.0.1:1815"
	loadEcho      = "127.0.0.1:1816"

	// loadAttempts bounds how often a run is repeated that the machine, busy with other things, was too slow for. Counts that don't agree are
	// never tried again.
	loadAttempts = 5
)

// compareCounts compares the counts of generator, server and kernel: of a run at 50,000 requests a second that loses nothing, and of one whose
// server is stopped for so long that the kernel must drop some. And it stalls an echo, to see whether the generator sees it.
func compareCounts(ctx context.Context, run *session) error {
	l := &loadLab{run: run}
	if err := l.open(ctx); err != nil {
		return err
	}
	defer l.close()
	if err := l.atRate(ctx); err != nil {
		return err
	}
	if err := l.withDrops(ctx); err != nil {
		return err
	}
	return l.stalls(ctx)
}

// loadLab is the namespace with a confd and an echo in it.
type loadLab struct {
	run    *session
	root   string
	server *process
	echo   *process
}

func (l *loadLab) open(ctx context.Context) error {
	_ = exec.Command("ip", "netns", "del", loadNamespace).Run() // what a killed run left
	for _, args := range []string{"netns add " + loadNamespace, "-n " + loadNamespace + " link set lo up"} {
		if text, err := exec.CommandContext(ctx, "ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", args, err, text)
		}
	}
	parent, err := l.run.temp()
	if err != nil {
		return err
	}
	l.root = filepath.Join(parent, nodeName)
	var text bytes.Buffer
	if err := config.Generate(&text, config.GenerateOptions{Nodes: 10, Instances: 1000, Seed: l.run.seed}); err != nil {
		return err
	}
	if err := makeRoot(l.root, text.Bytes()); err != nil {
		return err
	}
	if l.server, err = startProcess("gantry confd", l.inside(ctx, "confd", "-f", "--no-user-checks", "-b", "127.0.0.1", "--metrics", loadMetrics, "--workers", "1")); err != nil {
		return err
	}
	if l.echo, err = startProcess("gantry echo", l.inside(ctx, "echo", loadEcho)); err != nil {
		return err
	}
	return l.awaitReady(ctx)
}

func (l *loadLab) close() {
	l.server.stop()
	l.echo.stop()
	_ = exec.Command("ip", "netns", "del", loadNamespace).Run()
}

// inside is gantry with arguments, inside the namespace.
func (l *loadLab) inside(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", loadNamespace, l.run.gantry()}, args...)...)
	cmd.Env = virtualNodeEnv(l.root)
	return cmd
}

// awaitReady returns when the confd has read its config. It asks by HTTP only: datagrams would count.
func (l *loadLab) awaitReady(ctx context.Context) error {
	const patience, pause = 30 * time.Second, 50 * time.Millisecond
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("gantry confd has no config after %v", patience))
	defer cancel()
	for {
		if m, err := scrapeInside(loadNamespace, loadMetrics); err == nil && m.sum("gantry_confd_config_instances") > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.server.exited:
			return l.server.failure()
		case <-time.After(pause):
		}
	}
}

// load runs gantry load. Losses are in the result, not an error.
func (l *loadLab) load(ctx context.Context, args ...string) (*loadgen.Result, error) {
	cmd := l.inside(ctx, append([]string{"load", "--json", "--warmup", "0s"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_, err := exitCode(cmd.Run())
	if err != nil {
		return nil, err
	}
	r := new(loadgen.Result)
	if err := json.Unmarshal(out.Bytes(), r); err != nil {
		return nil, fmt.Errorf("gantry load %s: %w: %s", strings.Join(args, " "), err, errs.Bytes())
	}
	return r, nil
}

// atRate is 50,000 requests a second for ten seconds.
func (l *loadLab) atRate(ctx context.Context) error {
	const rate, seconds, tolerance = 50_000, 10, 0.01
	var r *loadgen.Result
	for range loadAttempts {
		var err error
		if r, err = l.counted(ctx, func() {}, "--rate", strconv.Itoa(rate), "--duration", strconv.Itoa(seconds)+"s", "--timeout", "5s"); err != nil {
			return err
		}
		l.run.log("%.0f/s of %d/s sent, %d requests, %d answered, %d lost, p99 %s, generator %.0f %% busy", r.SentRate, rate, r.Sent, r.Answered, r.Lost,
			time.Duration(r.LatencyNS.P99), 100*r.Busiest())
		if r.SentRate >= rate*(1-tolerance) && r.SentRate <= rate*(1+tolerance) {
			l.run.compared(1)
			return nil
		}
	}
	l.run.compared(1)
	l.run.differs("at %d/s the generator sends %.0f/s", rate, r.SentRate)
	return nil
}

// withDrops stops the server while the generator starts and for some of its run, so that the receive queue overflows.
func (l *loadLab) withDrops(ctx context.Context) error {
	const stopped = 2500 * time.Millisecond
	stopping := make(chan struct{})
	stop := func() {
		go func() {
			defer close(stopping)
			pauseProcess(ctx, l.server, stopped, stopped)
		}()
	}
	r, err := l.counted(ctx, stop, "--rate", "50000", "--duration", "3s", "--timeout", "5s", "--ahead", "1")
	if err != nil {
		return err
	}
	<-stopping
	l.run.compared(1)
	if l.run.log("server stopped: %d requests, %d answered, %d lost", r.Sent, r.Answered, r.Lost); r.Lost == 0 {
		l.run.differs("a server that is stopped for %v loses nothing: the comparison of drops compares nothing", stopped)
	}
	return nil
}

// stalls stops an echo for 100 ms once a second: an open loop at 20,000/s sees it, a closed one doesn't.
func (l *loadLab) stalls(ctx context.Context) error {
	const stall = 100 * time.Millisecond
	stalling, end := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for stalling.Err() == nil {
			pauseProcess(stalling, l.echo, stall, time.Second)
		}
	}()
	defer func() {
		end()
		<-ended
	}()
	var p50, p99 time.Duration
	for range loadAttempts {
		r, err := l.load(ctx, "udp://"+loadEcho, "--rate", "20000", "--duration", "4s")
		if err != nil {
			return err
		}
		p50, p99 = time.Duration(r.LatencyNS.P50), time.Duration(r.LatencyNS.P99)
		l.run.log("echo stalls: open loop p50 %s, p99 %s, lost %d", p50, p99, r.Lost)
		if r.Lost == 0 && p50 < time.Millisecond && p99 >= 85*time.Millisecond && p99 <= 110*time.Millisecond {
			p99 = 0
			break
		}
	}
	l.run.compared(1)
	if p99 != 0 {
		l.run.differs("an echo that stalls for %s once a second has a p50 of %s and a p99 of %s", stall, p50, p99)
	}
	for range loadAttempts {
		r, err := l.load(ctx, "udp://"+loadEcho, "--duration", "2s")
		if err != nil {
			return err
		}
		p99 = time.Duration(r.LatencyNS.P99)
		if l.run.log("echo stalls: closed loop p99 %s", p99); p99 < stall/2 {
			break
		}
	}
	l.run.compared(1)
	if p99 >= stall/2 {
		l.run.differs("the closed loop sees the stall, which docs/load.md denies: p99 %s", p99)
	}
	return nil
}

// pauseProcess stops a process for a while and lets it go on for the rest of the period.
func pauseProcess(ctx context.Context, p *process, stall, period time.Duration) {
	_ = p.cmd.Process.Signal(syscall.SIGSTOP)
	<-time.After(stall)
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
	select {
	case <-ctx.Done():
	case <-time.After(period - stall):
	}
}

// counted runs a load on the confd and compares everybody's counts of it. meanwhile is called when the first counts are taken, and doesn't wait.
func (l *loadLab) counted(ctx context.Context, meanwhile func(), args ...string) (*loadgen.Result, error) {
	before, err := l.counts()
	if err != nil {
		return nil, err
	}
	meanwhile()
	r, err := l.load(ctx, append([]string{"confd://" + loadServer}, args...)...)
	if err != nil {
		return nil, err
	}
	after, err := l.counts()
	if err != nil {
		return nil, err
	}
	l.agree(r, after.minus(before))
	return r, nil
}

// agree compares the counts of a run, in which nobody else sent anything.
func (l *loadLab) agree(r *loadgen.Result, c *loadCounts) {
	received := c.requests + c.drops - c.queueFull // by the server
	replies := c.replies
	equal := func(what string, a, b uint64) {
		l.run.compared(1)
		if a != b {
			l.run.differs("%s: %d and %d; generator %+v, server and kernel %+v", what, a, b, *r, *c)
		}
	}
	equal("sent, and answered or lost", r.Sent, r.Answered+r.Lost)
	equal("sent, and taken or dropped by the server, each drop with a reason", r.Sent, c.requests+c.drops)
	equal("requests and replies of the server", c.requests, replies)
	equal("what generator and server sent, and the kernel", r.Sent+replies, c.kernel["OutDatagrams"])
	equal("what generator and server received, and the kernel", r.Answered+received, c.kernel["InDatagrams"])
	equal("lost, and dropped by the kernel", r.Lost, c.kernel["RcvbufErrors"])
	equal("replies, and answered or dropped by the kernel before the generator", replies, r.Answered+c.kernel["RcvbufErrors"]-c.queueFull)
	equal("wrong, late, duplicate, foreign, refused or unsent, and none", r.Wrong+r.Late+r.Duplicate+r.Foreign+r.Refused+r.Unsent, 0)
	equal("the kernel's other faults, and none", c.kernel["NoPorts"]+c.kernel["InCsumErrors"]+c.kernel["SndbufErrors"]+c.kernel["MemErrors"], 0)
}

// loadCounts are what the server and the kernel have counted.
type loadCounts struct {
	requests, replies, drops, queueFull uint64
	kernel                              map[string]uint64 // the line Udp of /proc/net/snmp
}

func (c *loadCounts) minus(before *loadCounts) *loadCounts {
	d := &loadCounts{c.requests - before.requests, c.replies - before.replies, c.drops - before.drops, c.queueFull - before.queueFull, map[string]uint64{}}
	for name, n := range c.kernel {
		d.kernel[name] = n - before.kernel[name]
	}
	return d
}

func (l *loadLab) counts() (*loadCounts, error) {
	m, err := scrapeInside(loadNamespace, loadMetrics)
	if err != nil {
		return nil, err
	}
	// A process's view of the network is that of its namespace.
	snmp, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/snmp", l.server.cmd.Process.Pid))
	if err != nil {
		return nil, err
	}
	kernel, err := udpCounters(string(snmp))
	return &loadCounts{
		requests: m.sum("gantry_confd_requests_total"), replies: m.sum("gantry_confd_replies_total"),
		drops: m.sum("gantry_confd_drops_total"), queueFull: m[`gantry_confd_drops_total{reason="queue_full"}`], kernel: kernel,
	}, err
}
