package config

import (
	"fmt"
	"strings"
)

// nodeRef is how other objects name a node.
func (g *generator) nodeRef(i int) value {
	if g.layout < layoutUUIDKeys {
		return rawString(g.nodeName(i))
	}
	return rawString(g.nodes[i].uuid.String())
}

func (g *generator) nodeName(i int) string {
	if g.quirks != nil {
		return g.quirks.nodeName(i)
	}
	return fmt.Sprintf("node%d.%s", i+1, generatedDomain)
}

func (g *generator) nodeMember(i int) member {
	n := &g.nodes[i]
	r := randomFor(g.seed, streamNode, i)
	ndparams := objectValue()
	if r.chance(5) {
		ndparams = pick(&r, []value{
			objectValue(field("oob_program", rawString("/usr/local/sbin/oob"))),
			objectValue(field("spindle_count", intValue(4)), field("ssh_port", intValue(2222))),
			objectValue(field("cpu_speed", numValue("2.4"))),
		}).clone()
	}
	v := objectValue(
		field("name", textValue(g.nodeName(i))),
		field("primary_ip", rawString(g.nodeAddress(i))),
		field("secondary_ip", rawString(secondaryAddress(i))),
		field("master_candidate", boolValue(n.candidate)),
		field("offline", boolValue(n.offline)),
		field("drained", boolValue(n.drained)),
		field("group", rawString(g.groups[n.group].String())),
		field("master_capable", boolValue(n.masterCapable)),
		field("vm_capable", boolValue(n.runsInstances)),
		field("ndparams", ndparams),
		field("powered", boolValue(!n.offline || r.chance(50))),
	)
	if r.chance(5) {
		v.set("hv_state_static", constantValue(`{"kvm":{"mem_node":1024}}`))
		v.set("disk_state_static", constantValue(`{"plain":{"xenvg":{"disk_reserved":2048}}}`))
	}
	v.members = append(v.members, g.trailerOf(&r, n.uuid, g.someTags(&r, 10))...)
	g.shape(KindNode, &v, i)
	return field(g.nodeRef(i).text, v)
}

func (g *generator) nodeAddress(i int) string {
	if g.opts.Family == FamilyIPv6 {
		return fmt.Sprintf("2001:db8:0:1::%x", i+1)
	}
	return fmt.Sprintf("172.%d.%d.%d", 16+i/62500, i/250%250, 1+i%250)
}

// secondaryAddress is IPv4 in every family.
func secondaryAddress(i int) string { return fmt.Sprintf("192.168.%d.%d", i/250, 1+i%250) }

func (g *generator) groupName(i int) string {
	if i == 0 {
		return "default"
	}
	return fmt.Sprintf("rack%d", i)
}

func (g *generator) groupMember(i int) member {
	r := randomFor(g.seed, streamGroup, i)
	ndparams, ipolicy, diskparams, networks := objectValue(), objectValue(), objectValue(), objectValue()
	policy := "preferred"
	if i > 0 {
		policy = pick(&r, []string{"preferred", "preferred", "last_resort", "unallocable"})
		if r.chance(30) {
			ndparams.set("spindle_count", intValue(1+r.below(8)))
		}
		if r.chance(30) {
			ipolicy = generatedPolicy(&r)
		}
		if r.chance(20) {
			diskparams = constantValue(`{"drbd":{"resync-rate":102400}}`)
		}
	}
	for _, n := range g.networkOrder {
		networks.set(g.networks[n].uuid.String(), g.networkLink(int(n)))
	}
	v := objectValue(
		field("name", rawString(g.groupName(i))),
		field("members", arrayValue()), // as wconfd writes it: nodes say which group they are in
		field("ndparams", ndparams),
		field("alloc_policy", rawString(policy)),
		field("ipolicy", ipolicy),
		field("diskparams", diskparams),
		field("networks", networks),
	)
	v.members = append(v.members, g.trailerOf(&r, g.groups[i], g.someTags(&r, 20))...)
	g.shape(KindGroup, &v, i)
	return field(g.groups[i].String(), v)
}

