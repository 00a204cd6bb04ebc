package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gantry/loadgen"
	"gantry/netio"
)

// answerLoad serves a handler on a port of its own until the test ends.
func answerLoad(t *testing.T, handle func(*netio.Batch)) netip.AddrPort {
	t.Helper()
	group, err := netio.Listen(netio.Config{Addrs: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- group.Serve(ctx, func(int) netio.Handler { return netio.HandlerFunc(handle) }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return group.Addrs()[0]
}

// reply returns a handler that sends back what alter makes of each datagram.
func reply(alter func([]byte) []byte) func(*netio.Batch) {
	return func(b *netio.Batch) {
		for i, datagram := range b.Datagrams() {
			answer := alter(datagram)
			if b.Room() < len(answer) {
				b.Flush()
			}
			b.Reply(i, append(b.Arena(), answer...))
		}
	}
}

func unchanged(datagram []byte) []byte { return datagram }

func TestMistakesInLoad(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "payloads")
	if err := os.WriteFile(broken, []byte("hex:0001\nhello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ line, want string }{
		{"luxi:///run/master.sock", `target "luxi:///run/master.sock": unknown scheme "luxi"; there are confd, udp`},
		{"node://127.0.0.1:1811", `target "node://127.0.0.1:1811": unknown scheme "node"; there are confd, udp`},
		{"conscience://127.0.0.1:6006", `target "conscience://127.0.0.1:6006": unknown scheme "conscience"; there are confd, udp`},
		{"127.0.0.1:1814", `target "127.0.0.1:1814" is not of the form confd://ADDR:PORT or udp://ADDR:PORT`},
		{"udp://127.0.0.1", `target "udp://127.0.0.1" is not of the form udp://ADDR:PORT`},
		{"confd://node1:1814", `target "confd://node1:1814" is not of the form confd://ADDR:PORT`},
		{"udp://127.0.0.1:9 --rate -1", `load: rate: -1 a second is not within 0 and 1e+09`},
		{"udp://127.0.0.1:9 --burst 3", `load: bursts of 3 requests need a rate`},
		{"udp://127.0.0.1:9 --search-max --trials 65", `search: 65 trials are not within 1 and 64`},
		{"udp://127.0.0.1:9 --payload " + broken, broken + `:2: no hex:, base64: or text: at the start`},
		{"udp://127.0.0.1:9 --match order --payload " + broken, `--match: "order" is neither none nor prefix:N, N being 1 to 8 bytes`},
		{"udp://127.0.0.1:9 --expect 2 --payload " + broken, `--expect: "2": "" are not the hexadecimal digits of bytes`},
	} {
		code, _, stderr := call(t, append([]string{"gantry", "load"}, strings.Fields(test.line)...)...)
		if code != 1 || stderr != "gantry: "+test.want+"\n" {
			t.Errorf("%s: exit %d, %q instead of %q", test.line, code, stderr, test.want)
		}
	}
}

// TestLoadTable looks for what must be printed of each loop.
func TestLoadTable(t *testing.T) {
	addr := answerLoad(t, reply(unchanged))
	log := filepath.Join(t.TempDir(), "latency.hlog")
	for _, test := range []struct {
		args string
		want []string
	}{
		{"--requests 1000", []string{"closed loop, under way in each thread: 256", "answered 1000,", "verified: all", "coalesced: no", "from sending"}},
		{"--rate 5000 --requests 500 --coalesce 4 --verify none --hdr " + log, []string{
			"open loop of 5000/s in bursts of 4", "answered 500,", "verified: none", "coalesced: 4 at a time", "from when it was due", "send delay"}},
		{"--rate 2000 --requests 500 --progress --duration 3s", []string{"answered 500,"}},
	} {
		code, stdout, stderr := call(t, append([]string{"gantry", "load", "udp://" + addr.String(), "--warmup", "0s"}, strings.Fields(test.args)...)...)
		if code != 0 || stderr != "" {
			t.Errorf("%s: exit %d, %s", test.args, code, stderr)
		}
		for _, want := range test.want {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: no %q in\n%s", test.args, want, stdout)
			}
		}
	}
	if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), "#[Histogram log format version 1.3]") {
		t.Errorf("the histogram's log: %q, %v", text, err)
	}
}

