package cache

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"unsafe"

	"gantry/confd/config"
	"gantry/confd/wire"
)

// container is one of the config's dictionaries of objects.
type container uint8

const (
	nodeContainer container = iota
	groupContainer
	instanceContainer
	networkContainer
	diskContainer
	filterContainer
	containerCount
)

// containerNames are the containers' keys in the config.
var containerNames = [containerCount]string{"nodes", "nodegroups", "instances", "networks", "disks", "filters"}

func containerOf(kind config.Kind) (container, bool) {
	switch kind {
	case config.KindNode:
		return nodeContainer, true
	case config.KindGroup:
		return groupContainer, true
	case config.KindInstance:
		return instanceContainer, true
	case config.KindNetwork:
		return networkContainer, true
	case config.KindDisk:
		return diskContainer, true
	case config.KindFilter:
		return filterContainer, true
	}
	return 0, false
}

// yieldEvery is how many objects are built between two yields: a few milliseconds
// of work. The kernel ranks the threads; to yield more often would mostly cost
// switches between them.
const yieldEvery = 1024

// errTooLarge refuses a config whose text doesn't fit a snapshot's offsets.
var errTooLarge = errors.New("config is larger than 4 GiB")

// Build reads a config and makes a snapshot of it. size is the length of what r
// gives, in bytes, as far as it is known: room is made for it once. It yields
// the processor often; its memory is the snapshot and a few megabytes. Objects
// that previous, unless it is nil, was built from in the same spelling are taken
// over from it.
//
// The errors are those of [config.Walk].
func Build(r io.Reader, size int64, previous *Snapshot) (*Snapshot, error) {
	b := newBuilder(size, previous)
	if err := config.Walk(r, b); err != nil {
		return nil, err
	}
	return b.finish()
}

// builder collects a config's objects while the file is read; finish resolves
// what they say of each other, since an instance stands before its disks.
type builder struct {
	s        *Snapshot
	objects  [containerCount][]objectRow
	nodes    []nodeSource
	instance []instanceSource
	disks    []diskSource
	uuids    []span // of disks, a run an instance
	nics     []nicSource
	drbd     []drbdSource
	cluster  clusterSource
	seen     int

	previous *Snapshot              // nil if there is none
	expected [containerCount]uint32 // the row of previous that is likely to come next
}

// objectRow is a member of a container; source is its row among the sources of
// its kind, which are in file order.
type objectRow struct {
	key, object span
	source      uint32
	fields      uint32 // as in members
}

// The sources hold what later steps need of an object. A span that is called a
// number or JSON is canonical text, any other is a decoded string.
type (
	clusterSource struct {
		master, name            span
		masterIP, serial        span // JSON, number
		collectors, hypervisors span // JSON
		link                    span
		hasLink                 bool
	}
	nodeSource struct {
		name       span
		json       span // the name as JSON
		ip, serial span // JSON, number
		role       wire.Role
		candidate  bool
	}
	instanceSource struct {
		name, primary    span
		primaryRow       int  // of the node with primary as its uuid, or -1; resolved in the end
		json             span // the name as JSON
		serial           span // number
		diskFrom, diskTo uint32
		nicFrom, nicTo   uint32
	}
	nicSource struct {
		ip, link span
		hasLink  bool
	}
	diskSource struct {
		drbdFrom, drbdTo uint32
		isDRBD           bool // the disk itself, not a child
	}
	drbdSource struct {
		nodeA, nodeB   span
		minorA, minorB span // numbers
		rowA, rowB     int  // of the nodes, or -1; resolved in the end
	}
)

// usualInstance is the length in a config of an instance with its disk, in
// bytes. It only sizes memory ahead.
const usualInstance = 1400

func newBuilder(size int64, previous *Snapshot) *builder {
	// A config that wconfd wrote is as long as its canonical text. What is
	// rendered beside it is little in a large config.
	room := min(size+size/32+64<<10, maxText)
	b := &builder{s: &Snapshot{text: make([]byte, 0, room)}, previous: previous}
	adviseHuge(b.s.text)
	n := int(size / usualInstance)
	b.objects[instanceContainer] = make([]objectRow, 0, n)
	b.objects[diskContainer] = make([]objectRow, 0, n)
	b.instance = make([]instanceSource, 0, n)
	b.disks = make([]diskSource, 0, n)
	b.uuids = make([]span, 0, n)
	b.nics = make([]nicSource, 0, n)
	b.drbd = make([]drbdSource, 0, n)
	b.s.fieldLengths = make([]config.FieldLength, 0, n*(config.KindInstance.Fields()+config.KindDisk.Fields()))
	return b
}

// Top keeps a value of the outermost object.
func (b *builder) Top(name string, text []byte) error {
	b.s.top = append(b.s.top, topValue{b.add([]byte(name)), b.add(text)})
	return nil
}

