package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

//go:embed clients/node_maintenance.py
var maintenanceScript []byte

const (
	daemonUtil = "/usr/lib/ganeti/daemon-util"
	// changePatience is how long a change may take until confd answers it. Ours reads at most once a second.
	changePatience = 5 * time.Second
)

// compareCluster makes a real cluster of one node, observes its clients with its own ganeti-confd, puts ours in that one's place, and observes
// them again: before and after changes that the cluster's own tools make.
func compareCluster(ctx context.Context, run *session) (err error) {
	folder, err := run.ganetiFolder()
	if err != nil {
		return err
	}
	defer func() {
		if left := folder.release(); left != nil && err == nil {
			err = left
		}
	}()
	net, err := newNamespace(ctx, run)
	if err != nil {
		return err
	}
	defer net.remove()
	c := &liveCluster{run: run, net: net}
	if err := c.start(ctx); err != nil {
		return err
	}
	before, err := c.observe(ctx)
	if err != nil {
		return fmt.Errorf("with ganeti-confd: %w", err)
	}
	c.refuses(ctx, "ours beside ganeti-confd", "already running", c.run.gantry(), "confd", "--metrics", "127.0.0.1:0")
	if err := c.swapIn(ctx); err != nil {
		return err
	}
	c.refuses(ctx, "ganeti-confd beside ours", "already locked", realConfdBinary)
	ours, err := c.observe(ctx)
	if err != nil {
		return fmt.Errorf("with ours: %w", err)
	}
	c.same("before the changes", ours, before)
	if err := c.change(ctx); err != nil {
		return err
	}
	if ours, err = c.observe(ctx); err != nil {
		return fmt.Errorf("with ours, after the changes: %w", err)
	}
	if err := c.swapOut(ctx); err != nil {
		return err
	}
	after, err := c.observe(ctx)
	if err != nil {
		return fmt.Errorf("with ganeti-confd, after the changes: %w", err)
	}
	c.same("after the changes", ours, after)
	text, err := os.ReadFile(ganetiData + "/config.data")
	if err != nil {
		return err
	}
	return duelOn(ctx, run, "the live cluster's config", text, func(tree *clusterTree) func() (query, bool) {
		return generatedQueries(newQueryGenerator(tree, run.seed), run.times(500))
	})
}

// A liveCluster is a real one, in a namespace of its own.
type liveCluster struct {
	run *session
	net *namespace
	// folder holds what the observations use.
	folder string
}

func (c *liveCluster) start(ctx context.Context) error {
	var err error
	if c.folder, err = c.run.temp(); err != nil {
		return err
	}
	source, err := os.ReadFile(clientTool)
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{"confd-client": fieldsAsText.ReplaceAll(source, []byte("$1")), "library.py": libraryScript, "maintenance.py": maintenanceScript} {
		if err := os.WriteFile(filepath.Join(c.folder, name), text, 0o755); err != nil {
			return err
		}
	}
	// Under the name that the reference has, so that whoever looks for that finds ours.
	if err := os.Symlink(c.run.gantry(), filepath.Join(c.folder, "ganeti-confd")); err != nil {
		return err
	}
	if _, err := c.net.output(ctx, "gnt-cluster", "init", "--no-ssh-init", "--no-etc-hosts", "--enabled-hypervisors=fake", "--enabled-disk-templates=diskless",
		"--master-netdev=dum0", "-N", "mode=routed,link=100", clusterName); err != nil {
		return err
	}
	c.run.log("a cluster is up: %s, node %s", clusterName, clusterNode)
	return nil
}

