package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gantry/confd/daemon"
)

// runConfd runs the daemon's command to its end, which it must come to by
// itself, and returns its exit code and standard error.
func runConfd(t *testing.T, arguments ...string) (code int, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(install(t), "ganeti-confd"), arguments...)
	var output strings.Builder
	cmd.Stderr = &output
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), output.String()
}

// A start that can't work says why in one line, detached or not.
func TestConfdThatCanNotStart(t *testing.T) {
	dirs := newNode(t)
	taken, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	takenPort := strconv.Itoa(taken.LocalAddr().(*net.UDPAddr).Port)
	free := strconv.Itoa(freePort(t))
	empty := filepath.Join(t.TempDir(), "empty.key")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, arguments string
		want            string // part of the line
	}{
		{"an argument", "now", `ganeti-confd takes no arguments, not "now"`},
		{"a bad address", "-b example.com", "example.com"},
		{"a bad port", "-p 70000", `invalid argument "70000" for "-p, --port" flag`},
		{"a bad word", "--syslog maybe", `invalid argument "maybe" for "--syslog" flag: not one of no, yes, only`},
		{"no workers", "--workers -1", "-1"},
		{"a flag of nobody's", "--confg x", `unknown flag "--confg" for ganeti-confd: did you mean --config?`},
		{"a relative root", "--root node1", "--root node1: the root directory must be absolute"},
		{"a port in use", "-p " + takenPort, "address already in use"},
		{"no key", "-p " + free + " --key /nonexistent/hmac.key", "/nonexistent/hmac.key: no such file or directory"},
		{"a key that is a directory", "-p " + free + " --key " + dirs.Data, dirs.Data + ": is a directory"},
		{"an empty key", "-p " + free + " --key " + empty, empty + " is empty"},
		{"a bad metrics address", "-p " + free + " --metrics 127.0.0.1", "missing port in address"},
	} {
		for _, mode := range []string{"-f", ""} {
			t.Run(test.name+" "+mode, func(t *testing.T) {
				arguments := []string{"--no-user-checks", "--root", dirs.Root, "-b", "127.0.0.1", "--metrics", "off"}
				if mode != "" {
					arguments = append(arguments, mode)
				}
				if strings.HasPrefix(test.arguments, "-b") { // it may be given more than once
					arguments = []string{"--no-user-checks", "--root", dirs.Root, "-f"}
				}
				code, stderr := runConfd(t, append(arguments, strings.Fields(test.arguments)...)...)
				lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
				last := lines[len(lines)-1]
				if code != daemon.ExitFailure || !strings.HasPrefix(last, "ganeti-confd: ") || !strings.Contains(last, test.want) {
					t.Errorf("exit code %d, it said\n%swant a line with %q", code, stderr, test.want)
				}
				if mode == "" && len(lines) != 1 {
					t.Errorf("it said more than one line:\n%s", stderr)
				}
			})
		}
	}
}

// A config that can't be used is no reason not to start, but one not to be ready.
func TestConfdStartsWithABadConfig(t *testing.T) {
	dirs := newNode(t)
	if err := os.WriteFile(dirs.Config(), []byte(`{"version": 3000000, "cluster": 1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startConfd(t, dirs)
	response, err := newHTTPClient().Get("http://" + p.http + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 503 {
		t.Errorf("/readyz: %s", response.Status)
	}
}
