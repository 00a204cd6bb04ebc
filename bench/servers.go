package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"gantry/confd/wire"
)

// server is a running server and what is known of it.
type server struct {
	*process
	name    string
	addr    netip.AddrPort
	scheme  string         // of a load's target
	config  string         // the config.data that it answers from, if it is a confd
	metrics netip.AddrPort // where its metrics are, if it serves them
	started time.Duration  // from the start of the process to the first answer
}

// launch starts a server and waits until ready returns nil. The scenario's end
// stops it.
func (l *Lab) launch(ctx context.Context, s *server, ready func() error, cores string, env []string, program string, args ...string) (*server, error) {
	began := time.Now()
	p, err := l.startProcess(cores, env, program, args...)
	if err != nil {
		return nil, err
	}
	l.running = append(l.running, p)
	s.process = p
	if err := p.await(ctx, ready); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	s.started = time.Since(began)
	return s, nil
}

// confdOptions are what confds in a contest differ in.
type confdOptions struct {
	workers int // 0: one
	batch   int // datagrams a receive; 0: the program's own choice
	metrics bool
}

// confd starts Gantry's own on a copy of a config (a link: it is replaced, never
// written to).
func (l *Lab) confd(ctx context.Context, name, configFile string, o confdOptions) (*server, error) {
	addr := l.nextAddr()
	root := filepath.Join(l.Dir, fmt.Sprintf("%s.%d", name, addr.Port()))
	s := &server{name: name, addr: addr, scheme: "confd", config: filepath.Join(root, "config.data")}
	if err := errors.Join(os.MkdirAll(root, 0o755), link(configFile, s.config)); err != nil {
		return nil, err
	}
	metrics := "off"
	if o.metrics {
		s.metrics = addr // TCP
		metrics = addr.String()
	}
	args := []string{
		"confd", "-f", "--root", root, "--no-user-checks", "-b", addr.Addr().String(), "-p", fmt.Sprint(addr.Port()),
		"--config", s.config, "--key", l.keyFile(), "--workers", fmt.Sprint(max(o.workers, 1)), "--metrics", metrics,
	}
	if o.batch > 0 {
		args = append(args, "--batch", fmt.Sprint(o.batch))
	}
	return l.launch(ctx, s, func() error { return l.ping(addr) }, serverCore, nil, l.Gantry, args...)
}

// echo starts the floor.
func (l *Lab) echo(ctx context.Context) (*server, error) {
	addr := l.nextAddr()
	return l.launch(ctx, &server{name: "echo", addr: addr, scheme: "udp"}, func() error {
		_, err := exchange(addr, []byte("hello"), readyTimeout)
		return err
	}, serverCore, nil, l.Gantry, "echo", addr.String())
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
