package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gantry/confd/config"
	"gantry/confd/paths"
)

// patience bounds every wait of the tests. It is only ever used up by a failure.
const patience = 20 * time.Second

// newNode makes a node with the config of an invented cluster and a key.
func newNode(t *testing.T) paths.Dirs {
	t.Helper()
	dirs, err := paths.Virtual(filepath.Join(t.TempDir(), "node1"), "node1")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dirs.Data, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(dirs.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := config.Generate(file, config.GenerateOptions{Nodes: 3, Instances: 10, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dirs.HMACKey(), []byte("a key of the tests\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dirs
}

// freePort is a port of 127.0.0.1 that nobody has, for UDP and TCP.
func freePort(t *testing.T) int {
	t.Helper()
	for range 16 {
		udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer udp.Close()
		port := udp.LocalAddr().(*net.UDPAddr).Port
		tcp, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			tcp.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// A confdProcess is a query daemon in the foreground.
type confdProcess struct {
	port int
	http string   // its HTTP listener's address
	log  []string // what it logged until it answered
}

// startConfd starts a node's daemon under its link's name, and returns when it
// answers.
func startConfd(t *testing.T, dirs paths.Dirs, flags ...string) *confdProcess {
	t.Helper()
	p := &confdProcess{port: freePort(t)}
	flags = append([]string{"-f", "--no-user-checks", "--root", dirs.Root, "-b", "127.0.0.1", "-p", strconv.Itoa(p.port), "--metrics", "127.0.0.1:0"}, flags...)
	cmd := exec.Command(filepath.Join(install(t), "ganeti-confd"), flags...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		p.log = append(p.log, lines.Text())
		if _, address, ok := strings.Cut(lines.Text(), "over HTTP address="); ok {
			p.http = address
		}
		if strings.Contains(lines.Text(), "answering queries") {
			break
		}
	}
	kill.Stop()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for lines.Scan() {
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait()
	})
	if p.http == "" {
		t.Fatalf("it doesn't answer:\n%s", strings.Join(p.log, "\n"))
	}
	return p
}