// swapIn stops the reference and starts ours with the cluster's own tool for its daemons. Ours is mounted over the reference's binary, which
// only that command and what it starts see.
func (c *liveCluster) swapIn(ctx context.Context) error {
	if _, err := c.net.output(ctx, daemonUtil, "stop", "ganeti-confd"); err != nil {
		return err
	}
	if _, err := c.net.output(ctx, "sh", "-c", `mount --bind "$0" "$1" && exec "$2" start ganeti-confd`, c.run.gantry(), realConfdBinary, daemonUtil); err != nil {
		return err
	}
	pid, err := c.confdPID()
	if err != nil {
		return err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%s/status", pid))
	if err != nil {
		return fmt.Errorf("the daemon named in the PID file: %w", err)
	}
	if !strings.Contains(string(status), "Name:\tganeti-confd\n") {
		c.run.differs("ours runs under another name: %s", status)
	}
	for _, id := range []string{"Uid:\t0\t", "Gid:\t0\t"} {
		if strings.Contains(string(status), id) {
			c.run.differs("ours runs as root: %s", status)
		}
	}
	c.run.log("ours answers in the cluster, as PID %s", pid)
	return c.check(ctx)
}

// refuses starts a confd where the other one runs: it must see that one's lock on the PID file, and go.
func (c *liveCluster) refuses(ctx context.Context, about, says string, argv ...string) {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// Another port, so that it isn't that which is in the way.
	output, err := c.net.command(ctx, append(argv, "-f", "--no-user-checks", "-b", "127.0.0.1", "-p", "18140")...).CombinedOutput()
	code, err := exitCode(err)
	if code != 1 || err != nil || !strings.Contains(string(output), says) {
		c.run.differs("%s: exit %d (%v), %s", about, code, err, output)
	}
	c.run.compared(1)
}

func (c *liveCluster) confdPID() (string, error) {
	text, err := os.ReadFile(ganetiRun + "/ganeti-confd.pid")
	return strings.TrimSpace(string(text)), err
}

// check asks the cluster's tool whether the daemon runs.
func (c *liveCluster) check(ctx context.Context) error {
	_, err := c.net.output(ctx, daemonUtil, "check", "ganeti-confd")
	return err
}

// swapOut stops ours and starts the reference again.
func (c *liveCluster) swapOut(ctx context.Context) error {
	pid, err := c.confdPID()
	if err != nil {
		return err
	}
	if _, err := c.net.output(ctx, daemonUtil, "stop", "ganeti-confd"); err != nil {
		return err
	}
	if fileExists("/proc/" + pid + "/exe") {
		c.run.differs("ours is still there after daemon-util stop")
	}
	if _, err := c.net.output(ctx, daemonUtil, "start", "ganeti-confd"); err != nil {
		return err
	}
	return c.check(ctx)
}

// observe returns what each client prints.
func (c *liveCluster) observe(ctx context.Context) (map[string]string, error) {
	text, err := os.ReadFile(ganetiData + "/config.data")
	if err != nil {
		return nil, err
	}
	queries, err := libraryQueries(text)
	if err != nil {
		return nil, err
	}
	seen := map[string]string{}
	library := c.net.command(ctx, systemPython, "-W", "ignore", filepath.Join(c.folder, "library.py"), ganetiLibrary, ganetiData+"/hmac.key", "1814", clusterNodeIP)
	library.Stdin = strings.NewReader(string(queries))
	output, err := library.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("the library's session: %w: %s", err, output)
	}
	seen["the client library"] = string(output)
	for name, argv := range map[string][]string{
		"confd-client":          {systemPython, filepath.Join(c.folder, "confd-client"), "--address=" + clusterNodeIP, "--requests=20"},
		"the watcher":           {systemPython, "-W", "ignore", filepath.Join(c.folder, "maintenance.py"), ganetiLibrary},
		"gnt-cluster verify":    {"gnt-cluster", "verify"},
		"the drbd collector":    {monCollectorBinary, "drbd", "-s", os.DevNull},
		"the lv collector":      {monCollectorBinary, "lv", "-f", os.DevNull},
		"gnt-node list":         {"gnt-node", "list", "-o", "name,role,offline,drained,master_candidate,pip"},
		"gnt-instance list":     {"gnt-instance", "list", "-o", "name,pnode,admin_state,nic.ips"},
		"daemon-util check":     {daemonUtil, "check", "ganeti-confd"},
		"gnt-cluster getmaster": {"gnt-cluster", "getmaster"},
	} {
		output, err := c.net.command(ctx, argv...).CombinedOutput()
		code, err := exitCode(err)
		if err != nil {
			return nil, err
		}
		seen[name] = steady(string(output)) + fmt.Sprintf("exit %d", code)
	}
	return seen, nil
}