// Object keeps an object's text and what is needed of it.
func (b *builder) Object(o *config.Object) error {
	if b.seen++; b.seen%yieldEvery == 0 {
		runtime.Gosched()
	}
	if len(b.s.text)+2*len(o.Text)+len(o.Key) > maxText {
		return errTooLarge
	}
	if o.Kind == config.KindCluster {
		b.s.cluster = b.add(o.Text)
		b.addCluster(b.fields(o, b.s.cluster))
		return nil
	}
	kind, ok := containerOf(o.Kind)
	if !ok {
		return fmt.Errorf("no container for objects of kind %v", o.Kind)
	}
	row := objectRow{object: b.add(o.Text)}
	if o.Recalled {
		b.s.info.Unchanged++
	}
	if b.s.fieldLengths, ok = o.AppendLengths(b.s.fieldLengths); ok {
		row.fields = uint32(len(b.s.fieldLengths))
	}
	f := b.fields(o, row.object)
	row.key = f.key(uuidFields[kind])
	switch kind {
	case nodeContainer:
		row.source = uint32(len(b.nodes))
		b.addNode(f)
	case instanceContainer:
		row.source = uint32(len(b.instance))
		b.addInstance(f)
	case diskContainer:
		row.source = uint32(len(b.disks))
		b.addDisk(f)
	}
	b.objects[kind] = append(b.objects[kind], row)
	return nil
}

// Recall finds an object in the previous snapshot. Most objects stand in the
// same order as then.
func (b *builder) Recall(kind config.Kind, key []byte) (text []byte, fields []config.FieldLength) {
	c, ok := containerOf(kind)
	if b.previous == nil || !ok {
		return nil, nil
	}
	m, all := &b.previous.containers[c], b.previous.text
	row := int(b.expected[c])
	if row >= len(m.keys) || !bytes.Equal(m.keys[row].of(all), key) {
		row = m.find(all, key)
	}
	if row < 0 {
		return nil, nil
	}
	b.expected[c] = uint32(row + 1)
	end := int(m.fields[row])
	if end == 0 {
		return nil, nil
	}
	return m.objects[row].of(all), b.previous.fieldLengths[end-kind.Fields() : end]
}

// add appends text to the snapshot's.
func (b *builder) add(text []byte) span {
	at := span{uint32(len(b.s.text)), uint32(len(text))}
	b.s.text = append(b.s.text, text...)
	return at
}

// fields reads the values of one object out of the snapshot's text.
type fields struct {
	b    *builder
	o    *config.Object
	base uint32
	text []byte // the snapshot's text when the object was added
}

func (b *builder) fields(o *config.Object, at span) fields {
	return fields{b, o, at.off, b.s.text}
}

// value is the span of a field's canonical text, empty if it is absent.
func (f fields) value(field config.Field) span {
	from, to := f.o.Span(field)
	return span{f.base + uint32(from), uint32(to - from)}
}

func (f fields) json(field config.Field) []byte { return f.value(field).of(f.text) }

// key is the object's key. As a rule it is the object's uuid, which is there
// already.
func (f fields) key(uuid config.Field) span {
	if own := f.str(uuid); string(own.of(f.b.s.text)) == string(f.o.Key) {
		return own
	}
	return f.b.add(f.o.Key)
}

// uuidFields are where the objects of a container have their uuids.
var uuidFields = [containerCount]config.Field{
	config.NodeUUID, config.GroupUUID, config.InstanceUUID, config.NetworkUUID, config.DiskUUID, config.FilterUUID,
}

func (f fields) isTrue(field config.Field) bool { return string(f.json(field)) == "true" }

func (f fields) str(field config.Field) span { return f.decode(f.json(field)) }

// spanOf is where a part of f.text lies in it.
func (f fields) spanOf(part []byte) span {
	if len(part) == 0 {
		return span{}
	}
	off := uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(f.text)))
	return span{uint32(off), uint32(len(part))}
}

// decode is the span of a canonical string's value: within the string, unless
// it has escapes, for then its decoded form is added to the text. What is not a
// string is empty.
func (f fields) decode(quoted []byte) span {
	if len(quoted) < 2 || quoted[0] != '"' {
		return span{}
	}
	for _, c := range quoted {
		if c == '\\' {
			return f.b.add(config.Unquote(nil, quoted))
		}
	}
	return f.spanOf(quoted[1 : len(quoted)-1])
}

// Names of members below the fields that the reader notes.
var (
	keyDefault   = []byte("default")
	keyLink      = []byte("link")
	keyIP        = []byte("ip")
	keyNICParams = []byte("nicparams")
	keyDevType   = []byte("dev_type")
	keyLogicalID = []byte("logical_id")
	keyChildren  = []byte("children")
	keyActive    = []byte("active")
	keyInterval  = []byte("interval")
)

