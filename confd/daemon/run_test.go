package daemon

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestForegroundLife(t *testing.T) {
	r := newRecipe(t, "serve")
	p := r.run(t)
	if line := p.expect("daemon startup"); !strings.Contains(line, ": ganeti-testd pid="+strconv.Itoa(p.cmd.Process.Pid)+" NOTICE ") {
		t.Errorf("the first line is %q", line)
	}
	p.expect("the daemon answers")
	if text, err := os.ReadFile(r.pidFile()); err != nil || string(text) != strconv.Itoa(p.cmd.Process.Pid)+"\n" {
		t.Errorf("PID file holds %q, %v", text, err)
	}
	p.signal(syscall.SIGTERM)
	p.expect("daemon shutdown")
	if state := p.wait(); !state.Success() {
		t.Errorf("it ended with %v", state)
	}
	if exists(r.pidFile()) {
		t.Error("the PID file is still there")
	}
	if text, err := os.ReadFile(r.logFile()); err != nil || strings.Count(string(text), "\n") < 4 {
		t.Errorf("the log file holds %q, %v", text, err)
	}
}

func TestSecondInstanceIsRefused(t *testing.T) {
	r := newRecipe(t, "serve")
	first := r.run(t)
	first.expect("the daemon answers")
	second := r.run(t)
	second.expect("error: PID file " + r.pidFile() + ": already running, process " + strconv.Itoa(first.cmd.Process.Pid))
	if code := second.wait().ExitCode(); code != ExitFailure {
		t.Errorf("exit code %d", code)
	}
	if !exists(r.pidFile()) {
		t.Error("the second instance removed the first one's PID file")
	}
}

func TestFailedStart(t *testing.T) {
	for _, test := range []struct {
		scenario, want string
		code           int
	}{
		{"refuse", "error: the port is taken", ExitFailure},
		{"not-master", "error: not the master", ExitNotMaster},
		{"return", "error: stopped before it was ready", ExitFailure},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			r := newRecipe(t, test.scenario)
			p := r.run(t)
			p.expect(test.want)
			if code := p.wait().ExitCode(); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if exists(r.pidFile()) {
				t.Error("the PID file is still there")
			}
			// The caller prints the error; the log has it for later.
			if text, err := os.ReadFile(r.logFile()); err != nil || !strings.Contains(string(text), "ERROR daemon failed error=") {
				t.Errorf("the log file holds %q, %v", text, err)
			}
		})
	}
}

func TestMissingDirectoriesAreMade(t *testing.T) {
	r := newRecipe(t, "serve")
	if err := os.RemoveAll(r.Options.Dirs.Root); err != nil {
		t.Fatal(err)
	}
	r.run(t).expect("the daemon answers")
	for dir, mode := range map[string]os.FileMode{r.Options.Dirs.Log: 0o750, r.Options.Dirs.Run: 0o755, r.Options.Dirs.Root: 0o755} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want mode %o", dir, info, err, mode)
		}
	}
}