// jobTime begins the lines of a job's log, and jobLine tells of a job by its number.
var (
	jobTime = regexp.MustCompile(`(?m)^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} `)
	jobLine = regexp.MustCompile(`(?m)^(Submitted jobs|Waiting for job) .*\n`)
)

// steady takes out of a tool's output what depends on the time.
func steady(output string) string {
	output = collectorTime.ReplaceAllString(timing.ReplaceAllString(output, "N ms per"), `"timestamp":0`)
	return jobLine.ReplaceAllString(jobTime.ReplaceAllString(output, ""), "")
}

// same compares two observations.
func (c *liveCluster) same(when string, ours, theirs map[string]string) {
	for name := range theirs {
		sameLines(c.run, name+" "+when, ours[name], theirs[name])
	}
}

// A change is a command of the cluster's tools and what confd then answers.
type change struct {
	about    string
	command  []string
	question []string // arguments of gantry query
	answer   string   // in its output, as JSON
}

// change has the cluster's tools change its config, and waits for each change to show in ours.
func (c *liveCluster) change(ctx context.Context) error {
	text, err := os.ReadFile(ganetiData + "/config.data")
	if err != nil {
		return err
	}
	tree, err := readClusterTree(text)
	if err != nil {
		return err
	}
	const instance, ip = "web.example.com", "10.88.0.5"
	for _, ch := range []change{
		{"gnt-cluster modify", []string{"gnt-cluster", "modify", "--candidate-pool-size=7"}, []string{"config", "/cluster/candidate_pool_size"}, `7`},
		{"gnt-cluster add-tags", []string{"gnt-cluster", "add-tags", "rack:7"}, []string{"config", "/cluster/tags"}, `["rack:7"]`},
		{"gnt-node add-tags", []string{"gnt-node", "add-tags", clusterNode, "slow"}, []string{"config", "/nodes/" + tree.nodeKeys[0] + "/tags"}, `["slow"]`},
		{"gnt-node modify", []string{"gnt-node", "modify", "--vm-capable=yes", "--node-parameters", "spindle_count=3", clusterNode}, []string{"config", "/nodes/" + tree.nodeKeys[0] + "/ndparams/spindle_count"}, `3`},
		{"gnt-instance add", []string{"gnt-instance", "add", "-t", "diskless", "-o", "noop", "-n", clusterNode, "-H", "fake", "--no-name-check", "--no-ip-check", "--net", "0:ip=" + ip, instance}, []string{"node-ip", ip}, `"` + clusterNodeIP + `"`},
		{"gnt-instance remove", []string{"gnt-instance", "remove", "-f", instance}, []string{"instance-ips"}, `[]`},
	} {
		if _, err := c.net.output(ctx, ch.command...); err != nil {
			return err
		}
		took, err := c.waitAnswer(ctx, ch)
		if err != nil {
			return err
		}
		c.run.compared(1)
		c.run.log("%-22s shows in ours within %v", ch.about, took.Round(time.Millisecond))
	}
	return nil
}

// waitAnswer asks until ours gives the answer that a change leads to.
func (c *liveCluster) waitAnswer(ctx context.Context, ch change) (time.Duration, error) {
	const pause = 20 * time.Millisecond
	started := time.Now()
	for {
		argv := append([]string{c.run.gantry(), "query", "--json", "--key", ganetiData + "/hmac.key", "--peer", clusterNodeIP}, ch.question...)
		output, err := c.net.command(ctx, argv...).CombinedOutput()
		if err == nil && strings.Contains(string(output), `"answer":`+ch.answer) {
			return time.Since(started), nil
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		if time.Since(started) > changePatience {
			c.run.differs("%s doesn't show in ours: %s is answered by %s (%v)", ch.about, ch.question, output, err)
			return time.Since(started), nil
		}
		time.Sleep(pause)
	}
}