func (b *builder) addCluster(f fields) {
	c := clusterSource{
		master:      f.str(config.ClusterMasterNode),
		name:        f.str(config.ClusterName),
		masterIP:    f.value(config.ClusterMasterIP),
		serial:      f.value(config.ClusterSerialNo),
		collectors:  f.value(config.ClusterDataCollectors),
		hypervisors: f.value(config.ClusterEnabledHypervisors),
	}
	params := config.Lookup(f.json(config.ClusterNICParams), keyDefault)
	if link := config.Lookup(params, keyLink); link != nil {
		c.link, c.hasLink = f.decode(link), true
	}
	b.cluster = c
}

func (b *builder) addNode(f fields) {
	n := nodeSource{
		name:   f.str(config.NodeName),
		json:   f.value(config.NodeName),
		ip:     f.value(config.NodePrimaryIP),
		serial: f.value(config.NodeSerialNo),
		role:   wire.RoleRegular,
	}
	switch {
	case f.isTrue(config.NodeDrained):
		n.role = wire.RoleDrained
	case f.isTrue(config.NodeOffline):
		n.role = wire.RoleOffline
	case f.isTrue(config.NodeMasterCandidate):
		n.role = wire.RoleCandidate
	}
	if f.isTrue(config.NodeMasterCandidate) {
		n.candidate = true
	}
	b.nodes = append(b.nodes, n)
}

func (b *builder) addInstance(f fields) {
	i := instanceSource{
		name:     f.str(config.InstanceName),
		json:     f.value(config.InstanceName),
		primary:  f.str(config.InstancePrimaryNode),
		serial:   f.value(config.InstanceSerialNo),
		diskFrom: uint32(len(b.uuids)),
		nicFrom:  uint32(len(b.nics)),
	}
	for uuid := range config.Elements(f.json(config.InstanceDisks)) {
		b.uuids = append(b.uuids, f.decode(uuid))
	}
	for nic := range config.Elements(f.json(config.InstanceNICs)) {
		b.addNIC(f, nic)
	}
	i.diskTo, i.nicTo = uint32(len(b.uuids)), uint32(len(b.nics))
	b.instance = append(b.instance, i)
}

// addNIC keeps a NIC that has an address, be it an empty one.
func (b *builder) addNIC(f fields, nic []byte) {
	ip := config.Lookup(nic, keyIP)
	if ip == nil {
		return
	}
	n := nicSource{ip: f.decode(ip)}
	if link := config.Lookup(config.Lookup(nic, keyNICParams), keyLink); link != nil {
		n.link, n.hasLink = f.decode(link), true
	}
	b.nics = append(b.nics, n)
}

func (b *builder) addDisk(f fields) {
	d := diskSource{drbdFrom: uint32(len(b.drbd))}
	d.isDRBD = b.addDRBD(f, f.json(config.DiskDevType), f.json(config.DiskLogicalID))
	b.addChildren(f, f.json(config.DiskChildren))
	d.drbdTo = uint32(len(b.drbd))
	b.disks = append(b.disks, d)
}

// addChildren keeps the DRBD devices among a disk's children, and theirs. The
// depth is bounded by the reader's.
func (b *builder) addChildren(f fields, children []byte) {
	for child := range config.Elements(children) {
		b.addDRBD(f, config.Lookup(child, keyDevType), config.Lookup(child, keyLogicalID))
		b.addChildren(f, config.Lookup(child, keyChildren))
	}
}

// addDRBD keeps the ends of a DRBD device: [node A, node B, port, minor A,
// minor B, secret].
func (b *builder) addDRBD(f fields, devType, logicalID []byte) bool {
	if string(devType) != `"drbd"` {
		return false
	}
	var d drbdSource
	i := 0
	for part := range config.Elements(logicalID) {
		switch i {
		case 0:
			d.nodeA = f.decode(part)
		case 1:
			d.nodeB = f.decode(part)
		case 3:
			d.minorA = f.spanOf(part)
		case 4:
			d.minorB = f.spanOf(part)
		}
		i++
	}
	b.drbd = append(b.drbd, d)
	return true
}

// sortObjects puts a container's members in order of their keys. Of members
// with one key the last wins.
func (b *builder) sortObjects(kind container) {
	text, rows := b.s.text, b.objects[kind]
	order := func(x, y objectRow) int { return slices.Compare(x.key.of(text), y.key.of(text)) }
	if !slices.IsSortedFunc(rows, order) {
		slices.SortStableFunc(rows, order)
	}
	kept := rows[:0]
	for i, row := range rows {
		if i+1 == len(rows) || order(row, rows[i+1]) != 0 {
			kept = append(kept, row)
		}
	}
	b.objects[kind] = kept
}

func (b *builder) integer(number span) int64 {
	n, _ := strconv.ParseInt(string(number.of(b.s.text)), 10, 64)
	return n
}
