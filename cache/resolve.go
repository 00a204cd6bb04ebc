package cache

import "slices"

// finish turns what was collected into the snapshot.
func (b *builder) finish() (*Snapshot, error) {
	for kind := range containerCount {
		b.finishContainer(kind)
	}
	b.indexNames()
	b.resolveDisks()
	b.renderFixed()
	b.renderNodes()
	b.buildLinks()
	b.buildHosted()
	b.buildMinors()
	if len(b.s.text) > maxText {
		return nil, errTooLarge
	}
	b.s.info = b.describe()
	return b.s, nil
}

func (b *builder) finishContainer(kind container) {
	b.sortObjects(kind)
	rows := b.objects[kind]
	m := &b.s.containers[kind]
	m.keys, m.objects = make([]span, len(rows)), make([]span, len(rows))
	m.size = len("{}")
	for i, row := range rows {
		m.keys[i], m.objects[i] = row.key, row.object
		m.size += int(row.key.len) + int(row.object.len) + len(`"":,`)
	}
	m.indexKeys(b.s.text)
}

func (b *builder) nodeAt(row int) *nodeSource {
	return &b.nodes[b.objects[nodeContainer][row].source]
}

func (b *builder) instanceAt(row int) *instanceSource {
	return &b.instance[b.objects[instanceContainer][row].source]
}

// indexNames makes nodes and instances known by name. Instances without a name
// (reservations of jobs in progress) are left out.
func (b *builder) indexNames() {
	nodes := &b.s.nodeNames
	nodes.names = make([]span, len(b.objects[nodeContainer]))
	for row := range nodes.names {
		nodes.names[row] = b.nodeAt(row).name
	}
	nodes.index(b.s.text, func(int) bool { return true })

	instances := &b.s.instanceNames
	instances.names = make([]span, len(b.objects[instanceContainer]))
	for row := range instances.names {
		instances.names[row] = b.instanceAt(row).name
	}
	instances.index(b.s.text, func(row int) bool { return instances.names[row].len > 0 })
}

// resolveDisks turns the uuids of instances' disks into rows.
func (b *builder) resolveDisks() {
	s := b.s
	s.instances = make([]instanceRow, len(b.objects[instanceContainer]))
	s.instanceDisks = make([]uint32, 0, len(b.uuids))
	for row := range s.instances {
		source := b.instanceAt(row)
		r := &s.instances[row]
		r.serial, r.from = source.serial, uint32(len(s.instanceDisks))
		for _, uuid := range b.uuids[source.diskFrom:source.diskTo] {
			disk := s.containers[diskContainer].find(s.text, uuid.of(s.text))
			if disk < 0 {
				s.missingDisks = append(s.missingDisks, uuid)
				disk = absent | (len(s.missingDisks) - 1)
			}
			s.instanceDisks = append(s.instanceDisks, uint32(disk))
		}
		r.to = uint32(len(s.instanceDisks))
	}
}

// drbdOf is what a disk has of DRBD: the device itself first, if it is one.
func (b *builder) drbdOf(disk uint32) (devices []drbdSource, isDRBD bool) {
	d := b.disks[b.objects[diskContainer][disk].source]
	return b.drbd[d.drbdFrom:d.drbdTo], d.isDRBD
}

func (b *builder) disksOf(instance int) []uint32 {
	r := b.s.instances[instance]
	return b.s.instanceDisks[r.from:r.to]
}

// nodeByUUID is the row of a node, or -1. No name will do.
func (b *builder) nodeByUUID(uuid span) int {
	return b.s.containers[nodeContainer].find(b.s.text, uuid.of(b.s.text))
}

// buildHosted lists each node's instances.
func (b *builder) buildHosted() {
	primary := make([][]uint32, len(b.s.nodes))
	secondary := make([][]uint32, len(b.s.nodes))
	for row := range b.s.instances {
		if node := b.nodeByUUID(b.instanceAt(row).primary); node >= 0 {
			primary[node] = append(primary[node], uint32(row))
		}
		b.eachSecondary(row, func(node int) {
			secondary[node] = append(secondary[node], uint32(row))
		})
	}
	for node := range b.s.nodes {
		from := uint32(len(b.s.hosted))
		b.s.hosted = append(b.s.hosted, primary[node]...)
		mid := uint32(len(b.s.hosted))
		b.s.hosted = append(b.s.hosted, secondary[node]...)
		b.s.nodes[node].hosted = hostedRef{from, mid, uint32(len(b.s.hosted))}
	}
}

// eachSecondary calls f once for each node that is the other end of one of an
// instance's DRBD disks. Disks that are missing count for nothing.
func (b *builder) eachSecondary(instance int, f func(node int)) {
	source := b.instanceAt(instance)
	if source.primary.len == 0 {
		return
	}
	var seen []int
	for _, disk := range b.disksOf(instance) {
		if disk&absent != 0 {
			continue
		}
		devices, isDRBD := b.drbdOf(disk)
		if !isDRBD {
			continue
		}
		other := devices[0].nodeA
		if b.same(source.primary, other) {
			other = devices[0].nodeB
		}
		if node := b.nodeByUUID(other); node >= 0 && !slices.Contains(seen, node) {
			seen = append(seen, node)
			f(node)
		}
	}
}

func (b *builder) same(x, y span) bool {
	return string(x.of(b.s.text)) == string(y.of(b.s.text))
}

// minorSource is a row of the list of a node's minors.
type minorSource struct {
	instance, index uint32 // row; position of the disk
	device          drbdSource
	isB             bool
}

// buildMinors renders each node's list of DRBD minors: by instance, then disk,
// the disk before its children. An instance that lacks a disk has no part in it.
func (b *builder) buildMinors() {
	byNode := make([][]minorSource, len(b.s.nodes))
	for row := range b.s.instances {
		disks := b.disksOf(row)
		if slices.ContainsFunc(disks, func(d uint32) bool { return d&absent != 0 }) {
			continue
		}
		for index, disk := range disks {
			devices, _ := b.drbdOf(disk)
			for _, device := range devices {
				a, z := b.nodeByUUID(device.nodeA), b.nodeByUUID(device.nodeB)
				m := minorSource{uint32(row), uint32(index), device, false}
				if a >= 0 {
					byNode[a] = append(byNode[a], m)
				}
				if z >= 0 && z != a {
					m.isB = true
					byNode[z] = append(byNode[z], m)
				}
			}
		}
	}
	for node, minors := range byNode {
		b.s.nodes[node].minors = b.renderMinors(node, minors)
	}
}

// describe sums up the snapshot.
func (b *builder) describe() Info {
	s := b.s
	info := Info{
		Cluster:   string(b.cluster.name.of(s.text)),
		Nodes:     len(s.nodes),
		Instances: len(s.instances),
		Bytes:     s.size(),
	}
	for _, v := range s.top {
		switch string(v.name.of(s.text)) {
		case "version":
			info.Version = b.integer(v.value)
		case "serial_no":
			info.Serial = b.integer(v.value)
		}
	}
	return info
}
