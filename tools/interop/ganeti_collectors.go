package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"gantry/confd/config"
)

// monCollectorBinary holds the reference's data collectors, which are what uses its Haskell confd client.
const monCollectorBinary = "/usr/lib/ganeti/3.0/usr/lib/ganeti/mon-collector"

// collectorTime is the one part of a report that depends on when it was made.
var collectorTime = regexp.MustCompile(`"timestamp":\d+`)

// compareCollectors runs the reference's data collectors, which find out from confd what belongs to the node they run on, on a few nodes against
// both servers: their reports must be the same, and must hold names that only confd knows.
func compareCollectors(ctx context.Context, run *session) error {
	text, err := testConfig{name: "collectors", options: config.GenerateOptions{Nodes: 4, Instances: 24, Seed: 11, Templates: []string{"drbd", "plain"}}}.build()
	if err != nil {
		return err
	}
	tree, err := readClusterTree(text)
	if err != nil {
		return err
	}
	machine, err := newCollectorMachine(run, tree)
	if err != nil {
		return err
	}
	// The collectors find the server through ssconf, and know no other port than the service's.
	spec := confdSpec{config: text, addr: netip.AddrFrom4([4]byte{127, 0, 7, 11}), port: 1814}
	var reports [2]map[string]string
	for i, start := range []func(context.Context, *session, confdSpec) (*confdServer, error){startOurs, startReal} {
		server, err := start(ctx, run, spec)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(server.root, "var/lib/ganeti/ssconf_master_candidates_ips"), []byte(spec.addr.String()+"\n"), 0o644); err != nil {
			return err
		}
		reports[i] = machine.reports(ctx, server, tree)
		server.stop()
	}
	for name, ours := range reports[0] {
		run.same("the report "+name, ours, reports[1][name])
	}
	for _, kind := range []string{"drbd", "lv", "inst-status-xen"} {
		if !reportNames(reports[0], kind, tree.instances) {
			run.differs("no report of %s names an instance; one is %s", kind, reports[0][kind+" on "+tree.nodes[0]])
		}
	}
	return nil
}

// reportNames tells whether a report of a kind names any of the instances.
func reportNames(reports map[string]string, kind string, instances []string) bool {
	for name, report := range reports {
		if !strings.HasPrefix(name, kind+" ") {
			continue
		}
		for _, instance := range instances {
			if strings.Contains(report, instance) {
				return true
			}
		}
	}
	return false
}

// A collectorMachine has what the collectors read besides confd: the state of DRBD, logical volumes and Xen, all invented.
type collectorMachine struct {
	drbd string // a file like /proc/drbd
	lvs  string // the output of lvs
	bin  string // a folder with a program named xm
}

func newCollectorMachine(run *session, tree *clusterTree) (*collectorMachine, error) {
	dir, err := run.temp()
	if err != nil {
		return nil, err
	}
	m := &collectorMachine{drbd: filepath.Join(dir, "drbd"), lvs: filepath.Join(dir, "lvs"), bin: filepath.Join(dir, "bin")}
	if err := os.Mkdir(m.bin, 0o755); err != nil {
		return nil, err
	}
	var drbd, lvs, domains, uptimes strings.Builder
	drbd.WriteString("version: 8.3.1 (api:88/proto:86-89)\nGIT-hash: 0 build by nobody, 2009-03-27 12:19:49\n")
	for minor := range 64 {
		fmt.Fprintf(&drbd, "%2d: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r----\n    ns:0 nr:0 dw:0 dr:0 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:b oos:0\n", minor)
	}
	for _, v := range logicalVolumes(tree.root["disks"]) {
		fmt.Fprintf(&lvs, "  uuid;%s;-wi-ao;-1;-1;253;0;1073741824B;1;tag;;vguuid;%s;linear;0B;0;1073741824B;;/dev/sda5:0-15;/dev/sda5(0)\n", v[1], v[0])
	}
	uptimes.WriteString("Name                                ID Uptime\n")
	for i, name := range tree.instances {
		fmt.Fprintf(&domains, "(domain\n    (domid %d)\n    (name %s)\n    (cpu_time 5.5)\n    (state -b----)\n)\n", i+1, name)
		fmt.Fprintf(&uptimes, "%s %d 15 days, 20:57:07\n", name, i+1)
	}
	for path, text := range map[string]string{
		m.drbd: drbd.String(), m.lvs: lvs.String(), filepath.Join(dir, "list"): domains.String(), filepath.Join(dir, "uptime"): uptimes.String(),
		filepath.Join(m.bin, "xm"): "#!/bin/sh\nexec cat " + dir + "/$1\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// logicalVolumes finds the volume group and name of every plain disk, however deep.
func logicalVolumes(value any) [][2]string {
	var all [][2]string
	switch v := value.(type) {
	case map[string]any:
		if id, _ := v["logical_id"].([]any); v["dev_type"] == "plain" && len(id) == 2 {
			all = append(all, [2]string{fmt.Sprint(id[0]), fmt.Sprint(id[1])})
		}
		for _, member := range v {
			all = append(all, logicalVolumes(member)...)
		}
	case []any:
		for _, item := range v {
			all = append(all, logicalVolumes(item)...)
		}
	}
	return all
}

// reports runs every collector on every node and returns what each prints, by collector and node.
func (m *collectorMachine) reports(ctx context.Context, server *confdServer, tree *clusterTree) map[string]string {
	address := []string{"-a", server.addr.Addr().String(), "-p", fmt.Sprint(server.addr.Port())}
	reports := map[string]string{}
	for _, node := range tree.nodes {
		for _, args := range [][]string{{"drbd", "-s", m.drbd}, append([]string{"lv", "-f", m.lvs}, address...), append([]string{"inst-status-xen"}, address...)} {
			reports[args[0]+" on "+node] = m.report(ctx, server, node, args)
		}
	}
	return reports
}

// report runs one collector on a machine that is called as the node.
func (m *collectorMachine) report(ctx context.Context, server *confdServer, node string, args []string) string {
	named := append([]string{"--uts", "sh", "-c", `hostname "$0" && exec "$@"`, node, monCollectorBinary}, args...)
	c := exec.CommandContext(ctx, "unshare", named...)
	c.Env = append(virtualNodeEnv(server.root), "PATH="+m.bin+":"+os.Getenv("PATH"))
	output, err := c.CombinedOutput()
	code, err := exitCode(err)
	if err != nil {
		return err.Error()
	}
	// Each server has a root of its own.
	text := strings.ReplaceAll(string(output), server.root, "ROOT")
	return collectorTime.ReplaceAllString(text, `"timestamp":0`) + fmt.Sprintf("exit %d", code)
}
