package cache

import "slices"

// finish turns what was collected into the snapshot.
func (b *builder) finish() (*Snapshot, error) {
	for kind := range containerCount {
		b.finishContainer(kind)
	}
	b.indexNames()
	b.resolveNodes()
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
	m.keys, m.objects, m.fields = make([]span, len(rows)), make([]span, len(rows)), make([]uint32, len(rows))
	m.size = len("{}")
	for i, row := range rows {
		m.keys[i], m.objects[i], m.fields[i] = row.key, row.object, row.fields
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

// resolveNodes turns the uuids of nodes into rows. No name will do here.
func (b *builder) resolveNodes() {
	find := func(uuid span) int { return b.s.containers[nodeContainer].find(b.s.text, uuid.of(b.s.text)) }
	for i := range b.instance {
		b.instance[i].primaryRow = find(b.instance[i].primary)
	}
	for i := range b.drbd {
		b.drbd[i].rowA, b.drbd[i].rowB = find(b.drbd[i].nodeA), find(b.drbd[i].nodeB)
	}
}

// resolveDisks turns the uuids of instances' disks into rows.
func (b *builder) resolveDisks() {
	s := b.s
	s.instances = make([]instanceRow, len(b.objects[instanceContainer]))
	s.instanceDisks = make([]uint32, 0, len(b.uuids))
	for row := range s.instances {
		source := b.instanceAt(row)
		r := &s.instances[row]
		r.name, r.serial, r.from = source.json, source.serial, uint32(len(s.instanceDisks))
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

// buildHosted lists each node's instances, by primary and by secondary node.
func (b *builder) buildHosted() {
	// The runs of a node stand at 2n (primary) and 2n+1 (secondary).
	runs := newRuns(2 * len(b.s.nodes))
	b.eachHosted(func(run int, _ uint32) { runs.count(run) })
	b.s.hosted = make([]uint32, runs.place())
	b.eachHosted(func(run int, instance uint32) { b.s.hosted[runs.next(run)] = instance })
	for node := range b.s.nodes {
		from, mid := runs.of(2 * node)
		_, to := runs.of(2*node + 1)
		b.s.nodes[node].hosted = hostedRef{from, mid, to}
	}
}

// eachHosted calls f with each instance and a run that it belongs to.
func (b *builder) eachHosted(f func(run int, instance uint32)) {
	for row := range b.s.instances {
		if node := b.instanceAt(row).primaryRow; node >= 0 {
			f(2*node, uint32(row))
		}
		b.eachSecondary(row, func(node int) { f(2*node+1, uint32(row)) })
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
		node := devices[0].rowA
		if b.same(source.primary, devices[0].nodeA) {
			node = devices[0].rowB
		}
		if node >= 0 && !slices.Contains(seen, node) {
			seen = append(seen, node)
			f(node)
		}
	}
}

func (b *builder) same(x, y span) bool {
	return string(x.of(b.s.text)) == string(y.of(b.s.text))
}

// buildMinors lists each node's DRBD minors: by instance, then disk, the disk
// before its children. An instance that lacks a disk has no part in it.
func (b *builder) buildMinors() {
	for node := range b.s.nodes {
		b.s.nodes[node].minors.match = Found
	}
	runs := newRuns(len(b.s.nodes))
	b.eachMinor(func(node int, _ minorRow, _ span) { runs.count(node) })
	b.s.minors = make([]minorRow, runs.place())
	b.eachMinor(func(node int, m minorRow, peer span) {
		ref := &b.s.nodes[node].minors
		if row, match := b.s.FindNode(peer.of(b.s.text)); match == Found {
			m.peer = uint32(row)
		} else if ref.match == Found {
			ref.badPeer, ref.match = peer, match
		}
		b.s.minors[runs.next(node)] = m
	})
	for node := range b.s.nodes {
		ref := &b.s.nodes[node].minors
		ref.from, ref.to = runs.of(node)
		ref.size = b.minorsSize(node, ref)
	}
}

// minorsSize is the length of the JSON list of a node's minors.
func (b *builder) minorsSize(node int, ref *minorsRef) uint64 {
	size := uint64(len("[]"))
	for i := ref.from; i < ref.to; i++ {
		size += uint64(b.s.minorLen(node, &b.s.minors[i]) + len(","))
	}
	return size
}

// eachMinor calls f with each end of a DRBD device that is on a node, and the
// uuid of the node at the other end. A device with both ends on one node has
// one end there.
func (b *builder) eachMinor(f func(node int, m minorRow, peer span)) {
	for row := range b.s.instances {
		disks := b.disksOf(row)
		if slices.ContainsFunc(disks, func(d uint32) bool { return d&absent != 0 }) {
			continue
		}
		primary := b.instanceAt(row).primaryRow
		for position, disk := range disks {
			devices, _ := b.drbdOf(disk)
			for _, d := range devices {
				m := minorRow{instance: uint32(row), disk: uint32(position)}
				if d.rowA >= 0 {
					m.minor, m.isPrimary = d.minorA, d.rowA == primary
					f(d.rowA, m, d.nodeB)
				}
				if d.rowB >= 0 && d.rowB != d.rowA {
					m.minor, m.isPrimary = d.minorB, d.rowB == primary
					f(d.rowB, m, d.nodeA)
				}
			}
		}
	}
}

// runs deals items to runs that lie one after the other: count all items, place
// the runs, then ask for each item's place.
type runs struct{ ends []uint32 }

func newRuns(n int) *runs { return &runs{make([]uint32, n+1)} }

func (r *runs) count(run int) { r.ends[run+1]++ }

// place returns the number of items. From here on ends[run] is where the next
// item of the run goes, so in the end it is the run's end.
func (r *runs) place() (items uint32) {
	for i := range r.ends {
		r.ends[i] += items
		items = r.ends[i]
	}
	return items
}

func (r *runs) next(run int) (place uint32) {
	place = r.ends[run]
	r.ends[run]++
	return place
}

// of returns where a run begins and ends, when all items are placed.
func (r *runs) of(run int) (from, to uint32) {
	if run > 0 {
		from = r.ends[run-1]
	}
	return from, r.ends[run]
}

// describe sums up the snapshot.
func (b *builder) describe() Info {
	s := b.s
	info := Info{
		Cluster:   string(b.cluster.name.of(s.text)),
		Nodes:     len(s.nodes),
		Instances: len(s.instances),
		Objects:   b.seen,
		Unchanged: s.info.Unchanged,
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