// generatedPolicy is a part of an instance policy, as groups have.
func generatedPolicy(r *random) value {
	v := objectValue()
	if r.chance(50) {
		all := constantValue(defaultIPolicy)
		minmax := *all.get("minmax")
		minmax.items[0].get("max").set("memory-size", intValue(65536))
		v.set("minmax", minmax)
	}
	if r.chance(50) {
		v.set("spindle-ratio", numValue("5.2"))
	}
	v.set("vcpu-ratio", numValue(pick(r, []string{"2", "3.14", "8"})))
	return v
}

// networkLink is how groups connect to a network, and what a NIC in it gets.
func (g *generator) networkLink(i int) value {
	return objectValue(field("mode", rawString("bridged")), field("link", rawString(fmt.Sprintf("br%d", 10+i))), field("vlan", rawString("")))
}

func networkName(i int) string { return fmt.Sprintf("net%d", i) }

func (g *generator) networkAddress(network, address int) string {
	return fmt.Sprintf("100.%d.%d.%d", 64+network>>8, network&255, address)
}

func (g *generator) networkMember(i int) member {
	n := &g.networks[i]
	r := randomFor(g.seed, streamNetwork, i)
	size := n.size()
	reserved := strings.Repeat("0", firstNICAddress) + strings.Repeat("1", n.used) + strings.Repeat("0", size-firstNICAddress-n.used)
	external := "1" + "1" + strings.Repeat("0", size-3) + "1" // network, gateway and broadcast addresses
	v := objectValue(field("name", rawString(networkName(i))))
	if r.chance(30) {
		v.set("mac_prefix", rawString(fmt.Sprintf("aa:01:%02x", i&255)))
	}
	v.set("network", rawString(fmt.Sprintf("%s/%d", g.networkAddress(i, 0), n.bits)))
	if r.chance(30) {
		v.set("network6", rawString(fmt.Sprintf("2001:db8:%x::/64", 256+i)))
	}
	v.set("gateway", rawString(g.networkAddress(i, 1)))
	if v.has("network6") {
		v.set("gateway6", rawString(fmt.Sprintf("2001:db8:%x::1", 256+i)))
	}
	v.set("reservations", rawString(reserved))
	v.set("ext_reservations", rawString(external))
	ctime, mtime := g.times(&r)
	v.members = append(v.members,
		field("uuid", rawString(n.uuid.String())), field("ctime", ctime), field("mtime", mtime),
		field("serial_no", intValue(1+r.below(60))), field("tags", g.someTags(&r, 20)))
	g.shape(KindNetwork, &v, i)
	return field(n.uuid.String(), v)
}

func (g *generator) filterMember(i int) member {
	r := randomFor(g.seed, streamFilter, i)
	actions := []value{rawString("ACCEPT"), rawString("PAUSE"), rawString("REJECT"), rawString("CONTINUE"),
		arrayValue(rawString("RATE_LIMIT"), intValue(1+r.below(10)))}
	v := objectValue(
		field("watermark", intValue(r.below(10_000))),
		field("priority", intValue(r.below(20))),
		field("predicates", pick(&r, []value{
			constantValue(`[["jobid",[">","id","watermark"]]]`),
			constantValue(`[["opcode",["==","OP_ID","OP_INSTANCE_CREATE"]],["reason",["=~","reason","^maintenance"]]]`),
		})),
		field("action", pick(&r, actions)),
		field("reason_trail", arrayValue(arrayValue(rawString("gnt:client:gnt-filter"), rawString("maintenance"),
			numValue(fmt.Sprintf("%d%09d", generatedEpoch+r.below(generatedWindow), r.below(1_000_000_000)))))),
		field("uuid", rawString(g.filters[i].String())),
	)
	g.shape(KindFilter, &v, i)
	return field(g.filters[i].String(), v)
}
