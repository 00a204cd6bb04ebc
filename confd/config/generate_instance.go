package config

import (
	"fmt"
	"slices"
)

// Each instance has this many addresses of its own, for as many NICs.
const addressesPerInstance = 8

func (g *generator) instanceName(i int) string {
	if g.quirks != nil {
		return g.quirks.instanceName(i)
	}
	return fmt.Sprintf("instance%d.%s", i+1, generatedDomain)
}

func (g *generator) instanceMember(i int) member {
	v := g.instanceValue(i)
	key := g.instances[i].uuid.String()
	if g.layout < layoutUUIDKeys {
		key = g.instanceName(i)
	}
	return field(escapeASCII(key), v)
}

// instanceValue needs no other object: older layouts, which hold the disks inside, ask diskValue for them.
func (g *generator) instanceValue(i int) value {
	in := &g.instances[i]
	r := randomFor(g.seed, streamInstance, i)
	state := pick(&r, []string{"up", "up", "up", "up", "up", "up", "up", "up", "down", "offline"})
	hypervisor := "kvm"
	if r.chance(30) {
		hypervisor = pick(&r, g.hypervisors())
	}
	v := objectValue()
	if in.forthcoming {
		v.set("forthcoming", boolValue(true))
	}
	if !in.forthcoming || i%100 != 7 { // a reservation need not have a name yet
		v.set("name", textValue(g.instanceName(i)))
	}
	v.members = append(v.members,
		field("primary_node", g.nodeRef(int(in.primary))),
		field("os", rawString(pick(&r, []string{"debootstrap+default", "noop", "debian-image+buster", "debootstrap+minimal"}))),
		field("hypervisor", rawString(hypervisor)),
		field("hvparams", r.hvParams(hypervisor)),
		field("beparams", r.beParams()),
		field("osparams", g.osParams(&r)),
		field("osparams_private", r.privateParams()),
		field("admin_state", rawString(state)),
		field("admin_state_source", rawString(pick(&r, []string{"admin", "admin", "admin", "user"}))),
		field("nics", g.nicsValue(&r, i)),
		field("disks", g.diskRefs(in)),
		field("disks_active", boolValue(state == "up")),
	)
	if in.port != 0 {
		v.set("network_port", intValue(int(in.port)))
	}
	v.members = append(v.members, g.trailerOf(&r, in.uuid, g.someTags(&r, 25))...)
	g.shape(KindInstance, &v, i)
	return v
}

func (r *random) hvParams(hypervisor string) value {
	v := objectValue()
	if hypervisor == "kvm" && r.chance(30) {
		v.set("boot_order", rawString(pick(r, []string{"cdrom", "network"})))
		v.set("kernel_path", rawString(""))
		if r.chance(30) {
			v.set("vnc_bind_address", rawString("127.0.0.1"))
		}
	}
	return v
}

func (r *random) beParams() value {
	v := objectValue()
	if r.chance(60) {
		memory := 256 << r.below(7)
		v.set("minmem", intValue(memory/2))
		v.set("maxmem", intValue(memory))
	}
	if r.chance(60) {
		v.set("vcpus", intValue(1+r.below(8)))
	}
	if r.chance(5) {
		v.set("auto_balance", boolValue(false))
	}
	return v
}

func (g *generator) osParams(r *random) value {
	v := objectValue()
	if g.opts.NonASCII && r.chance(10) {
		v.set("comment", textValue(pick(r, []string{"caf\u00e9", "stra\u00dfe", "\u65e5\u672c", "\U0001f427"})))
	}
	if r.chance(15) {
		v.set("dhcp", rawString(pick(r, []string{"no", "yes"})))
		v.set("filesystem", rawString("ext4"))
	}
	return v
}

func (r *random) privateParams() value {
	v := objectValue()
	if r.chance(4) {
		v.set("root_password", rawString(r.hexDigits(8)))
	}
	return v
}

func (g *generator) diskRefs(in *plannedInstance) value {
	v := arrayValue()
	for d := in.firstDisk; d < in.firstDisk+in.disks; d++ {
		v.items = append(v.items, rawString(g.disks[d].uuid.String()))
	}
	return v
}

func (g *generator) nicsValue(r *random, i int) value {
	in := &g.instances[i]
	v := arrayValue()
	for n := range int(in.nics) {
		slot := i*addressesPerInstance + n
		nic := objectValue(field("mac", rawString(fmt.Sprintf("%s:%02x:%02x:%02x", generatedMACPrefix, slot>>16, slot>>8&255, slot&255))))
		switch {
		case n == 0 && in.network >= 0:
			nic.set("ip", rawString(g.networkAddress(int(in.network), int(in.address))))
			nic.set("nicparams", g.networkLink(int(in.network)))
			nic.set("network", rawString(g.networks[in.network].uuid.String()))
		default:
			if r.chance(85) {
				nic.set("ip", rawString(g.nicAddress(r, slot)))
			}
			nic.set("nicparams", r.nicParams())
		}
		if r.chance(15) {
			nic.set("name", rawString(fmt.Sprintf("eth%d", n)))
		}
		nic.set("uuid", rawString(r.uuid().String()))
		v.items = append(v.items, nic)
	}
	return v
}

