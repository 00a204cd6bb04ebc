package cache

import (
	"bytes"
	"slices"

	"gantry/confd/wire"
)

// linkTable finds the node that runs the instance with an address on a link.
type linkTable struct {
	names     []span // decoded, by row
	ips       []answerRef
	byName    table
	addresses []addressSlot // an open-addressing hash table, at most half full
	mask      uint32
}

// addressSlot is an address on a link. What is asked most finds all that it needs
// in here, in one cache line of a table that may be much larger than the cache.
type addressSlot struct {
	link uint32 // row plus one, 0 when the slot is empty
	node uint32 // row of the instance's primary node plus one, 0 when the config has no such node
	ip   span   // decoded
	head addressHead
}

// addressHead is the beginning of an address, all of it if it is of IPv4, with
// zeros behind.
type addressHead [16]byte

func headOf(ip []byte) (head addressHead) {
	copy(head[:], ip)
	return head
}

// is reports whether the slot's address is ip, whose head is given.
func (a *addressSlot) is(text, ip []byte, head addressHead) bool {
	return a.head == head && int(a.ip.len) == len(ip) &&
		(len(ip) <= len(head) || bytes.Equal(a.ip.of(text), ip))
}

// Link returns the row of a link that a NIC is on, or -1.
func (s *Snapshot) Link(name []byte) int {
	l := &s.links
	for i := hashBytes(name) & l.byName.mask; ; i = (i + 1) & l.byName.mask {
		slot := l.byName.slots[i]
		if slot == 0 {
			return -1
		}
		if bytes.Equal(l.names[slot-1].of(s.text), name) {
			return int(slot - 1)
		}
	}
}

// DefaultLink returns the row of the cluster's default link, -1 if no NIC is on
// it. It is not known when the cluster has no default NIC parameters; the
// reference then gives no answer where a link is needed.
func (s *Snapshot) DefaultLink() (row int, known bool) {
	return s.fixed.defaultLink, s.fixed.hasDefaultLink
}

// LinkIPs answers with the addresses on a link, ascending and each once; link
// may be -1, which has none. It reports false if they fit no datagram.
func (s *Snapshot) LinkIPs(link int) (a Answer, fits bool) {
	if link < 0 {
		return s.answer(s.fixed.noIPs), true
	}
	ref := s.links.ips[link]
	return s.answer(ref), ref != answerRef{}
}

// NodeByIP returns the row of the primary node of the instance with an address
// on a link, or -1.
func (s *Snapshot) NodeByIP(link int, ip []byte) int {
	if link < 0 {
		return -1
	}
	return int(s.links.addressSlot(s.text, uint32(link), ip).node) - 1
}

// NodeIP answers with a node's primary address; row may be -1 for an unknown
// entry. NodeIPEntry is the same as an entry of a list of answers.
func (s *Snapshot) NodeIP(row int) Answer {
	if row < 0 {
		return s.answer(s.fixed.unknown)
	}
	return s.answer(s.nodes[row].ip)
}

func (s *Snapshot) NodeIPEntry(row int) []byte {
	if row < 0 {
		return s.fixed.unknownEntry.of(s.text)
	}
	return s.nodes[row].ipEntry.of(s.text)
}

// addressSlot returns the slot of an address, or the free one for it.
func (l *linkTable) addressSlot(text []byte, link uint32, ip []byte) *addressSlot {
	head := headOf(ip)
	for i := hashLinkIP(link, ip) & l.mask; ; i = (i + 1) & l.mask {
		slot := &l.addresses[i]
		if slot.link == 0 || slot.link == link+1 && slot.is(text, ip, head) {
			return slot
		}
	}
}

