package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gantry/confd/config"
	"gantry/loadgen/replay"
)

// tcpdumpBinary is where Debian has it.
const tcpdumpBinary = "/usr/bin/tcpdump"

// How tcpdump is asked for the types of link that it has here.
var captureKinds = []struct {
	link string // as gantry replay --list calls it
	args []string
}{
	{"ethernet", []string{"-i", "lo"}},
	{"linux_sll", []string{"-i", "any", "-y", "LINUX_SLL"}},
	{"linux_sll2", []string{"-i", "any"}},
}

// compareReplay captures the reference's own Python client asking the reference, on every type of link, and sends the captures to the reference
// and to ours: no answer may differ from the captured one. The same with captures that gantry load makes.
func compareReplay(ctx context.Context, run *session) error {
	text, err := testConfig{name: "replay", options: config.GenerateOptions{Nodes: 6, Instances: 20, Seed: 3}}.build()
	if err != nil {
		return err
	}
	dir, err := run.temp()
	if err != nil {
		return err
	}
	captures, err := captureLibrary(ctx, run, dir, text)
	if err != nil {
		return err
	}
	theirs, err := startReal(ctx, run, confdSpec{config: text})
	if err != nil {
		return err
	}
	defer theirs.stop()
	ours, err := startOurs(ctx, run, confdSpec{config: text, addr: netip.AddrFrom4([4]byte{127, 0, 7, 61})})
	if err != nil {
		return err
	}
	defer ours.stop()
	for _, file := range captures {
		for _, server := range []*confdServer{theirs, ours} {
			replayCapture(ctx, run, server, file, "--speed", "max", "--outstanding", "32")
		}
	}
	replayCapture(ctx, run, ours, captures[0], "--speed", "20", "--keep-rsalt")
	return replayLoads(ctx, run, dir, theirs, ours)
}

// replayNet has the addresses of the servers that are captured, which nobody else uses: tcpdump would see other parts' datagrams, too.
const replayNet = "127.0.71.0/24"

var replayAddrs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 71, 1}), netip.AddrFrom4([4]byte{127, 0, 71, 2})}

// captureLibrary runs the library with tcpdump beside it, and returns a capture for each type of link.
func captureLibrary(ctx context.Context, run *session, dir string, text []byte) (files []string, err error) {
	queries, err := libraryQueries(text)
	if err != nil {
		return nil, err
	}
	var dumps []*process
	defer func() {
		for _, d := range dumps {
			d.stop()
		}
	}()
	for _, kind := range captureKinds {
		file := filepath.Join(dir, kind.link+".pcap")
		dump, err := startTcpdump(ctx, file, kind.args)
		if err != nil {
			return nil, err
		}
		dumps, files = append(dumps, dump), append(files, file)
	}
	if _, err := libraryRun(ctx, run, text, replayAddrs, "theirs", queries); err != nil {
		return nil, err
	}
	for i, dump := range dumps {
		if err := settled(ctx, files[i]); err != nil {
			return nil, err
		}
		dump.stop()
		if out := dump.output.String(); !strings.Contains(out, "\n0 packets dropped by kernel") {
			return nil, fmt.Errorf("tcpdump didn't see everything: %s", out)
		}
		checkListing(ctx, run, files[i], captureKinds[i].link)
	}
	return files, nil
}

// startTcpdump returns when it captures.
func startTcpdump(ctx context.Context, file string, args []string) (*process, error) {
	const patience, pause = 10 * time.Second, 10 * time.Millisecond
	// As another user it could not write the file; packets come to it at once, and it to the file; 4096 packets, each with room for the longest
	// answer, wait for it at most.
	args = append([]string{"-Z", "root", "--immediate-mode", "-U", "-s", "16384", "-B", "65536", "-w", file}, append(args, "udp and net "+replayNet)...)
	dump, err := startProcess("tcpdump", exec.Command(tcpdumpBinary, args...))
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); !strings.Contains(dump.output.String(), "listening on"); {
		if !dump.running() {
			return nil, dump.failure()
		}
		if time.Now().After(end) || ctx.Err() != nil {
			dump.stop()
			return nil, fmt.Errorf("tcpdump doesn't listen: %s", dump.output.String())
		}
		time.Sleep(pause)
	}
	return dump, nil
}

// settled waits until a file doesn't grow any more.
func settled(ctx context.Context, file string) error {
	const quiet, tries = 200 * time.Millisecond, 50
	last := int64(-1)
	for range tries {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		if info.Size() == last {
			return nil
		}
		last = info.Size()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(quiet):
		}
	}
	return fmt.Errorf("%s doesn't stop growing", file)
}

