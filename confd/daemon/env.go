package daemon

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Env is what Run gives a daemon to work with. Its methods may be called from
// several goroutines.
type Env struct {
	Log     *slog.Logger
	Metrics *prometheus.Registry // scraped at /metrics; registering goes on at any time
	Mux     *http.ServeMux       // of the HTTP listener: more pages may be added, also where nothing listens

	checks *checks
	logs   *logs
	parent *parentPipe

	privileges privileges
	account    Account

	mu      sync.Mutex
	dropped bool
	ready   bool
	reload  []func()
}

// AddCheck makes /readyz depend on check, which returns nil or why the daemon
// is not ready, within a second.
func (e *Env) AddCheck(name string, check func() error) { e.checks.add(name, check) }

// OnReload has f called on every SIGHUP, after the log file was reopened. The
// calls are made one after the other; f should start work rather than do it.
func (e *Env) OnReload(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reload = append(e.reload, f)
}

// DropPrivileges gives up root for the daemon's user, for good, if root
// started it and --no-user-checks was not given. Sockets that need root are
// opened before; files that must be read again later, after, so that a start
// already shows whether they can be. A second call does nothing.
func (e *Env) DropPrivileges() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.drop()
}

func (e *Env) drop() error {
	if e.dropped {
		return nil
	}
	if err := e.privileges.apply(e.account); err != nil {
		return err
	}
	e.dropped = true
	if e.privileges == dropToAccount {
		e.Log.Info("gave up root", "user", e.account.User, "group", e.account.Group)
	}
	return nil
}

// Ready says that the daemon answers: to the process that waits for a detached
// start, to the service manager and to /readyz. Privileges that are still held
// are given up first. A second call does nothing.
func (e *Env) Ready() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ready {
		return nil
	}
	if err := e.drop(); err != nil {
		return err
	}
	e.ready = true
	e.checks.setState("")
	e.parent.ready()
	notifyReady()
	return nil
}

func (e *Env) isReady() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ready
}

// reloadAll is SIGHUP's work.
func (e *Env) reloadAll() {
	e.mu.Lock()
	ready, hooks := e.ready, e.reload
	e.mu.Unlock()
	if ready {
		notifyReloading()
		defer notifyReady()
	}
	if err := e.logs.Reopen(); err != nil {
		e.Log.Error("the log file can't be reopened, going on with the old one", "error", err)
	}
	e.Log.Info("reloading on SIGHUP; log file reopened")
	for _, hook := range hooks {
		hook()
	}
}

// stopping is the first SIGTERM's or SIGINT's work.
func (e *Env) stopping(received os.Signal) {
	e.checks.setState("stopping")
	notifyStopping()
	e.Log.Info("stopping; the same signal again kills", "signal", received.String())
}

// errNotReady says that a daemon's function returned before it was ready.
var errNotReady = errors.New("stopped before it was ready")
