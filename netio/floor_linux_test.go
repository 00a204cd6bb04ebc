package netio

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The benchmarks of this file run an echo server in a process of its own, on one
// core, and the generator on another:
//
//	go test ./netio -run '^$' -bench 'Floor|Wait' -benchtime 3s

// echoServer is what the server process is told.
type echoServer struct {
	Addr    string
	Wait    string
	Lock    bool // the worker's goroutine to its thread
	Yield   int  // every so many turns; 0 is the standard
	Offload OffloadMode
	Batch   int // buffers a receive
}

// echoReport is what it tells at its end.
type echoReport struct {
	Counters    Counters
	KernelDrops uint64
	CPU         time.Duration
	Switches    int64
}

const echoServerVariable = "NETIO_TEST_ECHO_SERVER"

func TestMain(m *testing.M) {
	if text := os.Getenv(echoServerVariable); text != "" {
		if err := runEchoServer(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// runEchoServer serves until standard input ends.
func runEchoServer(text string) error {
	var s echoServer
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	cfg, err := Config{
		Addrs: []netip.AddrPort{netip.MustParseAddrPort(s.Addr)}, Workers: 1,
		Offload: s.Offload, BatchSize: s.Batch,
	}.withDefaults()
	if err != nil {
		return err
	}
	transports, err := openTransports(&cfg)
	if err != nil {
		return err
	}
	if transports[0], err = waitBy(s.Wait, transports[0].(*messageTransport)); err != nil {
		return err
	}
	g := newGroup(transports, &cfg)
	if s.Yield > 0 {
		g.workers[0].yieldEvery = s.Yield
	}
	locked := false
	fmt.Println(g.Addrs()[0])
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	err = g.Serve(ctx, func(int) Handler {
		return HandlerFunc(func(b *Batch) {
			if s.Lock && !locked {
				runtime.LockOSThread()
				locked = true
			}
			for i, d := range b.Datagrams() {
				if b.Room() < len(d) {
					b.Flush()
				}
				b.Reply(i, append(b.Arena(), d...))
			}
		})
	})
	var usage unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &usage)
	stats := g.Stats()
	report := echoReport{
		Counters: stats.Total(), KernelDrops: stats.KernelDrops(),
		CPU:      time.Duration(usage.Utime.Nano() + usage.Stime.Nano()),
		Switches: usage.Nvcsw,
	}
	if e := json.NewEncoder(os.Stdout).Encode(report); err == nil {
		err = e
	}
	return err
}

// startEcho starts a server process on the first core, moves the caller to the
// last, and returns the server's address and what ends it.
func startEcho(tb testing.TB, s echoServer) (netip.AddrPort, func() echoReport) {
	tb.Helper()
	if s.Addr == "" {
		s.Addr = "127.0.0.1:0"
	}
	text, err := json.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), echoServerVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	runtime.LockOSThread()
	pin(tb, 0)
	err = cmd.Start()
	pin(tb, runtime.NumCPU()-1)
	if err != nil {
		tb.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	return netip.MustParseAddrPort(line[:len(line)-1]), func() (r echoReport) {
		stdin.Close()
		if err := json.NewDecoder(lines).Decode(&r); err != nil {
			tb.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			tb.Fatal(err)
		}
		runtime.UnlockOSThread()
		return r
	}
}

// pin moves the calling thread, and what it starts, to one core.
func pin(tb testing.TB, core int) {
	var set unix.CPUSet
	set.Set(core)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		tb.Fatal(err)
	}
}

// payloadSize is the size of a typical request, and of its reply.
const payloadSize = 200

// flood keeps outstanding datagrams of payloadSize bytes under way, coalesced by
// the given number, while b loops, an iteration being a received batch.
func flood(b *testing.B, to netip.AddrPort, sockets, outstanding, coalesce int) {
	mode := OffloadOff
	if coalesce > 1 {
		mode = OffloadAuto
	}
	c, err := Dial(ClientConfig{Target: to, Sockets: sockets, BatchSize: MaxBatchSize, Offload: mode})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	memory := make([]byte, outstanding*payloadSize)
	position := 0
	send := func(socket, n int) {
		for range n {
			c.Queue(socket, memory[position:position+payloadSize])
			if position += payloadSize; position == len(memory) {
				position = 0
			}
		}
		c.Flush()
	}
	for i := range sockets {
		for sent := 0; sent < outstanding/sockets; sent += coalesce {
			send(i, coalesce)
		}
	}
	saved := make([]int, sockets)
	answered := 0
	start := time.Now()
	for b.Loop() {
		socket, datagrams, err := c.Receive(time.Second)
		if err != nil || len(datagrams) == 0 {
			b.Fatalf("after %d answers: %d datagrams, %v", answered, len(datagrams), err)
		}
		answered += len(datagrams)
		saved[socket] += len(datagrams)
		if n := saved[socket] / coalesce * coalesce; n > 0 {
			send(socket, n)
			saved[socket] -= n
		}
	}
	b.ReportMetric(float64(answered)/time.Since(start).Seconds(), "answers/s")
}

func reportEcho(b *testing.B, r echoReport) {
	c := &r.Counters
	n := float64(c[Replies])
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(r.CPU.Nanoseconds())/n, "server-ns/answer")
	b.ReportMetric(float64(c[ReceiveCalls]+c[SendCalls]+c[Waits])/n, "calls/answer")
	b.ReportMetric(float64(c[Datagrams])/float64(c[Batches]), "datagrams/batch")
	b.ReportMetric(float64(c[EmptyReceives]+c[Waits])/float64(c[Batches]), "idle-calls/batch")
}

// BenchmarkBatchSize measures how many datagrams one receive should take.
func BenchmarkBatchSize(b *testing.B) {
	for _, size := range []int{1, 4, 16, 32, 64, 128, 256} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			to, stop := startEcho(b, echoServer{Offload: OffloadOff, Batch: size})
			flood(b, to, 4, 1024, 1)
			reportEcho(b, stop())
		})
	}
}

func BenchmarkFloor(b *testing.B) {
	for _, f := range []struct {
		name     string
		offload  OffloadMode
		sockets  int
		coalesce int
	}{
		{"plain", OffloadOff, 4, 1},
		{"plain-offload-on", OffloadAuto, 4, 1},
		{"coalesced", OffloadAuto, 4, 40},
	} {
		b.Run(f.name, func(b *testing.B) {
			to, stop := startEcho(b, echoServer{Offload: f.offload})
			flood(b, to, f.sockets, 4*160, f.coalesce)
			reportEcho(b, stop())
		})
	}
}
