package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A meaning is what a cluster is, by names: what must be the same in whatever layout it is written. What a layout can't say is left
// out or has the value that stands for it.
type meaning struct {
	Cluster   map[string]any
	Nodes     map[string]map[string]any
	Instances map[string]map[string]any
}

// meaningOf describes a file of the current layout as far as another layout can say it.
func meaningOf(t testing.TB, doc []byte, layout Layout) meaning {
	t.Helper()
	d, err := Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	m := meaning{Nodes: map[string]map[string]any{}, Instances: map[string]map[string]any{}}
	nodes, groups, networks := map[string]string{}, map[string]string{}, map[string]string{}
	for key := range d.All(KindGroup) {
		groups[key] = load[Group](t, d, key).Name
	}
	for key := range d.All(KindNetwork) {
		networks[key] = load[Network](t, d, key).Name
	}
	for key := range d.All(KindNode) {
		n := load[Node](t, d, key)
		nodes[key] = n.Name
		m.Nodes[n.Name] = map[string]any{
			"ips": []string{n.PrimaryIP, n.SecondaryIP}, "flags": []bool{n.MasterCandidate, n.Offline, n.Drained},
			"serial": n.SerialNo, "tags": n.Tags, "uuid": since(layout, layoutTimes, n.UUID),
			"group":   since(layout, layoutGroups, groups[n.Group]),
			"capable": since(layout, layoutGroups, []bool{n.MasterCapable, n.VMCapable}),
			"powered": since(layout, layoutNDParams, n.Powered),
		}
	}
	c := load[Cluster](t, d, "")
	m.Cluster = map[string]any{
		"name": c.ClusterName, "master": nodes[c.MasterNode], "ip": c.MasterIP, "serial": c.SerialNo, "tags": c.Tags, "hypervisors": c.EnabledHypervisors,
		"link": valueOf(c.NICParams["default"].Link), "memory": *c.BEParams["default"].MaxMem, "ports": c.PortPool, "port": c.HighestUsedPort,
		"uuid": since(layout, layoutTimes, c.UUID), "family": c.PrimaryIPFamily, "file serial": d.SerialNo, "version": d.Version,
		"key type": since(layout, layoutSSHKeyType, c.SSHKeyType), "certs": since(layout, layoutAdminSource, len(c.CandidateCerts)),
	}
	for key := range d.All(KindInstance) {
		i := load[Instance](t, d, key)
		m.Instances[i.Name] = map[string]any{
			"node": nodes[i.PrimaryNode], "os": i.OS, "hypervisor": i.Hypervisor, "hvparams": i.HVParams, "up": i.AdminState == "up",
			"offline": since(layout, layoutAdminState, i.AdminState), "disks active": since(layout, layoutNICNames, i.DisksActive),
			"serial": i.SerialNo, "tags": i.Tags, "uuid": since(layout, layoutTimes, i.UUID),
			"osparams": since(layout, layoutOSParams, i.OSParams), "private": since(layout, layoutTopDisks, i.OSParamsPrivate),
			"vcpus": i.BEParams.VCPUs, "maxmem": i.BEParams.MaxMem, "nics": nicMeanings(i, c, networks, layout), "disks": diskMeanings(t, d, i, nodes, layout),
		}
	}
	return m
}

func load[T Typed](t testing.TB, d *Document, key string) *T {
	t.Helper()
	v, err := Load[T](d, key)
	if err != nil || v == nil {
		t.Fatalf("%q: %v, %v", key, v, err)
	}
	return v
}

// since is v if the layout can say it.
func since(l, first Layout, v any) any {
	if l < first {
		return nil
	}
	return v
}

func nicMeanings(i *Instance, c *Cluster, networks map[string]string, layout Layout) (all []map[string]any) {
	for _, nic := range i.NICs {
		params := nic.NICParams.over(c.NICParams["default"])
		all = append(all, map[string]any{
			"mac": nic.MAC, "ip": nic.IP, "link": valueOf(params.Link), "mode": since(layout, layoutTimes, valueOf(params.Mode)),
			"network": since(layout, layoutNetworks, networks[valueOf(nic.Network)]), "uuid": since(layout, layoutNICNames, nic.UUID),
		})
	}
	return all
}

func diskMeanings(t testing.TB, d *Document, i *Instance, nodes map[string]string, layout Layout) (all []map[string]any) {
	for index, key := range i.Disks {
		disk := load[Disk](t, d, key)
		where := []string{}
		for _, node := range disk.Nodes {
			where = append(where, nodes[node])
		}
		slices.Sort(where)
		m := map[string]any{
			"type": disk.DevType, "name": disk.IVName == fmt.Sprintf("disk/%d", index), "size": disk.Size, "mode": disk.Mode, "nodes": where,
			"id": disk.LogicalID.Pair, "children": len(disk.Children), "uuid": since(layout, layoutNICNames, disk.UUID),
			"serial": since(layout, layoutTopDisks, disk.SerialNo),
		}
		if r := disk.LogicalID.DRBD; r != nil {
			m["id"] = []any{nodes[r.NodeA], nodes[r.NodeB], r.Port, r.MinorA, r.MinorB, r.Secret}
		}
		for _, child := range disk.Children {
			if len(child.Nodes) != 2 || child.UUID == "" {
				t.Errorf("child of disk %s has nodes %v and uuid %q", key, child.Nodes, child.UUID)
			}
		}
		all = append(all, m)
	}
	return all
}

func TestUpgradeKeepsTheMeaningOfEveryLayout(t *testing.T) {
	for _, text := range allLayouts {
		t.Run(text, func(t *testing.T) {
			layout := mustLayout(t, text)
			opts := GenerateOptions{Nodes: 6, Instances: 40, Seed: 11, Groups: 3, Templates: []string{"drbd", "plain", "file", "diskless"}}
			now := generated(t, opts)
			opts.Layout = text
			then := upgraded(t, generated(t, opts))
			if diff := cmp.Diff(meaningOf(t, now, layout), meaningOf(t, then, layout)); diff != "" {
				t.Errorf("(-now +upgraded):\n%s", diff)
			}
			report, err := Validate(bytes.NewReader(then))
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range report.Problems {
				if layout >= layoutAdminSource || !strings.Contains(p.Rule, "candidate_certs is empty") {
					t.Error(p)
				}
			}
		})
	}
}
