package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gantry/loadgen"
)

const (
	// startTimeout is how long a server may take until it answers. The
	// reference reads 100,000 instances in about half a minute.
	startTimeout = 3 * time.Minute
	// stopTimeout is how long it may take to end.
	stopTimeout = 10 * time.Second
	// askAgain is the pause between two questions whether a server is ready.
	askAgain = 10 * time.Millisecond
)

// process is a server under measurement.
type process struct {
	cmd    *exec.Cmd
	output *bytes.Buffer
	ended  chan error
	gone   bool // stopped before
}

// startProcess runs a program on the given cores, a list as taskset takes it.
func (l *Lab) startProcess(cores string, env []string, program string, args ...string) (*process, error) {
	cmd := exec.Command("taskset", append([]string{"-c", cores, program}, args...)...)
	p := &process{cmd: cmd, output: new(bytes.Buffer), ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = ownGroup()
	if err := l.starter.start(cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	go func() { p.ended <- cmd.Wait() }()
	return p, nil
}

// starter is a thread that lasts as long as a lab. To the kernel a process's
// parent is the thread that started it: ownGroup would end a server with that
// thread, and a lab has threads that end before.
type starter chan func()

func newStarter() starter {
	s := make(starter)
	go func() {
		runtime.LockOSThread()
		for start := range s {
			start()
		}
	}()
	return s
}

// start runs f, which starts a process, on the thread.
func (s starter) start(f func() error) error {
	ended := make(chan error)
	s <- func() { ended <- f() }
	return <-ended
}

func (s starter) stop() { close(s) }

func (p *process) pid() int { return p.cmd.Process.Pid }

// await calls ready until it returns nil. It fails when the process ends or
// the time is over.
func (p *process) await(ctx context.Context, ready func() error) error {
	deadline := time.Now().Add(startTimeout)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case ended := <-p.ended:
			p.ended <- ended
			return fmt.Errorf("server ended (%v): %s", ended, strings.TrimSpace(p.output.String()))
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(askAgain):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("server not ready: %w", err)
		}
	}
}

// stop ends the process and waits for it. It may be called again.
func (p *process) stop() error {
	if p.gone {
		return nil
	}
	p.gone = true
	select {
	case err := <-p.ended:
		return fmt.Errorf("server ended by itself (%v): %s", err, strings.TrimSpace(p.output.String()))
	default:
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTimeout):
	}
	_ = syscall.Kill(-p.pid(), syscall.SIGKILL) // with what it started itself
	<-p.ended
	return errors.New("server had to be killed")
}

// onCore runs f on a thread that runs on one core only.
func onCore(core string, f func() error) error {
	number, err := strconv.Atoi(core)
	if err != nil {
		return err
	}
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread, pinned, ends with the goroutine
		err := loadgen.PinThread(number)
		if err == nil {
			err = f()
		}
		ended <- err
	}()
	return <-ended
}
