package cache

import (
	"bytes"

	"github.com/cespare/xxhash/v2"
)

// span is a piece of a snapshot's text.
type span struct{ off, len uint32 }

func (s span) of(text []byte) []byte { return text[s.off : s.off+s.len : s.off+s.len] }

// table is an open-addressing hash table of row numbers. It stores no keys: the
// caller finds a candidate by its hash and compares the row's own bytes, so a
// table costs 8 bytes a row, holds no pointer and never moves a key.
//
// A slot is 0 when empty, else the row number plus one. Tables are at most half
// full, so a probe sequence is short and always ends.
type table struct {
	slots []uint32
	mask  uint32
}

// newTable makes room for n rows.
func newTable(n int) table {
	size := tableSize(n)
	return table{slots: make([]uint32, size), mask: uint32(size - 1)}
}

func tableSize(n int) int {
	size := 4
	for size < 2*n {
		size *= 2
	}
	return size
}

// prefixTable is a table of parts of names. One row stands in it with several
// parts, so a slot also has the part's length; and a part may be common to
// several names.
type prefixTable struct {
	slots []prefixSlot
	mask  uint32
}

type prefixSlot struct {
	row uint32 // plus one; 0 when empty
	len uint32 // of the part; the top bit is set if several names have it
}

// several marks a part that more than one name begins with.
const several = 1 << 31

func newPrefixTable(n int) prefixTable {
	size := tableSize(n)
	return prefixTable{slots: make([]prefixSlot, size), mask: uint32(size - 1)}
}

// hashBytes is the hash of every exact-match table.
func hashBytes(key []byte) uint32 {
	h := xxhash.Sum64(key)
	return uint32(h ^ h>>32)
}

// hashLinkIP is the hash of the table of addresses.
func hashLinkIP(link uint32, ip []byte) uint32 {
	return hashBytes(ip) ^ link*0x9e3779b1 // Fibonacci hashing spreads the few links
}

// prefixHash is FNV-1a, byte by byte: each prefix of a name is a key of the
// prefix index, and a rolling hash gives all of them in one pass.
type prefixHash uint64

const (
	prefixHashInit  prefixHash = 0xcbf29ce484222325
	prefixHashPrime prefixHash = 0x100000001b3
)

func (h prefixHash) add(b byte) prefixHash { return (h ^ prefixHash(b)) * prefixHashPrime }
func (h prefixHash) sum() uint32           { return uint32(h ^ h>>32) }

func hashPrefix(key []byte) uint32 {
	h := prefixHashInit
	for _, b := range key {
		h = h.add(b)
	}
	return h.sum()
}

// members is a container of the config: its objects in ascending order of
// their keys' bytes, which is the order the reference calls "by uuid".
type members struct {
	keys    []span   // decoded keys
	objects []span   // canonical text
	fields  []uint32 // the end of an object's part of Snapshot.fieldLengths, 0 if it has none
	byKey   table
	size    int // bytes of the whole container's canonical text
}

// find returns the row of a key, or -1.
func (m *members) find(text, key []byte) int {
	for i := hashBytes(key) & m.byKey.mask; ; i = (i + 1) & m.byKey.mask {
		slot := m.byKey.slots[i]
		if slot == 0 {
			return -1
		}
		if bytes.Equal(m.keys[slot-1].of(text), key) {
			return int(slot - 1)
		}
	}
}

// indexKeys fills byKey from keys, which are unique.
func (m *members) indexKeys(text []byte) {
	m.byKey = newTable(len(m.keys))
	for row, key := range m.keys {
		i := hashBytes(key.of(text)) & m.byKey.mask
		for m.byKey.slots[i] != 0 {
			i = (i + 1) & m.byKey.mask
		}
		m.byKey.slots[i] = uint32(row + 1)
	}
}

// Match says how a name was found.
type Match uint8

// What a lookup by name finds.
const (
	NotFound Match = iota
	Found
	Ambiguous // a prefix of several names
)

// names finds rows by exact name and by a unique prefix of whole name
// components ("node1" for "node1.example.com"), as the reference does.
type names struct {
	names   []span // decoded, by row; empty and absent are alike
	exact   table
	partial prefixTable // keys: every part of a name before a dot
}

// find returns the row whose name is q, else the only row whose name begins
// with q and a dot.
func (n *names) find(text, q []byte) (int, Match) {
	if row := n.findExact(text, q); row >= 0 {
		return row, Found
	}
	return n.findPartial(text, q)
}

func (n *names) findExact(text, q []byte) int {
	for i := hashBytes(q) & n.exact.mask; ; i = (i + 1) & n.exact.mask {
		slot := n.exact.slots[i]
		if slot == 0 {
			return -1
		}
		if bytes.Equal(n.names[slot-1].of(text), q) {
			return int(slot - 1)
		}
	}
}

func (n *names) findPartial(text, q []byte) (int, Match) {
	slot := n.partialSlot(text, q, hashPrefix(q))
	switch {
	case slot.row == 0:
		return -1, NotFound
	case slot.len&several != 0:
		return -1, Ambiguous
	}
	return int(slot.row - 1), Found
}

// partialSlot returns the slot of a part of names, or the free one for it.
func (n *names) partialSlot(text, part []byte, hash uint32) *prefixSlot {
	for i := hash & n.partial.mask; ; i = (i + 1) & n.partial.mask {
		slot := &n.partial.slots[i]
		if slot.row == 0 || slot.len&^several == uint32(len(part)) && bytes.HasPrefix(n.names[slot.row-1].of(text), part) {
			return slot
		}
	}
}

// index fills both tables. Rows come in ascending order of their keys, and of
// rows with one name the last is the one found, as in the reference's map.
// Rows for which indexed is false are left out.
func (n *names) index(text []byte, indexed func(row int) bool) {
	n.exact = newTable(len(n.names))
	dots := 0
	for row, name := range n.names {
		if indexed(row) {
			n.insertExact(text, row)
			dots += bytes.Count(name.of(text), dot)
		}
	}
	n.partial = newPrefixTable(dots)
	for row, name := range n.names {
		if indexed(row) && n.findExact(text, name.of(text)) == row {
			n.insertPrefixes(text, row)
		}
	}
}

var dot = []byte{'.'}

func (n *names) insertExact(text []byte, row int) {
	name := n.names[row].of(text)
	i := hashBytes(name) & n.exact.mask
	for ; n.exact.slots[i] != 0; i = (i + 1) & n.exact.mask {
		if bytes.Equal(n.names[n.exact.slots[i]-1].of(text), name) {
			break
		}
	}
	n.exact.slots[i] = uint32(row + 1)
}

func (n *names) insertPrefixes(text []byte, row int) {
	name := n.names[row].of(text)
	h := prefixHashInit
	for end, b := range name {
		if b == '.' {
			slot := n.partialSlot(text, name[:end], h.sum())
			if slot.row != 0 {
				slot.len |= several
			} else {
				*slot = prefixSlot{uint32(row + 1), uint32(end)}
			}
		}
		h = h.add(b)
	}
}
