package registry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"

	"gantry/confd/conscience/score"
)

// A frame's payload is a sequence of entries, each a byte that says what it is and its fields: texts and addresses with their length
// before them, numbers as varints.
const (
	entrySet    = 'S' // a record, in place of the one at its address
	entryRemove = 'D' // type, address, and when it went
	entryKnown  = 'K' // a service that is gone, and when it went
)

// errEntry means that a payload isn't what this package writes.
var errEntry = errors.New("malformed entry")

func appendRecord(to []byte, r *Record) []byte {
	to = append(to, entrySet)
	to = appendText(to, r.Type)
	to = appendAddress(to, r.Address)
	for _, s := range []Score{r.Put, r.Get} {
		locked := int64(0)
		if s.Locked {
			locked = 1
		}
		to = binary.AppendVarint(to, int64(s.Value)<<1|locked)
	}
	to = binary.AppendVarint(to, r.RefreshedAt)
	to = binary.AppendVarint(to, r.LockedAt)
	to = binary.AppendUvarint(to, uint64(len(r.Tags)))
	for i := range r.Tags {
		to = appendTag(to, &r.Tags[i])
	}
	return to
}

func appendTag(to []byte, tag *Tag) []byte {
	to = appendText(to, tag.Name)
	to = append(to, byte(tag.Value.Kind()))
	switch tag.Value.Kind() {
	case score.KindReal:
		return binary.LittleEndian.AppendUint64(to, math.Float64bits(tag.Value.Real()))
	case score.KindText:
		return appendText(to, tag.Value.Text())
	case score.KindBool:
		if tag.Value.Bool() {
			return append(to, 1)
		}
		return append(to, 0)
	}
	return binary.AppendVarint(to, tag.Value.Integer())
}

func appendRemoval(to []byte, r *Record, now int64) []byte {
	to = append(to, entryRemove)
	to = appendText(to, r.Type)
	to = appendAddress(to, r.Address)
	return binary.AppendVarint(to, now)
}

func appendKnown(to []byte, key string, gone int64) []byte {
	to = append(to, entryKnown)
	to = appendText(to, key)
	return binary.AppendVarint(to, gone)
}

func appendText(to []byte, s string) []byte {
	to = binary.AppendUvarint(to, uint64(len(s)))
	return append(to, s...)
}

func appendAddress(to []byte, address netip.AddrPort) []byte {
	bytes, err := address.MarshalBinary()
	if err != nil {
		bytes = nil // it has no errors; an empty address is refused when it is read
	}
	return appendText(to, string(bytes))
}

// decoder reads a payload. After an error it reads zeros.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", errEntry, what)
	}
	d.rest = nil
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail("a byte is missing")
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) signed() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail("a number is missing")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) length(most int) int {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || v > uint64(most) {
		d.fail("a length is missing or too large")
		return 0
	}
	d.rest = d.rest[n:]
	return int(v)
}

func (d *decoder) text() string {
	n := d.length(len(d.rest))
	if n > len(d.rest) {
		d.fail("a text is cut off")
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) address() netip.AddrPort {
	var address netip.AddrPort
	if err := address.UnmarshalBinary([]byte(d.text())); err != nil || CheckAddress(address) != nil {
		d.fail("an address is none")
	}
	return address
}

func (d *decoder) score() Score {
	v := d.signed()
	s := Score{Value: int(v >> 1), Locked: v&1 != 0}
	if s.Value < score.None || s.Value > score.Max {
		d.fail("a score is none")
		return Score{}
	}
	return s
}

func (d *decoder) record() *Record {
	r := &Record{Type: d.text(), Address: d.address(), Put: d.score(), Get: d.score(), RefreshedAt: d.signed(), LockedAt: d.signed()}
	if n := d.length(MaxTags); n > 0 {
		r.Tags = make([]Tag, n)
	}
	for i := range r.Tags {
		r.Tags[i] = d.tag()
	}
	if id, ok := r.Tag(TagServiceID); ok {
		r.ID = string(id.AppendText(nil))
	}
	return r
}

func (d *decoder) tag() Tag {
	tag := Tag{Name: d.text()}
	switch kind := score.ValueKind(d.byte()); kind {
	case score.KindInteger:
		tag.Value = score.Integer(d.signed())
	case score.KindBool:
		tag.Value = score.Bool(d.byte() != 0)
	case score.KindText:
		tag.Value = score.Text(d.text())
	case score.KindReal:
		if len(d.rest) < 8 {
			d.fail("a number is cut off")
			break
		}
		tag.Value = score.Real(math.Float64frombits(binary.LittleEndian.Uint64(d.rest)))
		d.rest = d.rest[8:]
	default:
		d.fail("a tag has an unknown type")
	}
	if d.err == nil {
		if err := tag.check(); err != nil {
			d.fail(err.Error())
		}
	}
	return tag
}
