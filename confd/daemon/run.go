package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
)

// Run runs a daemon as its options say, and returns when it has stopped.
//
// Without Options.Foreground it starts the program again, detached, and
// returns once that child is ready: nil then, and otherwise the child's error
// with its exit code as an *ExitError. In the child, and in the foreground,
// start is called with a context that ends on SIGTERM or SIGINT. It calls
// Env.Ready when it answers, and returns when the context ends; what it
// returns then is of no interest if it is nil or the context's own error.
func Run(ctx context.Context, options Options, start func(context.Context, *Env) error) error {
	if err := options.fillDefaults(); err != nil {
		return err
	}
	parent, err := openParentPipe()
	if err != nil {
		return err
	}
	if parent == nil && !options.Foreground {
		return detach(ctx, options.Dirs.LogFile(options.Identity.LogBase))
	}
	nameProcess(options.Identity.Name)
	err = serve(ctx, &options, parent, start)
	if err != nil {
		parent.fail(err)
	}
	return err
}

// serve is a daemon's life in its own process.
func serve(ctx context.Context, o *Options, parent *parentPipe, start func(context.Context, *Env) error) (err error) {
	what, account, err := decidePrivileges(o.Identity, os.Geteuid(), o.NoUserChecks, LookupAccount)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Identity.Name, err)
	}
	var heir *Account
	if what == dropToAccount {
		heir = &account
	}
	if err := makeDirs(o, heir); err != nil {
		return err
	}
	logs, err := openLogs(o, heir, os.Stderr, syslogSocket())
	if err != nil {
		return err
	}
	defer logs.Close()
	// Standard error gets the error from the caller, who prints it once.
	defer func() {
		if err != nil {
			logs.quiet.Error("daemon failed", "error", err)
		}
	}()
	pid, err := LockPIDFile(o.Dirs.PIDFile(o.Identity.Name), heir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pid.Unlock()) }()

	registry, ready := newRegistry(o, logs), &checks{state: "starting"}
	env := &Env{
		Log: logs.all, Metrics: registry, Mux: newMux(registry, ready),
		checks: ready, logs: logs, parent: parent,
		privileges: what, account: account,
	}
	ctx, release := catchSignals(ctx, handlers{
		stopping: env.stopping,
		killed: func(received os.Signal) {
			env.Log.Warn("killed by a second signal", "signal", received.String())
			_ = pid.Unlock()
		},
		reload: env.reloadAll,
	})
	defer release()
	return env.run(ctx, o, start)
}

// run is the part of a life in which the PID file is held.
func (e *Env) run(ctx context.Context, o *Options, start func(context.Context, *Env) error) error {
	listener, err := listenHTTP(o, e.Log)
	if err != nil {
		return err
	}
	if listener != nil {
		addProfiles(e.Mux, listener.Addr())
	}
	defer serveHTTP(listener, newHTTPServer(e.Mux, e.Log), e.Log)()
	e.Log.Log(ctx, LevelNotice, o.Identity.Name+" daemon startup", "version", o.Version)
	if listener != nil {
		e.Log.Info("serving metrics, health and status over HTTP", "address", listener.Addr().String())
	}
	err = start(ctx, e)
	stopped := ctx.Err() != nil
	switch {
	case stopped && (errors.Is(err, context.Canceled) || errors.Is(err, http.ErrServerClosed)):
		err = nil
	case err == nil && !stopped && !e.isReady():
		err = errNotReady
	}
	if err == nil {
		e.Log.Log(ctx, LevelNotice, o.Identity.Name+" daemon shutdown")
	}
	return err
}
