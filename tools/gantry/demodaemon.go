package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gantry/confd/paths"
)

const (
	// demoPoll is how often the demo looks whether the daemon is ready.
	demoPoll = 2 * time.Millisecond
	// demoStopPatience is how long the daemon may take to stop.
	demoStopPatience = 10 * time.Second
)

// A demoDaemon is the query daemon of a demo, a child in a session of its own:
// a ^C at the terminal is the demo's, which then stops it. The nil one is one
// that was never started.
type demoDaemon struct {
	arguments []string
	queries   netip.AddrPort
	http      netip.AddrPort
	child     *exec.Cmd
	stderr    bytes.Buffer // to be read once exited is closed
	exited    chan struct{}
	exit      error // likewise
}

func startDemoDaemon(dirs paths.Dirs) (*demoDaemon, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	d := &demoDaemon{exited: make(chan struct{})}
	if d.queries, err = freeAddr("udp"); err != nil {
		return nil, err
	}
	if d.http, err = freeAddr("tcp"); err != nil {
		return nil, err
	}
	d.arguments = []string{"confd", "-f", "--no-user-checks", "--root", dirs.Root,
		"-b", d.queries.Addr().String(), "-p", strconv.Itoa(int(d.queries.Port())), "--metrics", d.http.String()}
	d.child = exec.Command(executable, d.arguments...)
	d.child.Args[0] = "gantry"
	d.child.Stderr = &d.stderr
	d.child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := d.child.Start(); err != nil {
		return nil, err
	}
	go func() {
		d.exit = d.child.Wait()
		close(d.exited)
	}()
	return d, nil
}

// freeAddr is a loopback address that nobody has at this moment.
func freeAddr(network string) (netip.AddrPort, error) {
	if network == "udp" {
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			return netip.AddrPort{}, err
		}
		defer conn.Close()
		return netip.ParseAddrPort(conn.LocalAddr().String())
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer listener.Close()
	return netip.ParseAddrPort(listener.Addr().String())
}

// waitReady waits until the daemon says that it is ready, or that it isn't.
func (d *demoDaemon) waitReady(ctx context.Context, want bool) error {
	tick := time.NewTicker(demoPoll)
	defer tick.Stop()
	for {
		if _, code, err := d.get(ctx, "/readyz"); err == nil && (code == http.StatusOK) == want {
			return nil
		}
		select {
		case <-tick.C:
		case <-d.exited:
			return fmt.Errorf("the daemon ended: %w", errors.Join(errDied, d.exit))
		case <-ctx.Done():
			return fmt.Errorf("waiting for the daemon: %w", ctx.Err())
		}
	}
}

var errDied = errors.New("it should not")

// get asks the daemon's HTTP listener.
func (d *demoDaemon) get(ctx context.Context, path string) (body string, code int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.http.String()+path, nil)
	if err != nil {
		return "", 0, err
	}
	request.Close = true // leaves no connection behind
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), response.StatusCode, err
}

// stop ends the daemon and says whether it ended well. It may be called again.
func (d *demoDaemon) stop() error {
	if d == nil {
		return nil
	}
	_ = d.child.Process.Signal(syscall.SIGTERM) // it may have ended already
	kill := time.AfterFunc(demoStopPatience, func() { _ = d.child.Process.Kill() })
	defer kill.Stop()
	<-d.exited
	if d.exit != nil {
		return fmt.Errorf("the daemon's end: %w", d.exit)
	}
	return nil
}

// lastWords stops the daemon and returns the last line that it said, for the
// error of a step that failed.
func (d *demoDaemon) lastWords() string {
	if d == nil {
		return ""
	}
	_ = d.stop()
	lines := strings.Split(strings.TrimSpace(d.stderr.String()), "\n")
	return "; the daemon's last line: " + lines[len(lines)-1]
}
