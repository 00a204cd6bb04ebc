package check

import (
	"maps"
	"slices"
	"strings"

	"gantry/confd/client"
	"gantry/confd/wire"
)

// question is a query that all peers are asked.
type question struct {
	name    string // as a user of gantry query would write it
	request *client.Request
	learn   func(*inventory, client.Reply) // notes what an answer names
}

var (
	ping   = question{name: "ping", request: client.Ping()}
	serial = config("/serial_no", nil)
)

func config(path string, learn func(*inventory, client.Reply)) question {
	return question{"config " + path, client.ConfigValue(path), learn}
}

// survey asks what needs no argument, and for the config's parts as a whole.
func (k *checker) survey() []question {
	return []question{
		ping,
		{"master", client.Master(), learnMaster},
		{"master name ip node-ip", client.Master(wire.FieldName, wire.FieldIP, wire.FieldMasterNodePip), nil},
		{"node-ips", client.NodeIPList(), nil},
		{"candidate-ips", client.CandidateIPList(), nil},
		{"instance-ips", client.InstanceIPList(), learnIPs("")},
		{"collectors", client.DataCollectors(), nil},
		serial,
		config("/version", nil),
		config("/cluster", learnCluster),
		config("/nodes", learnNodes),
		config("/instances", learnInstances),
		config("/nodegroups", learnContainer("/nodegroups")),
		config("/networks", learnContainer("/networks")),
		config("/filters", learnContainer("/filters")),
		config("/disks", learnContainer("/disks")),
	}
}

// nodes asks about every node, which shows their instances.
func (k *checker) nodes() []question {
	for _, name := range k.options.Nodes {
		k.known.nodes.add(name)
	}
	var all []question
	for _, node := range k.known.nodes.sorted() {
		all = append(all,
			question{"node-role " + node, client.NodeRole(node), nil},
			question{"drbd-minors " + node, client.NodeDRBD(node), nil},
			question{"node-instances " + node, client.NodeInstances(node), learnHosted})
	}
	return all
}

// instances asks about every instance and every link.
func (k *checker) instances() []question {
	for _, name := range k.options.Instances {
		k.known.instances.add(name)
	}
	var all []question
	for _, instance := range k.known.instances.sorted() {
		all = append(all, question{"instance-disks " + instance, client.InstanceDisks(instance), nil})
	}
	for _, link := range k.known.links.sorted() {
		all = append(all, question{"instance-ips " + link, client.InstanceIPList().OnLink(link), learnIPs(link)})
	}
	return all
}

// list is how many addresses are asked in one query: their answers, of some 60 bytes each, fit a datagram, and the question the 4,096 bytes that
// the reference reads.
const list = 50

// rest asks about every address, alone and in lists, and for every object of the config.
func (k *checker) rest() []question {
	var all []question
	for _, link := range slices.Sorted(maps.Keys(k.known.ips)) {
		on, suffix := func(r *client.Request) *client.Request { return r }, ""
		if link != "" {
			on, suffix = func(r *client.Request) *client.Request { return r.OnLink(link) }, " --link "+link
		}
		ips := k.known.ips[link].sorted()
		for _, ip := range ips {
			all = append(all, question{"node-ip " + ip + suffix, on(client.NodeIP(ip)), nil})
		}
		for part := range slices.Chunk(ips, list) {
			if len(part) > 1 {
				all = append(all, question{"node-ip " + strings.Join(part, " ") + suffix, on(client.NodeIPs(part...)), nil})
			}
		}
	}
	for _, path := range k.known.paths.sorted() {
		all = append(all, config(path, nil))
	}
	return all
}

// escape writes a key as a part of a config path.
func escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