// checkListing checks what gantry replay --list says of a capture of the library.
func checkListing(ctx context.Context, run *session, file, link string) {
	var listing replay.Listing
	if err := gantryJSON(ctx, run, &listing, "replay", "--list", "--json", file); err != nil {
		run.differs("the list of %s: %v", link, err)
		return
	}
	requests := uint64(0)
	for _, n := range listing.Requests {
		requests += n
	}
	run.same("link types of "+link, fmt.Sprint(listing.Links), fmt.Sprint(map[string]uint64{link: listing.Packets}))
	run.log("%s: %d packets, %d requests of %d types", link, listing.Packets, requests, len(listing.Requests))
	if libraryTypes := 11; len(listing.Requests) != libraryTypes || listing.Packets != listing.Datagrams {
		run.differs("%s: %d packets, %d datagrams, requests %v", link, listing.Packets, listing.Datagrams, listing.Requests)
	}
}

// maxUnanswered is how many requests of a capture may have no answer in it: pings to a server that had not bound its port yet.
const maxUnanswered = 50

// replayCapture sends a capture to a server. Everything that was answered in it must be answered again, and the same.
func replayCapture(ctx context.Context, run *session, server *confdServer, file string, flags ...string) {
	var result replay.Result
	args := append([]string{"replay", file, "--to", server.addr.String(), "--key", keyOf(server), "--compare", "--json", "--timeout", "5s"}, flags...)
	err := gantryJSON(ctx, run, &result, args...)
	what := fmt.Sprintf("%s to %s %v", filepath.Base(file), server.name, flags)
	run.compared(int(result.Equal + result.Different + result.Lost))
	run.log("%s: %d equal, %d seen more than once, passed over %v", what, result.Equal, result.Repeated, result.Unread)
	for _, d := range result.Differences {
		run.differs("%s: %s\n    captured  %s\n    today     %s", what, d.Request, describeAnswer(d.Captured), describeAnswer(d.Today))
	}
	switch {
	case err != nil:
		run.differs("%s: %v", what, err)
	case !result.Clean() || result.Equal == 0 || result.Uncaptured > maxUnanswered:
		run.differs("%s: %+v", what, result)
	}
}

func describeAnswer(a *replay.Answer) string {
	if a == nil {
		return "silence"
	}
	return fmt.Sprintf("status %d, serial %d: %s", a.Status, a.Serial, a.Answer)
}

// replayLoads records loads, and sends them again: one of the reference, whose answers that aren't ASCII can't be read (docs/differences), of
// usual queries; and one of ours of all.
func replayLoads(ctx context.Context, run *session, dir string, theirs, ours *confdServer) error {
	for _, load := range []struct {
		of    *confdServer
		mix   string
		again []*confdServer
	}{
		{theirs, "standard", []*confdServer{theirs, ours}},
		{ours, "all", []*confdServer{ours}},
	} {
		file := filepath.Join(dir, "load-"+load.mix+".pcap")
		if err := recordLoad(ctx, run, load.of, file, load.mix, run.times(2000)); err != nil {
			return err
		}
		for _, server := range load.again {
			replayCapture(ctx, run, server, file, "--speed", "max", "--outstanding", "32")
		}
	}
	return nil
}

// recordLoad puts load on a server and captures it.
func recordLoad(ctx context.Context, run *session, server *confdServer, file, mix string, requests int) error {
	return gantryJSON(ctx, run, nil, "load", "confd://"+server.addr.String(), "--key", keyOf(server), "--config", server.configPath(), "--mix", mix,
		"--requests", strconv.Itoa(requests), "--ahead", strconv.Itoa(requests), "--warmup", "0", "--duration", "30s", "--timeout", "5s", "--outstanding", "32",
		"--sockets", "4", "--json", "--pcap", file)
}

// keyOf is a server's key file.
func keyOf(s *confdServer) string { return filepath.Join(s.root, "var/lib/ganeti/hmac.key") }

// gantryJSON runs our binary and reads what it prints, also when it fails.
func gantryJSON(ctx context.Context, run *session, value any, args ...string) error {
	cmd := exec.CommandContext(ctx, run.gantry(), args...)
	var stderr tail
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if value != nil {
		if readErr := json.Unmarshal(output, value); readErr != nil {
			err = errors.Join(err, readErr)
		}
	}
	if err != nil || stderr.String() != "" {
		return fmt.Errorf("gantry %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return nil
}
