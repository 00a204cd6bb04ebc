package check

import (
	"encoding/json"
	"maps"
	"slices"

	"gantry/confd/client"
)

// inventory is what the servers' answers name.
type inventory struct {
	nodes     set            // names and UUIDs
	instances set            // names and UUIDs
	ips       map[string]set // by link; "" is the default one
	links     set
	paths     set // of single objects in the config
}

// set is texts. The zero value is empty.
type set map[string]bool

func (s *set) add(text string) {
	if text == "" {
		return
	}
	if *s == nil {
		*s = make(set)
	}
	(*s)[text] = true
}

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }

func (v *inventory) addIP(link, ip string) {
	if ip == "" {
		return
	}
	if v.ips == nil {
		v.ips = make(map[string]set)
	}
	ips := v.ips[link]
	ips.add(ip)
	v.ips[link] = ips
}

// The config's objects, as far as the check is about them. Whatever of an answer has another shape is not known, no more.
type (
	named struct {
		Name string `json:"name"`
		UUID string `json:"uuid"`
	}
	nic struct {
		IP     string `json:"ip"`
		Params struct {
			Link string `json:"link"`
		} `json:"nicparams"`
	}
	instance struct {
		named
		Disks []string `json:"disks"`
		NICs  []nic    `json:"nics"`
	}
	cluster struct {
		NICParams map[string]struct {
			Link string `json:"link"`
		} `json:"nicparams"`
	}
)

func (v *inventory) addInstance(text json.RawMessage) {
	var i instance
	if json.Unmarshal(text, &i) != nil {
		return
	}
	v.instances.add(i.Name)
	v.instances.add(i.UUID)
	v.addPath("/instances/", i.UUID)
	for _, disk := range i.Disks {
		v.addPath("/disks/", disk)
	}
	for _, n := range i.NICs {
		v.links.add(n.Params.Link)
		v.addIP(n.Params.Link, n.IP)
	}
}

func (v *inventory) addPath(container, key string) {
	if key != "" {
		v.paths.add(container + escape(key))
	}
}

// members returns the members of a container that was asked for as a whole.
func members(reply client.Reply) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	_ = json.Unmarshal(reply.Answer, &all) // what isn't an object has no members
	return all
}

// learnContainer notes the paths of a container's members.
func learnContainer(path string) func(*inventory, client.Reply) {
	return func(v *inventory, reply client.Reply) {
		for key := range members(reply) {
			v.addPath(path+"/", key)
		}
	}
}

func learnNodes(v *inventory, reply client.Reply) {
	for uuid, text := range members(reply) {
		var n named
		_ = json.Unmarshal(text, &n) // without a name, its UUID will do
		v.nodes.add(uuid)
		v.nodes.add(n.Name)
		v.addPath("/nodes/", uuid)
	}
}

func learnInstances(v *inventory, reply client.Reply) {
	for uuid, text := range members(reply) {
		v.addPath("/instances/", uuid)
		v.instances.add(uuid)
		v.addInstance(text)
	}
}

func learnHosted(v *inventory, reply client.Reply) {
	primary, secondary, err := reply.Instances()
	if err != nil {
		return
	}
	for _, text := range slices.Concat(primary, secondary) {
		v.addInstance(text)
	}
}

func learnMaster(v *inventory, reply client.Reply) {
	if name, err := reply.Master(); err == nil {
		v.nodes.add(name)
	}
}

func learnCluster(v *inventory, reply client.Reply) {
	var c cluster
	_ = json.Unmarshal(reply.Answer, &c) // without links, there is the default one
	v.links.add(c.NICParams["default"].Link)
}

// learnIPs notes the addresses of a link.
func learnIPs(link string) func(*inventory, client.Reply) {
	return func(v *inventory, reply client.Reply) {
		ips, err := reply.Addresses()
		if err != nil {
			return
		}
		for _, ip := range ips {
			v.addIP(link, ip)
		}
	}
}
