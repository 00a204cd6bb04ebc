package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gantry/confd/paths"
	"gantry/loadgen/replay"
)

// recordLoad puts a little load on a node's daemon, and returns its capture and
// where the daemon is.
func recordLoad(t *testing.T, dirs paths.Dirs) (file, addr string) {
	t.Helper()
	p := startConfd(t, dirs)
	file, addr = filepath.Join(t.TempDir(), "load.pcap"), "127.0.0.1:"+strconv.Itoa(p.port)
	code, stdout, stderr := call(t, "gantry", "load", "--root", dirs.Root, "confd://"+addr, "--mix", "all", "--requests", "2000", "--ahead", "2000",
		"--warmup", "0", "--workers", "2", "--sockets", "2", "--outstanding", "32", "--timeout", "10s", "--duration", "10s", "--pcap", file)
	if code != 0 || strings.Contains(stderr, "warning") {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	return file, addr
}

// What a load was answered, it is answered again; and not after a change.
func TestReplayOfLoad(t *testing.T) {
	dirs := newNode(t)
	file, addr := recordLoad(t, dirs)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	code, stdout, stderr := call(t, "gantry", "replay", "--root", dirs.Root, file, "--to", addr, "--compare", "--speed", "max", "--json", "--timeout", "10s")
	var result replay.Result
	if err := json.Unmarshal([]byte(stdout), &result); err != nil || code != 0 {
		t.Fatalf("exit %d, %v\n%s%s", code, err, stdout, stderr)
	}
	if result.Equal != 2000 || result.Requests != 2000 || result.Replies != 2000 || result.Packets != 4000 {
		t.Errorf("%+v", result)
	}

	other := newNode(t)
	text, err := os.ReadFile(other.Config())
	if err != nil {
		t.Fatal(err)
	}
	const mark = `"cluster_name":"`
	changed := strings.Replace(string(text), mark, mark+"changed-", 1)
	if err := os.WriteFile(other.Config(), []byte(changed), 0o600); err != nil || changed == string(text) {
		t.Fatal("no change", err)
	}
	p := startConfd(t, other)
	code, stdout, stderr = call(t, "gantry", "replay", "--root", dirs.Root, file, "--to", "127.0.0.1:"+strconv.Itoa(p.port), "--compare", "--speed", "max", "--show", "1", "--timeout", "10s")
	if code != 1 || stderr != "gantry: answers differ from the captured ones\n" || strings.Count(stdout, "  today ") != 1 || !strings.Contains(stdout, "changed-") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}

func TestReplayList(t *testing.T) {
	dirs := newNode(t)
	file, addr := recordLoad(t, dirs)
	code, stdout, stderr := call(t, "gantry", "replay", "--list", file, "--json")
	var listing replay.Listing
	if err := json.Unmarshal([]byte(stdout), &listing); err != nil || code != 0 {
		t.Fatalf("exit %d, %v\n%s", code, err, stderr)
	}
	if len(listing.Servers) != 1 || listing.Servers[0] != (replay.Peer{Addr: addr, Requests: 2000, Replies: 2000}) || len(listing.Requests) != 12 {
		t.Errorf("%+v", listing)
	}
	code, stdout, _ = call(t, "gantry", "replay", "--list", file, "--key", dirs.HMACKey())
	for _, want := range []string{"4000 packets, 4000 UDP datagrams", "link types  raw 4000", "servers     " + addr + ": 2000 requests, 2000 replies", "neither     none", "signatures  checked"} {
		if code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("exit %d, no %q in\n%s", code, want, stdout)
		}
	}
}

func TestReplayMistakes(t *testing.T) {
	dir := t.TempDir()
	key, foreign, empty := keyFile(t), filepath.Join(dir, "text"), filepath.Join(dir, "empty.pcap")
	for path, text := range map[string]string{foreign: "no capture\n", empty: "\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + strings.Repeat("\x00", 8) + "\x00\x00\x04\x00\x65\x00\x00\x00"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ line, want string }{
		{"replay " + empty, "gantry: whom to ask is missing: give --to ADDR[:PORT], or --list"},
		{"replay " + empty + " --to nowhere", "gantry: --to: "},
		{"replay " + empty + " --to 127.0.0.1:9 --key /none", "gantry: key file: open /none: no such file or directory (give --key)"},
		{"replay " + empty + " --to 127.0.0.1:9 --capture-key /none --key " + key, "gantry: key file: open /none"},
		{"replay " + empty + " --to 127.0.0.1:9 --key " + key, "gantry: " + empty + " holds no request that is signed with the key"},
		{"replay " + foreign + " --to 127.0.0.1:9 --key " + key, "gantry: " + foreign + ": replay: capture: neither a pcap nor a pcapng file"},
		{"replay " + foreign + " --list", "gantry: " + foreign + ": capture: neither a pcap nor a pcapng file"},
		{"replay /none --list", "gantry: open /none: no such file or directory"},
		{"replay /none --list --key /none", "gantry: key file: open /none"},
		{"replay /none --to 127.0.0.1:9 --key " + key, "gantry: /none: replay: open /none: no such file or directory"},
		{"replay - --loop 2 --to 127.0.0.1:9 --key " + key, "gantry: standard input can't be sent more than once"},
		{"replay " + empty + " --speed 0", `gantry: invalid argument "0" for "--speed" flag: neither a number above 0 nor max`},
		{"load --pcap " + empty + " --search-max --size 100 udp://127.0.0.1:9", "gantry: --pcap records one run"},
		{"load --pcap /none/x --size 100 udp://127.0.0.1:9", "gantry: open /none/x: no such file or directory"},
	} {
		code, _, stderr := call(t, append([]string{"gantry"}, strings.Fields(test.line)...)...)
		if code != 1 || !strings.HasPrefix(stderr, test.want) {
			t.Errorf("%s: exit %d, %q, want %q", test.line, code, stderr, test.want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("a", 500) + "b" + strings.Repeat("c", 500)
	for _, test := range []struct {
		text  string
		place int
		want  string
	}{
		{"short", 3, "short"},
		{long, 0, strings.Repeat("a", 200) + "…"},
		{long, 500, "…" + strings.Repeat("a", 60) + "b" + strings.Repeat("c", 139) + "…"},
		{long, 1001, "…" + strings.Repeat("c", 200)},
	} {
		if got := excerpt(test.text, test.place); got != test.want {
			t.Errorf("at %d: %s", test.place, got)
		}
	}
	if got := commonPrefix("abc", "abd") + commonPrefix("ab", "abc"); got != 4 {
		t.Error(got)
	}
}
