package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	namespaceName = "gantry-interop"
	clusterNode   = "node1.example.com"
	clusterNodeIP = "10.77.0.1"
	clusterName   = "cluster.example.com"
)

// clusterHosts is /etc/hosts inside: the cluster's names mean nothing outside.
const clusterHosts = "127.0.0.1 localhost\n" + clusterNodeIP + " " + clusterNode + " node1\n10.77.0.10 " + clusterName + " cluster\n"

// A namespace is a network of its own with one node's address in it, and everything that runs there.
type namespace struct{ run *session }

// newNamespace makes it, after removing what a killed run may have left.
func newNamespace(ctx context.Context, run *session) (*namespace, error) {
	n := &namespace{run}
	n.remove()
	hosts := filepath.Join("/etc/netns", namespaceName, "hosts")
	if err := os.MkdirAll(filepath.Dir(hosts), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(hosts, []byte(clusterHosts), 0o644); err != nil {
		return nil, err
	}
	for _, args := range []string{
		"netns add " + namespaceName,
		"-n " + namespaceName + " link set lo up",
		"-n " + namespaceName + " link add dum0 type veth peer name dum1",
		"-n " + namespaceName + " addr add " + clusterNodeIP + "/24 dev dum0",
		"-n " + namespaceName + " link set dum0 up",
		"-n " + namespaceName + " link set dum1 up",
	} {
		if text, err := exec.CommandContext(ctx, "ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			n.remove()
			return nil, fmt.Errorf("ip %s: %w: %s", args, err, text)
		}
	}
	return n, nil
}

// command is a command that runs inside, on a machine that is called as the node.
func (n *namespace) command(ctx context.Context, argv ...string) *exec.Cmd {
	inside := []string{"netns", "exec", namespaceName, "unshare", "--uts", "sh", "-c", `hostname "$0" && exec "$@"`, clusterNode}
	c := exec.CommandContext(ctx, "ip", append(inside, argv...)...)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "PYTHONPATH="+ganetiLibrary)
	return c
}

// output runs a command inside that must succeed, and returns what it prints.
func (n *namespace) output(ctx context.Context, argv ...string) (string, error) {
	text, err := n.command(ctx, argv...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, text)
	}
	return string(text), nil
}

// remove ends what runs inside, by PID, and takes the namespace away.
func (n *namespace) remove() {
	const patience, pause = 5 * time.Second, 50 * time.Millisecond
	for _, step := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{{syscall.SIGTERM, patience}, {syscall.SIGKILL, patience}} {
		for _, pid := range n.pids() {
			_ = syscall.Kill(pid, step.signal)
		}
		for end := time.Now().Add(step.patience); len(n.pids()) > 0 && time.Now().Before(end); {
			time.Sleep(pause)
		}
	}
	_ = exec.Command("ip", "netns", "del", namespaceName).Run()
	os.RemoveAll(filepath.Join("/etc/netns", namespaceName))
}

func (n *namespace) pids() []int {
	text, err := exec.Command("ip", "netns", "pids", namespaceName).Output()
	if err != nil {
		return nil
	}
	var pids []int
	for field := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
