package daemon

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// signals are a process's signals, turned into a context's end and calls.
type signals struct {
	received chan os.Signal
	stop     chan struct{}
	done     chan struct{}
}

// handlers say what is done on a signal, each in the signals' goroutine.
type handlers struct {
	stopping func(os.Signal) // the first SIGTERM or SIGINT
	killed   func(os.Signal) // the second: the process dies on return
	reload   func()          // every SIGHUP
}

// signalBacklog is how many signals may wait for a slow reload. More of the
// same would say nothing new.
const signalBacklog = 8

// catchSignals takes the process's signals until release is called. The first
// SIGTERM or SIGINT ends the returned context; a second one kills the process
// the way the signal does by default, so that its parent sees why. SIGPIPE is
// ignored: a log reader that went away is no reason to die.
func catchSignals(parent context.Context, h handlers) (ctx context.Context, release func()) {
	s := &signals{
		received: make(chan os.Signal, signalBacklog),
		stop:     make(chan struct{}), done: make(chan struct{}),
	}
	ctx, cancel := context.WithCancelCause(parent)
	signal.Notify(s.received, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	go s.handle(h, cancel)
	return ctx, func() {
		signal.Stop(s.received)
		close(s.stop)
		<-s.done
		cancel(nil)
	}
}

func (s *signals) handle(h handlers, cancel context.CancelCauseFunc) {
	defer close(s.done)
	stopping := false
	for {
		select {
		case <-s.stop:
			return
		case received := <-s.received:
			switch {
			case received == syscall.SIGPIPE:
			case received == syscall.SIGHUP:
				h.reload()
			case stopping:
				h.killed(received)
				dieBy(received.(syscall.Signal))
			default:
				stopping = true
				h.stopping(received)
				cancel(fmt.Errorf("stopped by signal: %v", received))
			}
		}
	}
}

// dieBy ends the process by the signal's default action. If the process was
// started with the signal ignored, as shells do in the background, that is no
// death: then it exits with the code that a shell would report.
func dieBy(received syscall.Signal) {
	signal.Reset(received)
	_ = syscall.Kill(os.Getpid(), received)
	<-time.After(deathPatience) // the signal may land on another thread a moment later
	os.Exit(128 + int(received))
}

// deathPatience is longer than a signal to oneself takes on a busy machine.
const deathPatience = time.Second