// nicAddress is one of 10.0.0.0/8, or of an IPv6 network for a part of an IPv6 cluster's NICs.
func (g *generator) nicAddress(r *random, slot int) string {
	if g.opts.Family == FamilyIPv6 && r.chance(60) {
		return fmt.Sprintf("2001:db8:1::%x:%x", slot>>16, slot&0xffff+1)
	}
	return fmt.Sprintf("10.%d.%d.%d", slot>>16, slot>>8&255, slot&255)
}

// nicParams are empty, which means the cluster's, for two NICs in three.
func (r *random) nicParams() value {
	if r.chance(66) {
		return objectValue()
	}
	text := pick(r, []string{
		`{"mode":"bridged","link":"br1"}`, `{"link":"br2"}`, `{"mode":"routed","link":"100"}`,
		`{"mode":"openvswitch","link":"switch1","vlan":".100"}`, `{"mode":"bridged","link":"br0","vlan":""}`,
	})
	return constantValue(text)
}

// Sizes in MiB.
var generatedSizes = []int{1024, 2048, 10240, 20480, 51200}

const drbdMetaSize = 128 // MiB; the reference's

func (g *generator) diskMember(i int) member {
	return field(g.disks[i].uuid.String(), g.diskValue(i))
}

func (g *generator) diskValue(i int) value {
	d := &g.disks[i]
	in := &g.instances[d.instance]
	r := randomFor(g.seed, streamDisk, i)
	size, index := pick(&r, generatedSizes), i-int(in.firstDisk)
	template := in.template
	params := objectValue()
	if template == "ext" && r.chance(50) {
		params.set("provider", rawString("pxe"))
	}
	children := arrayValue()
	ctime, mtime := g.times(&r)
	volume := fmt.Sprintf("%s.disk%d", r.uuid(), index)
	if template == "drbd" {
		for _, part := range []struct {
			suffix string
			size   int
		}{{"_data", size}, {"_meta", drbdMetaSize}} {
			child := g.diskObject(in, &r, "plain", stringsValue(generatedVG, volume+part.suffix), arrayValue())
			finishDisk(&child, "", part.size, "rw", objectValue(), r.uuid(), 1, ctime, mtime)
			children.items = append(children.items, child)
		}
	}
	v := g.diskObject(in, &r, template, g.logicalID(&r, d, in, index, volume), children)
	if in.forthcoming {
		v.members = slices.Insert(v.members, 0, field("forthcoming", boolValue(true)))
	}
	finishDisk(&v, fmt.Sprintf("disk/%d", index), size, pick(&r, []string{"rw", "rw", "rw", "rw", "rw", "rw", "rw", "rw", "rw", "ro"}),
		params, d.uuid, 1+r.below(20), ctime, mtime)
	if r.chance(10) {
		g.nameDisk(&v, &r, index)
	}
	g.shape(KindDisk, &v, i)
	return v
}

// nameDisk puts name and spindles where wconfd writes them: before params.
func (g *generator) nameDisk(v *value, r *random, index int) {
	extra := []member{field("name", rawString(fmt.Sprintf("disk-%d", index)))}
	if r.chance(50) {
		extra = append(extra, field("spindles", intValue(1+r.below(4))))
	}
	at := slices.IndexFunc(v.members, func(m member) bool { return m.key == "params" })
	v.members = slices.Insert(v.members, at, extra...)
}

// diskObject returns a disk up to its nodes: both of DRBD's, the primary one of what is local to it, none of what every node reaches.
func (g *generator) diskObject(in *plannedInstance, r *random, template string, logicalID, children value) value {
	nodes := arrayValue()
	switch {
	case in.template == "drbd":
		nodes.items = []value{g.nodeRef(int(in.primary)), g.nodeRef(int(in.secondary))}
	case template == "plain" || template == "file":
		nodes.items = []value{g.nodeRef(int(in.primary))}
	}
	return objectValue(field("logical_id", logicalID), field("dev_type", rawString(template)), field("children", children), field("nodes", nodes))
}

func finishDisk(v *value, ivName string, size int, mode string, params value, id uuid, serial int, ctime, mtime value) {
	v.members = append(v.members,
		field("iv_name", rawString(ivName)), field("size", intValue(size)), field("mode", rawString(mode)), field("params", params),
		field("uuid", rawString(id.String())), field("serial_no", intValue(serial)), field("ctime", ctime), field("mtime", mtime))
}

func (g *generator) logicalID(r *random, d *plannedDisk, in *plannedInstance, index int, volume string) value {
	file := fmt.Sprintf("%s/disk%d", in.uuid, index)
	switch in.template {
	case "drbd":
		return arrayValue(g.nodeRef(int(in.primary)), g.nodeRef(int(in.secondary)), intValue(int(d.port)),
			intValue(int(d.minorA)), intValue(int(d.minorB)), rawString(r.hexDigits(20)))
	case "file":
		return stringsValue("loop", generatedFileDir+"/"+file)
	case "sharedfile":
		return stringsValue("loop", generatedSharedDir+"/"+file)
	case "gluster":
		return stringsValue("loop", generatedGlusterDir+"/"+file)
	case "blockdev":
		return stringsValue("manual", "/dev/disk/by-id/"+volume)
	case "rbd":
		return stringsValue("rbd", volume+".rbd")
	case "ext":
		return stringsValue("pxe", volume+".ext")
	}
	return stringsValue(generatedVG, volume)
}
