package daemon

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// checks answers whether the daemon is ready, and if not, why.
type checks struct {
	mu    sync.Mutex
	state string // why the frame itself is not ready: starting, stopping; empty if it is
	named []namedCheck
}

type namedCheck struct {
	name  string
	check func() error
}

func (c *checks) add(name string, check func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.named = append(c.named, namedCheck{name, check})
}

func (c *checks) setState(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = state
}

// failures returns a line for each thing that is not ready. The checks run
// one after the other and must be quick: most look at state, and one that has to wait does
// so for a second at most.
func (c *checks) failures() []string {
	c.mu.Lock()
	state, named := c.state, c.named
	c.mu.Unlock()
	var lines []string
	if state != "" {
		lines = append(lines, "daemon: "+state)
	}
	for _, check := range named {
		if err := check.check(); err != nil {
			lines = append(lines, check.name+": "+err.Error())
		}
	}
	return lines
}

// serveReady is /readyz: 200 if all is ready, else 503 and what isn't.
func (c *checks) serveReady(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	lines := c.failures()
	if len(lines) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, strings.Join(lines, "\n"))
		return
	}
	fmt.Fprintln(w, "ready")
}

// serveHealth is /healthz: the process is alive enough to answer.
func serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "ok")
}
