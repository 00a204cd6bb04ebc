package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A spoiler breaks a rule in an otherwise sound cluster and returns the problems that must be found, without the objects' keys.
type spoiler struct {
	rule  string
	spoil func(c *spoilt) []string
}

// A spoilt cluster is a generated one that a test changes.
type spoilt struct {
	t testing.TB
	*Document
}

func newSpoilt(t testing.TB) *spoilt {
	t.Helper()
	doc, err := Parse(generated(t, GenerateOptions{Nodes: 6, Instances: 12, Seed: 5, Candidates: 2, Groups: 2, Templates: []string{"drbd"}}))
	if err != nil {
		t.Fatal(err)
	}
	return &spoilt{t, doc}
}

// keys returns the keys of a kind's objects in order.
func (c *spoilt) keys(kind Kind) (keys []string) {
	for key := range c.All(kind) {
		keys = append(keys, key)
	}
	return keys
}

func change[T Typed](c *spoilt, key string, how func(*T)) *T {
	c.t.Helper()
	v, err := Load[T](c.Document, key)
	if err != nil || v == nil {
		c.t.Fatalf("load %q: %v, %v", key, v, err)
	}
	how(v)
	if err := Store(c.Document, key, v); err != nil {
		c.t.Fatal(err)
	}
	return v
}

// find returns the key of the first object that pleases.
func find[T Typed](c *spoilt, kind Kind, pleases func(*T) bool) string {
	c.t.Helper()
	for key := range c.All(kind) {
		if v, err := Load[T](c.Document, key); err == nil && pleases(v) {
			return key
		}
	}
	c.t.Fatal("no such object")
	return ""
}

func (c *spoilt) nodeWhere(pleases func(*Node) bool) string { return find(c, KindNode, pleases) }

func (c *spoilt) master() string {
	cluster, err := Load[Cluster](c.Document, "")
	if err != nil {
		c.t.Fatal(err)
	}
	return cluster.MasterNode
}

// withNIC is an instance that has a NIC with an address outside all networks, on the cluster's link.
func (c *spoilt) withNIC() string {
	return find(c, KindInstance, func(i *Instance) bool {
		return len(i.NICs) > 0 && i.NICs[0].IP != nil && i.NICs[0].Network == nil && i.NICs[0].NICParams.Link == nil
	})
}

func (c *spoilt) firstDisk() string { return c.keys(KindDisk)[0] }

const nowhere = "00000000-0000-4000-8000-00000000dead"

