package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// stopPatience is how long a daemon has to go after SIGTERM before it is killed.
const stopPatience = 5 * time.Second

// keptOutput is how much of the end of a process's output is kept, for the report of its failure.
const keptOutput = 8 << 10

// A process is a program that was started and runs beside us. Its methods may be called from several goroutines.
type process struct {
	name   string
	cmd    *exec.Cmd
	output tail
	exited chan struct{} // closed when it is gone
}

// startProcess starts cmd, with its output kept. The caller must stop it.
func startProcess(name string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, cmd: cmd, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	// A terminal's interrupt goes to the whole foreground group: ours is the one to pass it on.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		// How it ended is in ProcessState.
		_ = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// stop ends the process by its PID, and returns when it is gone.
func (p *process) stop() {
	if p == nil || !p.running() {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopPatience):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// failure says how the process ended, with the end of its output.
func (p *process) failure() error {
	if p.running() {
		return nil
	}
	return fmt.Errorf("%s ended (%v): %s", p.name, p.cmd.ProcessState, p.output.String())
}

// A tail keeps the last bytes written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if extra := len(t.kept) - keptOutput; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.kept))
}

// exitCode is a finished command's, or an error when it could not be run at all.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	default:
		return 0, err
	}
}