func TestDirectoryThatCanNotBeMadeIsOneClearLine(t *testing.T) {
	for _, kind := range []string{"log", "run"} {
		t.Run(kind, func(t *testing.T) {
			r := newRecipe(t, "serve")
			inTheWay := filepath.Join(r.Options.Dirs.Root, "file")
			if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(inTheWay, kind)
			if kind == "log" {
				r.Options.Dirs.Log = dir
			} else {
				r.Options.Dirs.Run = dir
			}
			p := r.run(t)
			p.expect("error: " + kind + " directory: mkdir " + dir + ": not a directory")
			if code := p.wait().ExitCode(); code != ExitFailure {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

func TestSecondSignalKills(t *testing.T) {
	r := newRecipe(t, "stubborn")
	p := r.run(t)
	p.expect("the daemon answers")
	p.signal(syscall.SIGTERM)
	p.expect("stopping")
	p.signal(syscall.SIGINT)
	status, ok := p.wait().Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v, want a death by SIGINT", p.cmd.ProcessState)
	}
	if exists(r.pidFile()) {
		t.Error("the PID file is still there")
	}
}

// A shell starts what it puts into the background with SIGINT ignored.
func TestSecondSignalKillsAlsoInTheBackground(t *testing.T) {
	r := newRecipe(t, "stubborn")
	p := r.runUnder(t, "sh", "-c", `trap "" INT; exec "$0"`)
	p.expect("the daemon answers")
	p.signal(syscall.SIGINT)
	p.expect("stopping")
	p.signal(syscall.SIGINT)
	if code := p.wait().ExitCode(); code != 128+int(syscall.SIGINT) {
		t.Errorf("it ended with %v, want exit code %d", p.cmd.ProcessState, 128+int(syscall.SIGINT))
	}
}

func TestHangupReopensTheLogAndReloads(t *testing.T) {
	r := newRecipe(t, "serve")
	p := r.run(t)
	p.expect("the daemon answers")
	if err := os.Rename(r.logFile(), r.logFile()+".1"); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	p.expect("the daemon reloads")
	if text, err := os.ReadFile(r.logFile()); err != nil || !strings.Contains(string(text), "reloading on SIGHUP") {
		t.Errorf("the new log file holds %q, %v", text, err)
	}
	if text, err := os.ReadFile(r.logFile() + ".1"); err != nil || strings.Contains(string(text), "reloading") {
		t.Errorf("the old log file holds %q, %v", text, err)
	}
}

// A terminal or a pipe that closes is no reason to stop answering.
func TestGoneStandardErrorIsSurvived(t *testing.T) {
	r := newRecipe(t, "serve")
	notices, socket := notifySocket(t)
	p := r.run(t, "NOTIFY_SOCKET="+socket)
	p.expect("the daemon answers")
	p.stderr.Close()
	expectNotice(t, notices, "READY=1")
	p.signal(syscall.SIGHUP) // makes it log
	expectNotice(t, notices, "RELOADING=1")
	expectNotice(t, notices, "READY=1")
	p.signal(syscall.SIGTERM)
	if state := p.wait(); !state.Success() {
		t.Errorf("it ended with %v", state)
	}
}

func TestJSONLog(t *testing.T) {
	r := newRecipe(t, "serve")
	r.Options.LogFormat = FormatJSON
	p := r.run(t)
	line := p.expect("daemon startup")
	for _, want := range []string{`"level":"NOTICE"`, `"daemon":"ganeti-testd"`, `"version":"1.2.3"`, `"pid":` + strconv.Itoa(p.cmd.Process.Pid)} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}
}

func TestHTTPOfARunningDaemon(t *testing.T) {
	for _, test := range []struct {
		scenario, body string
		code           int
	}{
		{"serve", "ready\n", http.StatusOK},
		{"unready", "config: no good one seen\n", http.StatusServiceUnavailable},
		{"slow", "daemon: starting\n", http.StatusServiceUnavailable},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			r := newRecipe(t, test.scenario)
			r.Options.Metrics = "127.0.0.1:0"
			p := r.run(t)
			_, address, _ := strings.Cut(p.expect("over HTTP"), "address=")
			p.expect(map[bool]string{true: "takes a while", false: "answers"}[test.scenario == "slow"])
			if code, body := get(t, "http://"+address+"/readyz"); code != test.code || body != test.body {
				t.Errorf("/readyz: %d %q, want %d %q", code, body, test.code, test.body)
			}
			if code, body := get(t, "http://"+address+"/healthz"); code != http.StatusOK || body != "ok\n" {
				t.Errorf("/healthz: %d %q", code, body)
			}
			if code, body := get(t, "http://"+address+"/metrics"); code != http.StatusOK || !strings.Contains(body, `gantry_build_info{daemon="ganeti-testd"`) {
				t.Errorf("/metrics: %d %q", code, body)
			}
		})
	}
}

func TestGivenMetricsAddressThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	r := newRecipe(t, "serve")
	r.Options.Metrics = taken.Addr().String()
	p := r.run(t)
	p.expect("error: metrics: listen tcp " + taken.Addr().String() + ": bind: address already in use")
	if code := p.wait().ExitCode(); code != ExitFailure {
		t.Errorf("exit code %d", code)
	}
}

func get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
