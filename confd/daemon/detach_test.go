package daemon

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startDetached runs a daemon the way a boot script does, and returns its
// number once the start has returned.
func (r recipe) startDetached(t *testing.T) int {
	t.Helper()
	r.Options.Foreground = false
	if output, err := r.command(t).CombinedOutput(); err != nil || len(output) > 0 {
		t.Fatalf("the start said %q, %v", output, err)
	}
	text, err := os.ReadFile(r.pidFile())
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// stopDetached stops it and waits until it gave up its PID file's lock.
func (r recipe) stopDetached(t *testing.T, pid int) {
	t.Helper()
	file, err := os.Open(r.pidFile())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(patience, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil { // waits
		t.Fatal(err)
	}
	if !kill.Stop() {
		t.Fatal("the daemon doesn't end")
	}
}

func TestDetached(t *testing.T) {
	r := newRecipe(t, "serve")
	r.Options.Metrics = "127.0.0.1:0"
	pid := r.startDetached(t)
	seen := r.readReport(t)
	r.stopDetached(t, pid)
	if seen.PID != pid || seen.PID == os.Getpid() {
		t.Errorf("the PID file says %d, the daemon is %d", pid, seen.PID)
	}
	if seen.SID != pid {
		t.Errorf("it is in session %d, want one of its own, %d", seen.SID, pid)
	}
	if seen.Dir != "/" || seen.Umask != 0o077 {
		t.Errorf("it is in %s with umask %03o, want / and 077", seen.Dir, seen.Umask)
	}
	log, err := os.ReadFile(r.logFile())
	if err != nil || !strings.Contains(string(log), "daemon startup") || !strings.Contains(string(log), "daemon shutdown") {
		t.Errorf("the log file holds %q, %v", log, err)
	}
	if info, err := os.Stat(r.logFile()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the log file's mode is %v, %v", info.Mode(), err)
	}
	if exists(r.pidFile()) {
		t.Error("the PID file is still there")
	}
}

func TestDetachedStartThatFails(t *testing.T) {
	for _, test := range []struct {
		scenario, want string
		code           int
	}{
		{"refuse", "error: the port is taken\n", ExitFailure},
		{"not-master", "error: not the master\n", ExitNotMaster},
		{"crash", "error: the daemon died while starting (exit status 2): see ", 2},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			r := newRecipe(t, test.scenario)
			r.Options.Foreground = false
			cmd := r.command(t)
			var output bytes.Buffer
			cmd.Stderr = &output
			err := cmd.Run()
			if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != test.code {
				t.Errorf("exit %v, want code %d", err, test.code)
			}
			if !strings.HasPrefix(output.String(), test.want) || strings.Count(output.String(), "\n") != 1 {
				t.Errorf("it said %q, want one line %q", output.String(), test.want)
			}
		})
	}
}

// What the runtime says when it dies has no terminal to go to.
func TestDetachedCrashIsInTheLog(t *testing.T) {
	r := newRecipe(t, "crash")
	r.Options.Foreground = false
	if err := r.command(t).Run(); err == nil {
		t.Fatal("the start succeeded")
	}
	if log, err := os.ReadFile(r.logFile()); err != nil || !strings.Contains(string(log), "panic: a bug") {
		t.Errorf("the log file holds %q, %v", log, err)
	}
}

func TestInterruptedStartLeavesNothingBehind(t *testing.T) {
	r := newRecipe(t, "slow")
	r.Options.Foreground = false
	notices, socket := notifySocket(t)
	cmd := r.command(t)
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+socket)
	var output bytes.Buffer
	cmd.Stderr = &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitForLine(t, r.logFile(), "starting takes a while")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	expectNotice(t, notices, "STOPPING=1") // the child is told to stop, too
	if err := cmd.Wait(); err == nil || !strings.Contains(output.String(), errInterrupted.Error()) {
		t.Errorf("it ended with %v and said %q", err, output.String())
	}
	if exists(r.pidFile()) {
		t.Error("the PID file is still there")
	}
}

// waitForLine returns once the file holds the text, following it as a tail does.
func waitForLine(t *testing.T, path, text string) {
	t.Helper()
	tail := exec.Command("tail", "-n", "+1", "-F", path)
	output, err := tail.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(patience, func() { _ = tail.Process.Kill() })
	defer kill.Stop()
	var seen []byte
	for buffer := make([]byte, 4096); !bytes.Contains(seen, []byte(text)); {
		n, err := output.Read(buffer)
		seen = append(seen, buffer[:n]...)
		if err != nil {
			t.Fatalf("%s never held %q, but %q", path, text, seen)
		}
	}
	_ = tail.Process.Kill()
	_ = tail.Wait()
}

func TestStrayMarkIsRefused(t *testing.T) {
	p := newRecipe(t, "serve").run(t, detachedEnv+"=1")
	p.expect("error: " + detachedEnv + " is set, but descriptor 3 is no pipe")
	if code := p.wait().ExitCode(); code != ExitFailure {
		t.Errorf("exit code %d", code)
	}
}
