package config

import (
	"cmp"
	"strconv"
)

// MaxDepth bounds how deeply values nest. The schemas need nine levels and the expression of a job filter perhaps a dozen more;
// the bound keeps a hostile file from exhausting the stack.
const MaxDepth = 100

// windowPad is the number of zero bytes that follow the input. A zero byte is valid nowhere in JSON, so scanning loops need
// no bounds of their own; eight of them let strings be scanned a word at a time.
const windowPad = 8

// A transcoder reads JSON and appends canonical text, one value after the other, in one pass over the input. Members are
// appended where they come; only when that wasn't their canonical order are they moved.
//
// Methods that read return false when they can't go on. Then either err says why, or starved is set: the input ended inside
// a value and more may follow, so the caller tries the value again with a longer window.
type transcoder struct {
	in      []byte // the window, with windowPad zero bytes after it
	end     int    // length of the window
	last    bool   // the window ends where the input ends
	pos     int
	out     []byte
	origin  int64  // offset of the window in the input
	key     []byte // decoded key of the object in its container, empty if it has none
	depth   int
	spans   []span // a stack: for each object being read, where the fields of its schema are
	parts   []part // a stack: for each object its unknown members, for each container its members
	scratch []byte // for moving members
	digits  []byte // of a number that isn't plain
	times   [timeMemos]timeMemo
	err     *Error
	starved bool
	limit   int // of the length of in and of out; 0 means MaxObject
}

// A span is where a field was appended, from its comma on. The zero span is a field that wasn't met, nullSpan one that was null.
type span struct{ from, to int32 }

var nullSpan = span{1, 1}

func (s span) present() bool { return s.to > s.from }

// A part is where a member was appended: comma, key up to name, colon, value up to to.
type part struct{ from, name, to int32 }

// at is where the next byte will be appended. (MaxObject fits many times.)
func (t *transcoder) at() int32 { return int32(len(t.out)) }

// reset prepares for the next object.
func (t *transcoder) reset() {
	t.out, t.spans, t.parts = t.out[:0], t.spans[:0], t.parts[:0]
	t.depth, t.err, t.starved = 0, nil, false
}

// value reads a value of a shape.
func (t *transcoder) value(s *shape) bool {
	switch s.kind {
	case shapeText:
		return t.text()
	case shapeInt:
		return t.integer(true)
	case shapeInteger:
		return t.integer(false)
	case shapeFloat:
		return t.double()
	case shapeTime:
		return t.time()
	case shapeBool:
		return t.boolean()
	case shapeWord:
		return t.word(s)
	case shapeObject:
		base := len(t.spans)
		ok := t.object(s.fields)
		t.spans = t.spans[:base]
		return ok
	case shapeList:
		return t.list(s)
	case shapeTuple:
		return t.tuple(s)
	case shapeSet:
		return t.set()
	case shapeContainer:
		return t.container(s)
	case shapeSpecial:
		return s.read(t)
	default:
		return t.free()
	}
}

// space skips white space.
func (t *transcoder) space() {
	for t.in[t.pos] <= ' ' {
		switch t.in[t.pos] {
		case ' ', '\n', '\r', '\t':
			t.pos++
		default:
			return
		}
	}
}

// open reads the bracket that opens an object or a list.
func (t *transcoder) open(bracket byte, rule string) bool {
	if t.in[t.pos] != bracket {
		return t.wrong(rule)
	}
	if t.depth == MaxDepth {
		return t.fail("nested more than "+strconv.Itoa(MaxDepth)+" levels deep", ErrLimit)
	}
	t.depth++
	t.pos++
	t.space()
	return t.bounded()
}

// bounded fails when the text has become too long: numbers such as 1e300 and defaults can make it longer than the input.
func (t *transcoder) bounded() bool {
	return len(t.out) <= cmp.Or(t.limit, MaxObject) || t.fail(objectTooLarge, ErrLimit)
}

// separator reads what follows a member or an element. It returns true when another one follows; when the bracket follows or
// the input is malformed, it returns false: then ok tells which.
func (t *transcoder) separator(bracket byte) (more, ok bool) {
	t.space()
	switch t.in[t.pos] {
	case ',':
		t.pos++
		t.space()
		return true, true
	case bracket:
		t.pos++
		return false, true
	default:
		return false, t.unexpected()
	}
}

// another is a separator inside what was opened.
func (t *transcoder) another(bracket byte) (more, ok bool) {
	if more, ok = t.separator(bracket); !more {
		t.depth--
	}
	return more, ok
}

// closed reads the bracket of an empty object or list, if it is there.
func (t *transcoder) closed(bracket byte) bool {
	if t.in[t.pos] != bracket {
		return false
	}
	t.pos++
	t.depth--
	return true
}

// colon reads the colon between a key and its value.
func (t *transcoder) colon() bool {
	t.space()
	if t.in[t.pos] != ':' {
		return t.unexpected()
	}
	t.pos++
	t.space()
	return true
}

// literal reads a literal without appending it.
func (t *transcoder) literal(word string) bool {
	for i := range len(word) {
		if t.in[t.pos+i] != word[i] {
			t.pos += i
			return t.unexpected()
		}
	}
	t.pos += len(word)
	return true
}

func (t *transcoder) boolean() bool {
	from := t.pos
	switch t.in[t.pos] {
	case 't':
		if !t.literal("true") {
			return false
		}
	case 'f':
		if !t.literal("false") {
			return false
		}
	default:
		return t.wrong("not a boolean")
	}
	t.out = append(t.out, t.in[from:t.pos]...)
	return true
}

// unexpected fails at a byte that no JSON text has there, or for want of input.
func (t *transcoder) unexpected() bool {
	switch {
	case t.failed():
	case t.pos < t.end:
		return t.malformed("unexpected " + quoteByte(t.in[t.pos]))
	case t.last:
		return t.malformed("unexpected end")
	default:
		t.starved = true
	}
	return false
}

// malformed fails because the input is no JSON.
func (t *transcoder) malformed(rule string) bool { return t.fail(rule, ErrSyntax) }

// wrong fails because the value at hand has not the shape it should have; but not before the value is there.
func (t *transcoder) wrong(rule string) bool {
	if t.pos >= t.end {
		return t.unexpected()
	}
	return t.fail(rule, nil)
}

// outdated fails because of something that only layouts before 2.14 have.
func (t *transcoder) outdated(rule string) bool { return t.fail(rule, ErrOldLayout) }

func (t *transcoder) fail(rule string, kind error) bool {
	if !t.failed() {
		t.err = &Error{Rule: rule, Offset: t.origin + int64(t.pos), Err: kind}
	}
	return false
}

func (t *transcoder) failed() bool { return t.err != nil || t.starved }

// within says that the failure at hand happened in the named part of a value.
func (t *transcoder) within(name string) bool {
	if t.err != nil {
		if t.err.Field != "" {
			name += "/" + t.err.Field
		}
		t.err.Field = name
	}
	return false
}

func quoteByte(c byte) string {
	if c < ' ' || c >= 0x7f {
		return "byte 0x" + string([]byte{lowerHex[c>>4], lowerHex[c&15]})
	}
	return "'" + string(rune(c)) + "'"
}
