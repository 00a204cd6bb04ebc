package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// TestMain makes this binary gantry itself where a test calls it by that name,
// or by that of one of Ganeti's daemons: see install.
func TestMain(m *testing.M) {
	name := filepath.Base(os.Args[0])
	if _, isDaemon := daemonCommand(name); isDaemon || name == "gantry" {
		os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

// install returns a directory in which this binary is called gantry and, as
// make install has it, ganeti-confd.
func install(t *testing.T) string {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"gantry", "ganeti-confd"} {
		if err := os.Symlink(binary, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// call runs a command line in this process.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err strings.Builder
	code = run(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

// What goes wrong is one line on standard error, and says what to do.
func TestMistakes(t *testing.T) {
	for _, test := range []struct {
		line string
		want string
	}{
		{"gantry versoin", `gantry: unknown command "versoin" for gantry: did you mean version?`},
		{"gantry comp", `gantry: unknown command "comp" for gantry: did you mean completion?`},
		{"gantry conf --config /srv/config.data", `gantry: unknown command "conf" for gantry: did you mean confd?`},
		{"gantry frobnicate", `gantry: unknown command "frobnicate" for gantry; see gantry --help`},
		{"gantry --rot /srv", `gantry: unknown flag "--rot" for gantry: did you mean --root?`},
		{"gantry version --jsno", `gantry: unknown flag "--jsno" for gantry version: did you mean --json?`},
		{"gantry version -x", `gantry: unknown shorthand flag: 'x' in -x; see gantry version --help`},
		{"gantry version --json=perhaps", `gantry: invalid argument "perhaps" for "--json" flag: strconv.ParseBool: parsing "perhaps": invalid syntax; see gantry version --help`},
		{"gantry version now", `gantry: version takes no arguments, not "now"`},
		{"gantry man versoin", `gantry: unknown command "versoin" for gantry: did you mean version?`},
		{"gantry man -o /proc/none version", `gantry: man takes no arguments, not "version"`},
		{"gantry man -o /proc/none", `gantry: manual pages: mkdir /proc/none: no such file or directory`},
		{"/usr/sbin/ganeti-noded -f", `ganeti-noded: this build of gantry has no such daemon; use Ganeti's own`},
		{"ganeti-masterd --no-voting", `ganeti-masterd: this build of gantry has no such daemon; use Ganeti's own`},
		{"ganeti-luxid", `ganeti-luxid: this build of gantry has no such daemon; use Ganeti's own`},
	} {
		t.Run(test.line, func(t *testing.T) {
			code, stdout, stderr := call(t, strings.Fields(test.line)...)
			if code != 1 || stdout != "" || stderr != test.want+"\n" {
				t.Errorf("exit %d\nstdout %q\nstderr %q\nwant   %q", code, stdout, stderr, test.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, line := range []string{"gantry", "gantry --help", "gantry help", "gantry version --help", "gantry help version"} {
		code, stdout, stderr := call(t, strings.Fields(line)...)
		if code != 0 || !strings.Contains(stdout, "Usage:") || stderr != "" {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", line, code, stdout, stderr)
		}
	}
	// What this build can't do is not offered.
	if _, stdout, _ := call(t, "gantry"); strings.Contains(stdout, "noded") || strings.Contains(stdout, "masterd") {
		t.Errorf("help offers %s", stdout)
	}
}

func TestVersion(t *testing.T) {
	_, line, _ := call(t, "gantry", "version")
	_, flag, _ := call(t, "gantry", "--version")
	if !strings.HasPrefix(line, "gantry ") || !strings.Contains(line, "go1.") || !strings.HasPrefix(flag, "gantry (gantry) ") {
		t.Errorf("%q and %q", line, flag)
	}
	_, text, _ := call(t, "gantry", "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(text), &b); err != nil || b != currentBuild() {
		t.Errorf("%q reads as %+v, %v", text, b, err)
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if code, stdout, _ := call(t, "gantry", "completion", shell); code != 0 || !strings.Contains(stdout, "gantry") {
			t.Errorf("%s: exit %d, %d bytes", shell, code, len(stdout))
		}
	}
	if _, stdout, _ := call(t, "gantry", "__complete", "ver"); !strings.HasPrefix(stdout, "version\t") {
		t.Errorf("completes ver to %q", stdout)
	}
}

func TestOneLine(t *testing.T) {
	err := errors.Join(errors.New("first"), errors.New("second\nthird"))
	if got := oneLine(err); got != "first; second; third" {
		t.Errorf("%q", got)
	}
}

func TestEditDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"confd", "confd", 0}, {"cnofd", "confd", 2}, {"kitten", "sitting", 3}} {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("%q to %q: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
