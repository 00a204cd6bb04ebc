package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"gantry/confd/config"
	"gantry/confd/wire"
)

// Lab is where scenarios run: the program under test, the folder for its files
// and how long to measure.
type Lab struct {
	Gantry   string        // the executable
	Dir      string        // an empty folder
	Runs     int           // of each contender
	Duration time.Duration // of a run
	Progress io.Writer     // a line for every run

	starter starter
	key     []byte
	nextPos int
}

// The cores of a lab: the server has one for itself, the generator the other.
const (
	serverCore    = "0"
	generatorCore = "1"
)

// firstPort is where a lab's servers listen, from there upwards, on 127.0.0.1.
const firstPort = 21800

// hmacKey is what Ganeti's own key files look like. It protects nothing here.
const hmacKey = "0123456789abcdef0123456789abcdef01234567\n"

// prepare makes the files that all scenarios share.
func (l *Lab) prepare() error {
	l.key = []byte(hmacKey)
	return os.WriteFile(l.keyFile(), l.key, 0o600)
}

func (l *Lab) keyFile() string { return filepath.Join(l.Dir, "hmac.key") }

func (l *Lab) logf(format string, args ...any) { fmt.Fprintf(l.Progress, format+"\n", args...) }

// nextAddr is an address that no server of this lab has had.
func (l *Lab) nextAddr() netip.AddrPort {
	l.nextPos++
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(firstPort+l.nextPos))
}

// config writes the config of an invented cluster and returns the file's path.
// It is made once for each size.
func (l *Lab) config(instances int) (string, error) {
	path := filepath.Join(l.Dir, fmt.Sprintf("config-%d", instances))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	err = config.Generate(f, config.GenerateOptions{Nodes: max(instances/100, 10), Instances: instances, Seed: 1})
	return path, errors.Join(err, f.Close())
}

// server is a running server and what is known of it.
type server struct {
	*process
	name   string
	addr   netip.AddrPort
	scheme string
	config string // the config.data that it answers from, if it is a confd
}

// confd starts Gantry's own on a copy of a config (a link: it is replaced, never
// written to).
func (l *Lab) confd(ctx context.Context, name, configFile, cores string, workers int, flags ...string) (*server, error) {
	addr := l.nextAddr()
	root := filepath.Join(l.Dir, name)
	served := filepath.Join(root, "config.data")
	if err := errors.Join(os.MkdirAll(root, 0o755), link(configFile, served)); err != nil {
		return nil, err
	}
	args := append([]string{
		"confd", "-f", "--root", root, "--no-user-checks", "-b", addr.Addr().String(), "-p", fmt.Sprint(addr.Port()),
		"--config", served, "--key", l.keyFile(), "--workers", fmt.Sprint(workers), "--metrics", "off",
	}, flags...)
	p, err := l.startProcess(cores, nil, l.Gantry, args...)
	if err != nil {
		return nil, err
	}
	s := &server{p, name, addr, "confd", served}
	if err := p.await(ctx, func() error { return l.ping(addr) }); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), p.stop())
	}
	return s, nil
}

// echo starts the floor.
func (l *Lab) echo(ctx context.Context) (*server, error) {
	addr := l.nextAddr()
	p, err := l.startProcess(serverCore, nil, l.Gantry, "echo", addr.String())
	if err != nil {
		return nil, err
	}
	err = p.await(ctx, func() error {
		_, err := exchange(addr, []byte("hello"), readyTimeout)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("echo: %w", err), p.stop())
	}
	return &server{p, "echo", addr, "udp", ""}, nil
}

// readyTimeout is how long a server may take to answer its first request.
const readyTimeout = 200 * time.Millisecond

var errNoConfig = errors.New("server has no config yet")

// ping asks whether a confd answers from a config.
func (l *Lab) ping(addr netip.AddrPort) error {
	reply, err := l.ask(addr, wire.ReqPing, wire.Query{}, readyTimeout)
	if err == nil && reply.Status != int(wire.StatusOK) {
		return errNoConfig
	}
	return err
}

// ask asks one question.
func (l *Lab) ask(addr netip.AddrPort, kind wire.Type, query wire.Query, timeout time.Duration) (wire.Reply, error) {
	key := wire.NewKey(l.key)
	msg := wire.AppendRequestMsg(nil, kind, query, []byte("bench"))
	answer, err := exchange(addr, wire.AppendRequest(nil, key, time.Now().Unix(), msg), timeout)
	if err != nil {
		return wire.Reply{}, err
	}
	return wire.ParseReply(answer, wire.NewKeyring(key), wire.NewReplyParser(1))
}

// exchange sends a datagram and returns the reply.
func exchange(addr netip.AddrPort, datagram []byte, timeout time.Duration) ([]byte, error) {
	conn, err := net.Dial("udp", addr.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(datagram); err != nil {
		return nil, err
	}
	reply := make([]byte, wire.MaxReply)
	n, err := conn.Read(reply)
	return reply[:n], err
}

// link makes to a second name of the file from, as one that is replaced at once.
func link(from, to string) error {
	temporary := to + ".new"
	_ = os.Remove(temporary)
	if err := os.Link(from, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, to)
}

// loadResult is what is used of gantry load's result.
type loadResult struct {
	Rate     float64   `json:"answers_per_second"`
	Seconds  float64   `json:"measured_seconds"`
	Answered uint64    `json:"answered"`
	Busy     []float64 `json:"generator_busy"`
}

func (r *loadResult) busiest() (most float64) {
	for _, b := range r.Busy {
		most = max(most, b)
	}
	return most
}

// load puts load on a server from the generator's core.
func (l *Lab) load(ctx context.Context, s *server, names string, flags ...string) (*loadResult, error) {
	args := append([]string{
		"-c", generatorCore, l.Gantry, "load", s.scheme + "://" + s.addr.String(), "--json",
		"--key", l.keyFile(), "--config", names, "--duration", l.Duration.String(), "--cores", generatorCore,
	}, flags...)
	cmd := exec.CommandContext(ctx, "taskset", args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("load on %s: %w: %s%s", s.name, err, errs.String(), out.String())
	}
	var r loadResult
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return nil, fmt.Errorf("load on %s: %w", s.name, err)
	}
	return &r, nil
}