// TestFaultsOfTheWarmup are printed: they fail the run, though nothing else may have
// been counted.
func TestFaultsOfTheWarmup(t *testing.T) {
	addr := answerLoad(t, reply(func(datagram []byte) []byte { return append(datagram[:16:16], "something else"...) }))
	code, stdout, stderr := call(t, "gantry", "load", "udp://"+addr.String(), "--warmup", "100ms", "--requests", "10")
	if code != 1 || !strings.Contains(stderr, errNotClean.Error()) || !regexp.MustCompile(`warm-up +[0-9]+ not right: content [0-9]+`).MatchString(stdout) {
		t.Errorf("exit %d, %s\n%s", code, stderr, stdout)
	}
}

// TestLoadPayloads drives what looks like a DNS server.
func TestLoadPayloads(t *testing.T) {
	var refuse atomic.Bool
	addr := answerLoad(t, reply(func(query []byte) []byte {
		flags := []byte{0x81, 0x80}
		if refuse.Load() {
			flags[1] |= 5
		}
		return append(append(query[:2:2], flags...), query[4:]...)
	}))
	file := filepath.Join(t.TempDir(), "queries")
	if err := os.WriteFile(file, []byte("hex:0000 0100 0001 0000 0000 0000 0161 0000 0100 01\ntext:id\\x01\\x00rest\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"gantry", "load", "udp://" + addr.String(), "--warmup", "0s", "--requests", "1000", "--json", "--zipf", "1",
		"--payload", file, "--match", "prefix:2", "--expect", "2:8000/800f"}
	for _, wrong := range []uint64{0, 1000} {
		refuse.Store(wrong > 0)
		code, stdout, stderr := call(t, args...)
		var r loadgen.Result
		if err := json.Unmarshal([]byte(stdout), &r); err != nil {
			t.Fatalf("%v: %s%s", err, stdout, stderr)
		}
		if r.Wrong != wrong || r.Answered != 1000-wrong || (code != 0) != (wrong > 0) || r.Verify != loadgen.VerifyAll {
			t.Errorf("exit %d: %+v", code, r)
		}
	}
}

// TestLoadSearch prints each trial, and then what was found.
func TestLoadSearch(t *testing.T) {
	addr := answerLoad(t, reply(unchanged))
	args := []string{"gantry", "load", "udp://" + addr.String(), "--warmup", "0s", "--duration", "50ms", "--timeout", "30s", "--search-max", "--rate", "100", "--trials", "2"}
	code, stdout, stderr := call(t, args...)
	for _, want := range []string{"trial  1         100/s", "trial  2         200/s", "no loss up to 200/s, the highest rate tried", "open loop of 200/s"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("exit %d, %s: no %q in\n%s", code, stderr, want, stdout)
		}
	}
	var found loadgen.SearchResult
	_, stdout, _ = call(t, append(args, "--json")...)
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || found.MaxRate != 200 || len(found.Trials) != 2 || found.Best == nil {
		t.Errorf("%v: %s", err, stdout)
	}
}

// TestGeneratorLimitIsPrinted where it was the limit, and nowhere else.
func TestGeneratorLimitIsPrinted(t *testing.T) {
	for _, limited := range []bool{false, true} {
		var out strings.Builder
		if err := printLoad(&out, &loadgen.Result{GeneratorBusy: []float64{0.1, 0.9}, GeneratorLimited: limited}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "the generator was the limit"); got != limited || !strings.Contains(out.String(), "90 % busy") {
			t.Errorf("limited %t: %s", limited, out.String())
		}
	}
}

// TestProgressText shows rates since the line before.
func TestProgressText(t *testing.T) {
	last := loadgen.Progress{Elapsed: time.Second, Sent: 1000, Answered: 900}
	now := loadgen.Progress{Elapsed: 3 * time.Second, Sent: 5000, Answered: 4700, Faults: 7, Measuring: true}
	if got, want := progressText(&last, &now), "   3.0 s  sent 2000/s  answered 1900/s  not right 7"; got != want {
		t.Errorf("%q instead of %q", got, want)
	}
	now.Measuring = false
	if got := progressText(&last, &now); !strings.HasSuffix(got, "warming up") {
		t.Errorf("%q", got)
	}
	var out strings.Builder
	line := newProgressLine(&out)
	line.update(last)
	line.update(now)
	line.clear()
	if got := strings.Count(out.String(), "\n"); got != 2 || strings.Contains(out.String(), "\r") {
		t.Errorf("no terminal gets %s", fmt.Sprintf("%q", out.String()))
	}
}