// buildLinks maps the addresses of all instances. An instance is known by its
// name, as in the reference's map: of NICs with one address on one link the
// last one counts, and of instances with one name the first.
func (b *builder) buildLinks() {
	s, l := b.s, &b.s.links
	l.byName = newTable(len(b.nics) + 1)
	l.addresses = make([]addressSlot, tableSize(len(b.nics)))
	adviseHuge(l.addresses)
	l.mask = uint32(len(l.addresses) - 1)
	primary := b.primaryNodes()
	first := b.firstByName()
	for row := range b.objects[instanceContainer] {
		source := b.instanceAt(row)
		node := uint32(0)
		if source.json.len > 0 {
			node = primary[first.findExact(s.text, source.name.of(s.text))]
		} else if named := first.findExact(s.text, b.objects[instanceContainer][row].key.of(s.text)); named >= 0 {
			node = primary[named]
		}
		for _, nic := range b.nics[source.nicFrom:source.nicTo] {
			if link, ok := b.linkOf(nic); ok {
				b.addAddress(link, nic.ip, node)
			}
		}
	}
	if b.cluster.hasLink {
		s.fixed.defaultLink, s.fixed.hasDefaultLink = s.Link(b.cluster.link.of(s.text)), true
	}
	b.renderLinkIPs()
}

// linkOf is the row of a NIC's link, its own or the cluster's default.
func (b *builder) linkOf(nic nicSource) (row uint32, ok bool) {
	name := nic.link
	if !nic.hasLink {
		if !b.cluster.hasLink {
			return 0, false
		}
		name = b.cluster.link
	}
	l := &b.s.links
	if row := b.s.Link(name.of(b.s.text)); row >= 0 {
		return uint32(row), true
	}
	i := hashBytes(name.of(b.s.text)) & l.byName.mask
	for l.byName.slots[i] != 0 {
		i = (i + 1) & l.byName.mask
	}
	l.names = append(l.names, name)
	l.byName.slots[i] = uint32(len(l.names))
	return uint32(len(l.names) - 1), true
}

func (b *builder) addAddress(link uint32, ip span, node uint32) {
	text := ip.of(b.s.text)
	*b.s.links.addressSlot(b.s.text, link, text) = addressSlot{link + 1, node, ip, headOf(text)}
}

// firstByName finds the first instance of a name, where Snapshot.instanceNames
// finds the last. Here an empty name is one, too.
func (b *builder) firstByName() *names {
	n := names{names: b.s.instanceNames.names, exact: newTable(len(b.s.instanceNames.names))}
	for row := len(n.names) - 1; row >= 0; row-- {
		if b.instanceAt(row).json.len > 0 {
			n.insertExact(b.s.text, row)
		}
	}
	return &n
}

// primaryNodes is the row plus one of each instance's primary node, 0 where
// there is none.
func (b *builder) primaryNodes() []uint32 {
	rows := make([]uint32, len(b.objects[instanceContainer]))
	for i := range rows {
		source := b.instanceAt(i)
		if source.primaryRow >= 0 {
			rows[i] = uint32(source.primaryRow + 1)
		} else if node, m := b.s.FindNode(source.primary.of(b.s.text)); m == Found {
			rows[i] = uint32(node + 1)
		}
	}
	return rows
}

func (l *linkTable) eachAddress(f func(*addressSlot)) {
	for i := range l.addresses {
		if a := &l.addresses[i]; a.link != 0 {
			f(a)
		}
	}
}

// renderLinkIPs renders the answers that list a link's addresses, but for those
// that fit no datagram.
func (b *builder) renderLinkIPs() {
	s, l := b.s, &b.s.links
	links := newRuns(len(l.names))
	l.eachAddress(func(a *addressSlot) { links.count(int(a.link - 1)) })
	ips := make([]span, links.place())
	l.eachAddress(func(a *addressSlot) { ips[links.next(int(a.link-1))] = a.ip })
	l.ips = make([]answerRef, len(l.names))
	for link := range l.names {
		from, to := links.of(link)
		run := ips[from:to]
		size := 0
		for _, ip := range run {
			size += int(ip.len) + len(`"",`)
		}
		if size > wire.MaxReply {
			continue
		}
		slices.SortFunc(run, func(x, y span) int { return bytes.Compare(x.of(s.text), y.of(s.text)) })
		l.ips[link] = b.renderStrings(run)
	}
}
