package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const (
	// detachedEnv marks the child of a detaching start. Its value is of no
	// interest: the pipe is always the first descriptor after stdio.
	detachedEnv = "GANTRY_DETACHED"
	detachedFD  = 3

	// readyWord is what a child says once it serves; anything else that comes
	// over the pipe is why it doesn't.
	readyWord = "ready\n"
	// startErrorMaxBytes bounds what is read of a child's error.
	startErrorMaxBytes = 4096
	// detachPatience is how long a child may take to stop when its start was
	// interrupted, before it is killed.
	detachPatience = 5 * time.Second
	// detachedUmask leaves new files to their owner, as with Ganeti's daemons.
	detachedUmask = 0o077
)

// errInterrupted says that detach gave up because of its context.
var errInterrupted = errors.New("interrupted while the daemon was starting")

// detach starts this program again in a session of its own, without terminal
// or directory, and waits until that child is ready. It returns nil then, and
// otherwise the child's error with its exit code.
//
// A Go program can't fork: only one of its threads would live on. Starting the
// binary anew costs a few milliseconds.
func detach(ctx context.Context, logPath string) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("detach: %w", err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("detach: %w", err)
	}
	defer reader.Close()
	child := exec.Command(executable, os.Args[1:]...)
	child.Args[0] = os.Args[0] // which of our names was called decides what runs
	child.Env = append(os.Environ(), detachedEnv+"=1")
	child.ExtraFiles = []*os.File{writer}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// The child is out of the terminal's reach: a ^C has to be handed on.
	ctx, release := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer release()
	err = child.Start()
	writer.Close()
	if err != nil {
		return fmt.Errorf("detach: %w", err)
	}

	answer := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(io.LimitReader(reader, startErrorMaxBytes))
		answer <- string(text)
	}()
	select {
	case text := <-answer:
		if text == readyWord {
			return child.Process.Release()
		}
		return startError(text, child.Wait(), logPath)
	case <-ctx.Done():
		return abandon(child, answer)
	}
}

// startError makes the child's last words and exit code the parent's.
func startError(text string, exit error, logPath string) error {
	failed := &ExitError{Code: ExitFailure, Err: errors.New(strings.TrimSuffix(text, "\n"))}
	var status *exec.ExitError
	if errors.As(exit, &status) && status.ExitCode() > 0 {
		failed.Code = status.ExitCode()
	}
	if text == "" {
		failed.Err = fmt.Errorf("the daemon died while starting (%v): see %s", exit, logPath)
	}
	return failed
}

// abandon stops a child whose start nobody waits for any more.
func abandon(child *exec.Cmd, answer <-chan string) error {
	_ = child.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(detachPatience, func() { _ = child.Process.Kill() })
	defer kill.Stop()
	_ = child.Wait()
	<-answer
	return errInterrupted
}

// A parentPipe is the child's end of detaching. The nil pipe, of a process
// that wasn't detached, says nothing to nobody.
type parentPipe struct{ file *os.File }

// openParentPipe returns the pipe to the parent if this process is the child
// of a detaching start, and takes on a daemon's surroundings.
func openParentPipe() (*parentPipe, error) {
	if os.Getenv(detachedEnv) == "" {
		return nil, nil
	}
	if err := os.Unsetenv(detachedEnv); err != nil {
		return nil, err
	}
	syscall.CloseOnExec(detachedFD)
	file := os.NewFile(detachedFD, "parent")
	if info, err := file.Stat(); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		return nil, fmt.Errorf("%s is set, but descriptor %d is no pipe: unset it", detachedEnv, detachedFD)
	}
	if err := os.Chdir("/"); err != nil {
		return nil, err
	}
	syscall.Umask(detachedUmask)
	return &parentPipe{file}, nil
}

// ready lets the parent go with success.
func (p *parentPipe) ready() { p.say(readyWord) }

// fail lets the parent go with an error. After ready it does nothing.
func (p *parentPipe) fail(err error) { p.say(err.Error() + "\n") }

// say writes all there is to say and closes the pipe. A parent that is gone
// doesn't matter.
func (p *parentPipe) say(text string) {
	if p == nil || p.file == nil {
		return
	}
	_, _ = io.WriteString(p.file, text)
	p.file.Close()
	p.file = nil
}
