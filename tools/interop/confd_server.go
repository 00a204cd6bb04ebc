package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// realConfdBinary is the reference, where Debian's ganeti-haskell-3.0 has it.
const realConfdBinary = "/usr/lib/ganeti/3.0/usr/sbin/ganeti-confd"

// nodeName is the name of the virtual node that a confd under test runs on.
const nodeName = "node1.example.com"

// startPatience is how long a confd has to answer its first query. The reference reads a 30 MB config in some five seconds.
const startPatience = 60 * time.Second

// clusterKey signs everything in the comparisons; the final newline belongs to it.
var clusterKey = []byte("5d61e2a9a2fd41b1a6bb3d4fd5a83d1f0c8b54b7\n")

// A confdServer is a confd that runs in a root folder of its own: the reference or ours.
type confdServer struct {
	name    string
	addr    netip.AddrPort
	root    string
	process *process
}

// A confdSpec says what to start.
type confdSpec struct {
	config []byte     // nil: no config.data
	addr   netip.Addr // zero: 127.0.0.1
	port   uint16     // 0: a free one
}

// startReal starts the reference and returns when it answers.
func startReal(ctx context.Context, run *session, spec confdSpec) (*confdServer, error) {
	return startConfd(ctx, run, spec, "ganeti-confd", realConfdBinary)
}

// startOurs starts ours and returns when it answers.
func startOurs(ctx context.Context, run *session, spec confdSpec) (*confdServer, error) {
	return startConfd(ctx, run, spec, "gantry confd", run.gantry(), "confd", "--metrics", "127.0.0.1:0")
}

func startConfd(ctx context.Context, run *session, spec confdSpec, name string, argv ...string) (*confdServer, error) {
	parent, err := run.temp()
	if err != nil {
		return nil, err
	}
	s := &confdServer{name: name, root: filepath.Join(parent, nodeName)}
	if err := makeRoot(s.root, spec.config); err != nil {
		return nil, err
	}
	if !spec.addr.IsValid() {
		spec.addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if spec.port == 0 {
		if spec.port, err = freePort(spec.addr); err != nil {
			return nil, err
		}
	}
	s.addr = netip.AddrPortFrom(spec.addr, spec.port)
	argv = append(argv, "-f", "--no-user-checks", "-b", spec.addr.String(), "-p", strconv.Itoa(int(spec.port)))
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = virtualNodeEnv(s.root)
	if s.process, err = startProcess(name, cmd); err != nil {
		return nil, err
	}
	if err := s.waitAnswer(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// makeRoot lays out a virtual node's folders with the key and, if there is one, the config.
func makeRoot(root string, config []byte) error {
	for _, dir := range []string{"var/lib/ganeti", "var/run/ganeti", "var/log/ganeti"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/ganeti/hmac.key"), clusterKey, 0o644); err != nil {
		return err
	}
	if config == nil {
		return nil
	}
	return os.WriteFile(filepath.Join(root, "var/lib/ganeti/config.data"), config, 0o644)
}

// virtualNodeEnv makes the reference and ours keep all files under root. The locale lets the reference read UTF-8.
func virtualNodeEnv(root string) []string {
	return append(os.Environ(), "GANETI_ROOTDIR="+root, "GANETI_HOSTNAME="+filepath.Base(root), "LC_ALL=C.UTF-8")
}

// Servers listen below the range that the kernel takes ports of clients from: a client's socket might else take a port between its being found
// free and its being bound. Which one to try next is left to chance, as several runs may share a machine.
const firstServerPort, lastServerPort = 20000, 32767

// freePort is a UDP port of addr that nobody uses now.
func freePort(addr netip.Addr) (uint16, error) {
	const attempts = 100
	for range attempts {
		port := uint16(firstServerPort + rand.IntN(lastServerPort-firstServerPort))
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return 0, err
		}
		return port, c.Close()
	}
	return 0, fmt.Errorf("no free port of %s between %d and %d", addr, firstServerPort, lastServerPort)
}

func (s *confdServer) configPath() string { return filepath.Join(s.root, "var/lib/ganeti/config.data") }

// replaceConfig puts a new config in the old one's place by rename, as wconfd does.
func (s *confdServer) replaceConfig(config []byte) error {
	next := s.configPath() + ".new"
	if err := os.WriteFile(next, config, 0o644); err != nil {
		return err
	}
	return os.Rename(next, s.configPath())
}

func (s *confdServer) stop() {
	if s != nil {
		s.process.stop()
		os.RemoveAll(filepath.Dir(s.root))
	}
}

// waitAnswer returns when the server has answered a ping, whatever the answer: the reference reads its config before it answers at all.
func (s *confdServer) waitAnswer(ctx context.Context) error {
	_, err := s.waitReply(ctx, startPatience, pingMessage, func([]byte) bool { return true })
	return err
}

// waitReply asks again and again until an answer pleases, and returns it. Every question has a socket of its own, so that late answers harm nobody.
func (s *confdServer) waitReply(ctx context.Context, patience time.Duration, message string, pleases func(msg []byte) bool) ([]byte, error) {
	const pause, longestPause = 20 * time.Millisecond, time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%s gave no fitting answer in %v", s.name, patience))
	defer cancel()
	for wait := pause; ; wait = min(2*wait, longestPause) {
		reply, err := s.askOnce(message, wait)
		if err == nil && reply != nil && pleases(reply) {
			return reply, nil
		}
		// A port that isn't bound yet refuses at once.
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-s.process.exited:
			return nil, s.process.failure()
		case <-time.After(pause):
		}
	}
}

// askOnce sends one well-formed request and waits for its reply: the reply's inner text, nil for silence.
func (s *confdServer) askOnce(message string, patience time.Duration) ([]byte, error) {
	datagram, err := s.exchange(signedDatagram(clusterKey, time.Now().Unix(), message), patience)
	if err != nil || datagram == nil {
		return nil, err
	}
	msg, ok := replyMessage(datagram)
	if !ok {
		return nil, errors.New("a reply that can't be read")
	}
	return msg, nil
}