var spoilers = []spoiler{
	{"nothing is wrong", func(*spoilt) []string { return nil }},

	{"serial_no of the file", func(c *spoilt) []string {
		c.SerialNo = 0
		return []string{"error: configuration: serial_no is 0: must be at least 1"}
	}},
	{"unknown member at the top", func(c *spoilt) []string {
		c.Extra = append(c.Extra, Member{"maintenance", json.RawMessage("{}")})
		return []string{"warning: configuration: unknown member maintenance"}
	}},

	{"serial_no of the cluster", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.SerialNo = -3 })
		return []string{"error: cluster: serial_no is -3"}
	}},
	{"no hypervisor", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.EnabledHypervisors = []string{} })
		return append(c.each(KindInstance, "warning: instance: hypervisor"), "error: cluster: enabled_hypervisors is empty")
	}},
	{"hypervisor without parameters", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { delete(v.HVParams, "kvm") })
		return []string{"error: cluster: hvparams has nothing for the enabled hypervisor kvm"}
	}},
	{"no disk template", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.EnabledDiskTemplates = []string{}; v.IPolicy.DiskTemplates = nil })
		return append(c.each(KindDisk, "warning: disk: disk template drbd isn't enabled"),
			append(slices.Repeat([]string{"warning: cluster: ipolicy allows disk template"}, len(diskTemplates)), "error: cluster: enabled_disk_templates is empty")...)
	}},
	{"no default NIC parameters", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { delete(v.NICParams, "default") })
		return []string{"error: cluster: nicparams has no default"}
	}},
	{"no default backend parameters", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { delete(v.BEParams, "default") })
		return []string{"error: cluster: beparams has no default"}
	}},
	{"bridge without a link", func(c *spoilt) []string {
		change(c, c.withNIC(), func(v *Instance) { v.NICs[0].NICParams.Link = new("") })
		return []string{"error: instance: nic 0's nicparams are bridged and have no link"}
	}},
	{"bridged cluster without a link", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { p := v.NICParams["default"]; p.Link = new(""); v.NICParams["default"] = p })
		for key := range c.All(KindInstance) {
			change(c, key, func(v *Instance) { v.NICs = nil })
		}
		return []string{"error: cluster: nicparams are bridged and have no link"}
	}},
	{"standard size in no range", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.IPolicy.Std.CPUCount = new(int64(99)) })
		return []string{"error: cluster: ipolicy has a standard size that is in none of its ranges"}
	}},
	{"range upside down", func(c *spoilt) []string {
		change(c, c.keys(KindGroup)[0], func(v *Group) {
			cluster, err := Load[Cluster](c.Document, "")
			if err != nil {
				c.t.Fatal(err)
			}
			v.IPolicy.MinMax = cluster.IPolicy.MinMax
			v.IPolicy.MinMax[0].Min.DiskSize = new(int64(1 << 40))
		})
		return []string{"error: group: ipolicy allows disk-size from 1099511627776 to 1048576"}
	}},
	{"no ranges", func(c *spoilt) []string {
		change(c, c.keys(KindGroup)[0], func(v *Group) { v.IPolicy.MinMax = []MinMaxISpecs{}; v.IPolicy.DiskTemplates = []string{} })
		return []string{"error: group: ipolicy has an empty list of ranges", "error: group: ipolicy allows no disk template"}
	}},
	{"policy for a template that isn't enabled", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.IPolicy.DiskTemplates = append(v.IPolicy.DiskTemplates, "rbd") })
		return []string{"warning: cluster: ipolicy allows disk template rbd, which isn't enabled"}
	}},
	{"access to disks", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.DiskParams["rbd"]["access"] = json.RawMessage(`"magic"`) })
		return []string{`error: cluster: diskparams of rbd have access "magic": must be kernelspace or userspace`}
	}},
	{"master's address", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.MasterIP = "master" })
		return []string{"warning: cluster: master_ip is no address: master"}
	}},
	{"master's family", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.MasterIP = "2001:db8::7" })
		return []string{"warning: cluster: master_ip 2001:db8::7 is not of the cluster's primary_ip_family"}
	}},
	{"master's netmask", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.MasterNetmask = 64 })
		return []string{"warning: cluster: master_netmask 64 is no prefix length"}
	}},
	{"user ids", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.UIDPool = [][2]int64{{9, 3}} })
		return []string{"warning: cluster: uid_pool has a range from 9 to 3"}
	}},
	{"unknown member deep inside", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) {
			v.IPolicy.MinMax[0].Max.Extra = Extra{{"gpu-count", json.RawMessage("1")}}
			v.Extra = Extra{{"colour", json.RawMessage(`"red"`)}}
		})
		return []string{"warning: cluster: unknown member ipolicy/minmax/0/max/gpu-count", "warning: cluster: unknown member colour"}
	}},
	{"master is no node", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.MasterNode = nowhere })
		return []string{"error: cluster: master_node names no node: " + nowhere}
	}},
	{"master is no candidate", func(c *spoilt) []string {
		change(c, c.master(), func(v *Node) { v.MasterCandidate = false })
		return []string{"error: cluster: the master node1.example.com is no master candidate", "error: cluster: 1 master candidates: should be 2"}
	}},
	{"master is offline", func(c *spoilt) []string {
		change(c, c.master(), func(v *Node) { v.Offline = true })
		return []string{"error: cluster: the master node1.example.com is offline or drained", "error: node: only one may be true of"}
	}},
	{"candidate without a certificate", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { delete(v.CandidateCerts, v.MasterNode) })
		return []string{"error: cluster: candidate_certs has nothing for the master candidate node1.example.com"}
	}},
	{"no certificates", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { clear(v.CandidateCerts) })
		return []string{"warning: cluster: candidate_certs is empty"}
	}},
	{"free port in use", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.PortPool = append(v.PortPool, 11000) })
		return []string{"error: cluster: tcpudp_port_pool port 11000 is also that of disk"}
	}},
	{"highest port", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.HighestUsedPort = 11000 })
		return []string{"error: cluster: highest_used_port is 11000, but port "}
	}},
	{"port of no range", func(c *spoilt) []string {
		change(c, "", func(v *Cluster) { v.PortPool, v.HighestUsedPort = []int64{70000}, 70000 })
		return []string{"warning: cluster: tcpudp_port_pool port 70000: must be 1 to 65535"}
	}},

	{"key that isn't the uuid", func(c *spoilt) []string {
		key := c.keys(KindFilter)[0]
		change(c, key, func(v *FilterRule) { v.UUID = nowhere })
		return []string{"error: filter: it is kept under a key that isn't its uuid, " + nowhere}
	}},
	{"serial_no of a node", func(c *spoilt) []string {
		change(c, c.keys(KindNode)[0], func(v *Node) { v.SerialNo = 0 })
		return []string{"error: node: serial_no is 0"}
	}},
	{"tags", func(c *spoilt) []string {
		change(c, c.keys(KindNode)[0], func(v *Node) { v.Tags = []string{"a b", strings.Repeat("x", 129), ""} })
		return []string{`warning: node: tag "" has`, `warning: node: tag "a b" has a character`, "warning: node: tag xxxx"}
	}},
	{"too many tags", func(c *spoilt) []string {
		change(c, c.keys(KindNode)[0], func(v *Node) {
			for i := range maxTags + 1 {
				v.Tags = append(v.Tags, fmt.Sprint("tag", i))
			}
		})
		return []string{"warning: node: 40"}
	}},
	{"flags of a node", func(c *spoilt) []string {
		change(c, c.nodeWhere(func(n *Node) bool { return !n.MasterCandidate }), func(v *Node) { v.Offline, v.Drained = true, true })
		return []string{"error: node: only one may be true of master_candidate (false), offline (true) and drained (true)"}
	}},
	{"exclusive storage of a node", func(c *spoilt) []string {
		change(c, c.keys(KindNode)[0], func(v *Node) { v.NDParams.ExclusiveStorage = new(true) })
		return []string{"error: node: ndparams have exclusive_storage"}
	}},
	{"group of a node", func(c *spoilt) []string {
		change(c, c.keys(KindNode)[0], func(v *Node) { v.Group = nowhere })
		return []string{"error: node: group names no node group: " + nowhere}
	}},
	{"name of a node", func(c *spoilt) []string {
		change(c, c.nodeWhere(func(n *Node) bool { return n.Name == "node3.example.com" }), func(v *Node) { v.Name = "node4.example.com" })
		return []string{"error: node: node name node4.example.com is also that of node node4.example.com ("}
	}},
	{"address of a node", func(c *spoilt) []string {
		keys := c.keys(KindNode)
		first := change(c, keys[0], func(*Node) {})
		change(c, keys[1], func(v *Node) { v.PrimaryIP, v.SecondaryIP = first.PrimaryIP, first.SecondaryIP })
		return []string{"error: node: primary_ip: IP address 172.16.0.", "error: node: secondary_ip: IP address 192.168.0."}
	}},
	{"master's address is a node's", func(c *spoilt) []string {
		change(c, c.keys(KindNode)[0], func(v *Node) { v.PrimaryIP = "172.31.255.254" })
		return []string{"error: node: primary_ip: IP address 172.31.255.254 is also that of cluster"}
	}},

	{"no group", func(c *spoilt) []string {
		for _, key := range c.keys(KindGroup) {
			c.Delete(KindGroup, key)
		}
		return append(c.each(KindNode, "error: node: group names no node group"), "error: cluster: there is no node group")
	}},
	{"name of a group", func(c *spoilt) []string {
		for _, key := range c.keys(KindGroup) {
			change(c, key, func(v *Group) { v.Name = "default" })
		}
		return []string{"error: group: group name default is also that of group default"}
	}},
	{"name of a group like a uuid", func(c *spoilt) []string {
		change(c, c.keys(KindGroup)[0], func(v *Group) { v.Name = "6C0A8916-b719-45ad-95dd-82192b1e473f" })
		return []string{"error: group: its name looks like a uuid"}
	}},
	{"network of a group", func(c *spoilt) []string {
		change(c, c.keys(KindGroup)[0], func(v *Group) { v.Networks[nowhere] = NICParams{} })
		return []string{"warning: group: networks names no network: " + nowhere}
	}},

	{"name of a network", func(c *spoilt) []string {
		for _, key := range c.keys(KindNetwork) {
			change(c, key, func(v *Network) { v.Name = "net" })
		}
		return []string{"error: network: network name net is also that of network net"}
	}},
	{"pool of a network", func(c *spoilt) []string {
		change(c, c.keys(KindNetwork)[0], func(v *Network) { v.ExtReservations = new("0101") })
		return []string{"warning: network: ext_reservations has 4 addresses, 100.64."}
	}},
	{"gateway of a network", func(c *spoilt) []string {
		change(c, c.keys(KindNetwork)[0], func(v *Network) { v.Gateway = new("198.51.100.1") })
		return []string{"warning: network: gateway 198.51.100.1 is not in 100.64."}
	}},

	{"name of an instance", func(c *spoilt) []string {
		for _, key := range c.keys(KindInstance)[:2] {
			change(c, key, func(v *Instance) { v.Name = "web.example.com" })
		}
		return []string{"error: instance: instance name web.example.com is also that of instance web.example.com ("}
	}},
	{"primary node", func(c *spoilt) []string {
		key := find(c, KindInstance, func(i *Instance) bool { return len(i.Disks) == 1 })
		change(c, key, func(v *Instance) { v.PrimaryNode, v.Disks = nowhere, nil })
		return []string{"error: instance: primary_node names no node: " + nowhere}
	}},
	{"primary node that runs no instances", func(c *spoilt) []string {
		node := change(c, c.keys(KindInstance)[0], func(*Instance) {}).PrimaryNode
		change(c, node, func(v *Node) { v.VMCapable = false })
		want := []string{}
		for _, key := range c.keys(KindInstance) {
			if change(c, key, func(*Instance) {}).PrimaryNode == node {
				want = append(want, "warning: instance: its primary node node")
			}
		}
		return want
	}},
	{"hypervisor", func(c *spoilt) []string {
		change(c, c.keys(KindInstance)[0], func(v *Instance) { v.Hypervisor = "fake" })
		return []string{"warning: instance: hypervisor fake isn't enabled"}
	}},
	{"disk that is missing", func(c *spoilt) []string {
		change(c, c.keys(KindInstance)[0], func(v *Instance) { v.Disks = append(v.Disks, nowhere) })
		return []string{"error: instance: disk 1 names no disk: " + nowhere}
	}},
	{"disk of two instances", func(c *spoilt) []string {
		keys := c.keys(KindInstance)
		first := change(c, keys[0], func(*Instance) {})
		change(c, keys[1], func(v *Instance) { v.Disks, v.PrimaryNode = first.Disks, first.PrimaryNode })
		return []string{"error: instance: disk 0: disk " + first.Disks[0] + " is also that of instance " + first.Name}
	}},
	{"iv_name", func(c *spoilt) []string {
		change(c, c.firstDisk(), func(v *Disk) { v.IVName = "sda" })
		return []string{`) has iv_name "sda": must be "disk/`}
	}},
	{"DRBD elsewhere", func(c *spoilt) []string {
		in := change(c, c.keys(KindInstance)[0], func(*Instance) {})
		change(c, in.Disks[0], func(v *Disk) {
			others := slices.DeleteFunc(c.keys(KindNode), func(n string) bool { return n == v.LogicalID.DRBD.NodeA || n == v.LogicalID.DRBD.NodeB })
			v.LogicalID.DRBD.NodeA, v.LogicalID.DRBD.MinorA = others[0], 1000
			v.LogicalID.DRBD.NodeB, v.LogicalID.DRBD.MinorB = others[1], 1000
		})
		return []string{") is a DRBD disk that isn't on the primary node"}
	}},
	{"MAC address", func(c *spoilt) []string {
		key := c.withNIC()
		mac := change(c, key, func(*Instance) {}).NICs[0].MAC
		change(c, find(c, KindInstance, func(i *Instance) bool { return i.UUID != key && len(i.NICs) > 0 }), func(v *Instance) { v.NICs[0].MAC = mac })
		return []string{"error: instance: nic 0: MAC address " + mac + " is also that of instance "}
	}},
	{"network of a NIC", func(c *spoilt) []string {
		change(c, c.withNIC(), func(v *Instance) { v.NICs[0].Network = new(nowhere) })
		return []string{"error: instance: nic 0's network names no network: " + nowhere}
	}},
	{"address of two NICs on one link", func(c *spoilt) []string {
		key := c.withNIC()
		change(c, key, func(v *Instance) {
			twin := v.NICs[0]
			twin.MAC = "aa:00:00:ff:ff:ff"
			v.NICs = append([]NIC{twin}, v.NICs...)
		})
		return []string{"error: instance: nic 1: IP address on bridged br0 10.0."}
	}},
	{"address of two NICs on two links", func(c *spoilt) []string {
		change(c, c.withNIC(), func(v *Instance) {
			twin := v.NICs[0]
			twin.MAC, twin.NICParams.Link = "aa:00:00:ff:ff:ff", new("br77")
			v.NICs = append([]NIC{twin}, v.NICs...)
		})
		return nil
	}},
	{"address outside the network", func(c *spoilt) []string {
		change(c, c.withNIC(), func(v *Instance) { v.NICs[0].Network = new(c.keys(KindNetwork)[0]) })
		return []string{"warning: instance: nic 0's ip 10.0."}
	}},
	{"address that isn't reserved", func(c *spoilt) []string {
		network := change(c, c.keys(KindNetwork)[0], func(v *Network) { v.Reservations = new(strings.Repeat("0", len(*v.Reservations))) })
		at := strings.TrimSuffix(network.Network[:strings.Index(network.Network, "/")], ".0") + ".60"
		change(c, c.withNIC(), func(v *Instance) { v.NICs[0].Network, v.NICs[0].IP = new(network.UUID), new(at) })
		return []string{"warning: instance: nic 0's ip " + at + " is not reserved in network " + network.Name}
	}},
	{"empty address", func(c *spoilt) []string {
		change(c, c.withNIC(), func(v *Instance) { v.NICs[0].IP = new("") })
		return []string{"warning: instance: nic 0 has an empty ip"}
	}},
	{"port of an instance", func(c *spoilt) []string {
		change(c, c.keys(KindInstance)[0], func(v *Instance) { v.NetworkPort = new(int64(11000)) })
		return []string{"error: disk: port 11000 is also that of instance "}
	}},
	{"unknown member of a NIC", func(c *spoilt) []string {
		change(c, c.withNIC(), func(v *Instance) { v.NICs[0].Extra = Extra{{"pci", json.RawMessage("3")}} })
		return []string{"warning: instance: unknown member nics/0/pci"}
	}},
	{"reservation without anything", func(c *spoilt) []string {
		text := fmt.Sprintf(`{"forthcoming":true,"uuid":%q,"serial_no":1}`, nowhere)
		if err := c.Set(KindInstance, nowhere, []byte(text)); err != nil {
			c.t.Fatal(err)
		}
		return nil
	}},

	{"volume", func(c *spoilt) []string {
		keys := c.keys(KindDisk)
		first := change(c, keys[0], func(*Disk) {})
		change(c, keys[1], func(v *Disk) { v.Children[0].LogicalID = first.Children[0].LogicalID })
		return []string{"error: disk: logical volume xenvg/"}
	}},
	{"disk template", func(c *spoilt) []string {
		change(c, c.firstDisk(), func(v *Disk) {
			v.DevType, v.LogicalID = "rbd", LogicalID{Pair: [2]string{"rbd", "x"}}
		})
		return []string{"warning: disk: disk template rbd isn't enabled"}
	}},
	{"nodes of a disk", func(c *spoilt) []string {
		change(c, c.firstDisk(), func(v *Disk) { v.Nodes = []string{nowhere} })
		return []string{"warning: disk: nodes names no node: " + nowhere}
	}},
	{"nodes of DRBD", func(c *spoilt) []string {
		key := c.firstDisk()
		owner := find(c, KindInstance, func(i *Instance) bool { return slices.Contains(i.Disks, key) })
		primary := change(c, owner, func(*Instance) {}).PrimaryNode
		change(c, key, func(v *Disk) {
			if v.LogicalID.DRBD.NodeA == primary {
				v.LogicalID.DRBD.NodeB = nowhere
			} else {
				v.LogicalID.DRBD.NodeA = nowhere
			}
		})
		return []string{"error: disk: logical_id names no node: " + nowhere}
	}},
	{"both sides of DRBD on one node", func(c *spoilt) []string {
		change(c, c.firstDisk(), func(v *Disk) {
			v.LogicalID.DRBD.NodeB, v.LogicalID.DRBD.MinorB = v.LogicalID.DRBD.NodeA, 1000
		})
		return []string{"warning: disk: both sides of DRBD are on node "}
	}},
	{"minors of DRBD", func(c *spoilt) []string {
		change(c, c.firstDisk(), func(v *Disk) {
			v.LogicalID.DRBD.NodeB, v.LogicalID.DRBD.MinorB = v.LogicalID.DRBD.NodeA, v.LogicalID.DRBD.MinorA
		})
		return []string{"error: disk: DRBD minor on node node", "warning: disk: both sides of DRBD"}
	}},
	{"port of DRBD", func(c *spoilt) []string {
		keys := c.keys(KindDisk)
		first := change(c, keys[0], func(*Disk) {})
		change(c, keys[1], func(v *Disk) { v.LogicalID.DRBD.Port = first.LogicalID.DRBD.Port })
		return []string{fmt.Sprintf("error: disk: port %d is also that of disk", first.LogicalID.DRBD.Port)}
	}},
	{"children of DRBD", func(c *spoilt) []string {
		change(c, c.firstDisk(), func(v *Disk) { v.Children = v.Children[:1] })
		return []string{"warning: disk: a DRBD disk has two children, data and metadata: this one has 1"}
	}},
}

// each expects a problem of every object of a kind.
func (c *spoilt) each(kind Kind, want string) []string {
	return slices.Repeat([]string{want}, c.Len(kind))
}
