package cache

import (
	"strconv"
	"unsafe"

	"gantry/confd/config"
	"gantry/confd/wire"
)

// render adds an answer to the text: its msg, made by value, and the same
// escaped.
func (b *builder) render(status wire.Status, serial string, value func(dst []byte) []byte) answerRef {
	off := len(b.s.text)
	b.s.text = wire.AppendReplyHead(b.s.text, status)
	b.s.text = value(b.s.text)
	b.s.text = wire.AppendReplyTail(b.s.text, []byte(serial))
	end := len(b.s.text)
	b.s.text = wire.AppendEscaped(b.s.text, b.s.text[off:end])
	return answerRef{uint32(off), uint32(end - off), uint32(len(b.s.text) - end)}
}

// renderText is render of a value that is at hand.
func (b *builder) renderText(status wire.Status, serial, value string) answerRef {
	return b.render(status, serial, func(dst []byte) []byte { return append(dst, value...) })
}

// renderStrings renders a list of decoded strings, with the cluster's serial.
func (b *builder) renderStrings(list []span) answerRef {
	text := b.s.text
	return b.render(wire.StatusOK, b.serial(), func(dst []byte) []byte {
		dst = append(dst, '[')
		for i, item := range list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = config.AppendQuoted(dst, item.of(text))
		}
		return append(dst, ']')
	})
}

func (b *builder) serial() string { return string(b.cluster.serial.of(b.s.text)) }

// renderFixed renders the answers that don't depend on a query's value.
func (b *builder) renderFixed() {
	f := &b.s.fixed
	f.serial, f.masterUUID = b.cluster.serial, b.cluster.master
	f.unknown = b.renderError(wire.ErrorUnknownEntry)
	f.internal = b.renderError(wire.ErrorInternal)
	f.wrong = b.renderError(wire.ErrorArgument)
	f.unknownEntry = b.add([]byte("[1,0,0]"))
	f.noIPs = b.renderStrings(nil)
	f.defaultLink = -1
	for _, v := range b.s.top {
		if string(v.name.of(b.s.text)) == "version" {
			f.ping = b.renderText(wire.StatusOK, "0", string(v.value.of(b.s.text)))
		}
	}
	for role := range wire.RoleRegular + 1 {
		f.roles[role] = b.renderText(wire.StatusOK, b.serial(), strconv.Itoa(int(role)))
	}
	f.collectors = b.render(wire.StatusOK, b.serial(), b.appendCollectors)
	b.renderMaster()
	f.nodeIPs = b.renderNodeIPs(func(*nodeSource) bool { return true })
	f.candidateIPs = b.renderNodeIPs(func(n *nodeSource) bool { return n.candidate })
}

func (b *builder) renderError(code wire.ErrorCode) answerRef {
	return b.renderText(wire.StatusError, "0", strconv.Itoa(int(code)))
}

func (b *builder) renderMaster() {
	f := &b.s.fixed
	f.masterRow, f.masterMatch = b.s.FindNode(f.masterUUID.of(b.s.text))
	if f.masterMatch != Found {
		return
	}
	master := b.nodeAt(f.masterRow)
	f.masterName = b.renderText(wire.StatusOK, b.serial(), string(master.json.of(b.s.text)))
	f.masterFields = [3]span{master.json, b.cluster.masterIP, master.ip}
}

// renderNodeIPs lists addresses in descending order of the nodes' keys: the
// reference folds from the left and prepends.
func (b *builder) renderNodeIPs(listed func(*nodeSource) bool) answerRef {
	text := b.s.text
	return b.render(wire.StatusOK, b.serial(), func(dst []byte) []byte {
		dst = append(dst, '[')
		for row := len(b.objects[nodeContainer]) - 1; row >= 0; row-- {
			node := b.nodeAt(row)
			if !listed(node) {
				continue
			}
			if dst[len(dst)-1] != '[' {
				dst = append(dst, ',')
			}
			dst = append(dst, node.ip.of(text)...)
		}
		return append(dst, ']')
	})
}

// renderNodes renders what is answered about each node but its minors.
func (b *builder) renderNodes() {
	b.s.nodes = make([]nodeRow, len(b.objects[nodeContainer]))
	for row := range b.s.nodes {
		source := b.nodeAt(row)
		ip := string(source.ip.of(b.s.text))
		b.s.nodes[row] = nodeRow{
			role:    source.role,
			name:    source.json,
			serial:  source.serial,
			ip:      b.renderText(wire.StatusOK, b.serial(), ip),
			ipEntry: b.add([]byte("[0," + ip + "," + b.serial() + "]")),
		}
	}
}

// collectorNames are the data collectors of the reference, in their order.
var collectorNames = [...]string{"cpu-avg-load", "diskstats", "drbd", "inst-status-xen", "lv", "xen-cpu-avg-load"}

// collectorInterval is the default, in microseconds.
const collectorInterval = "5000000"

func (b *builder) appendCollectors(dst []byte) []byte {
	text := b.s.text
	configured := b.cluster.collectors.of(text)
	dst = append(dst, '{')
	for i, name := range collectorNames {
		active, interval := "true", collectorInterval
		c := config.Lookup(configured, []byte(name))
		if v := config.Lookup(c, keyActive); v != nil {
			active = string(v)
		}
		if v := config.Lookup(c, keyInterval); v != nil {
			interval = string(v)
		}
		if name == "inst-status-xen" && !b.hasXen() {
			active = "false"
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `"`+name+`":{"active":`+active+`,"interval":`+interval+`}`...)
	}
	return append(dst, '}')
}

func (b *builder) hasXen() bool {
	for hv := range config.Elements(b.cluster.hypervisors.of(b.s.text)) {
		if string(hv) == `"xen-pvm"` || string(hv) == `"xen-hvm"` {
			return true
		}
	}
	return false
}

// size is the memory that the snapshot holds, in bytes.
func (s *Snapshot) size() int {
	total := cap(s.text) + sizeOf(s.fieldLengths) + sizeOf(s.top) + sizeOf(s.nodes) + sizeOf(s.instances) +
		sizeOf(s.instanceDisks) + sizeOf(s.missingDisks) + sizeOf(s.hosted) + sizeOf(s.minors)
	for i := range s.containers {
		m := &s.containers[i]
		total += sizeOf(m.keys) + sizeOf(m.objects) + sizeOf(m.fields) + sizeOf(m.byKey.slots)
	}
	for _, n := range []*names{&s.nodeNames, &s.instanceNames} {
		total += sizeOf(n.names) + sizeOf(n.exact.slots) + sizeOf(n.partial.slots)
	}
	l := &s.links
	return total + sizeOf(l.names) + sizeOf(l.ips) + sizeOf(l.addresses) + sizeOf(l.byName.slots)
}

func sizeOf[T any](s []T) int { var zero T; return cap(s) * int(unsafe.Sizeof(zero)) }
