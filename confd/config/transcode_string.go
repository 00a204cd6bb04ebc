package config

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// text reads a string.
func (t *transcoder) text() bool {
	if t.in[t.pos] != '"' {
		return t.wrong("not a string")
	}
	return t.quoted()
}

// keyText reads a key. Anything else in its place is no JSON.
func (t *transcoder) keyText() bool {
	if t.in[t.pos] != '"' {
		return t.unexpected()
	}
	return t.quoted()
}

// quoted reads a string from its quote on. Nearly all are plain and are copied as they are.
func (t *transcoder) quoted() bool {
	from := t.pos
	t.pos = plainEnd(t.in, from+1)
	for t.in[t.pos] != '"' {
		t.out = append(t.out, t.in[from:t.pos]...)
		switch c := t.in[t.pos]; {
		case c == '\\':
			if !t.escape() {
				return false
			}
			from = t.pos
		case c >= utf8.RuneSelf:
			from = t.pos
			if !t.encoded() {
				return false
			}
		default:
			return t.unexpected()
		}
		t.pos = plainEnd(t.in, t.pos)
	}
	t.pos++
	t.out = append(t.out, t.in[from:t.pos]...)
	return true
}

// plainEnd returns the index, at or after i, of the first byte that isn't plain: a quote, a backslash, a control character, or
// one that isn't ASCII. The zero bytes after the window are such.
func plainEnd(in []byte, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for {
		w := binary.LittleEndian.Uint64(in[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		// The lowest set top bit marks the first byte that is below space, a quote, a backslash or has its top bit set.
		found := ((w-ones*' ')&^w | (quote-ones)&^quote | (slash-ones)&^slash | w) & tops
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
		i += 8
	}
}

// encoded reads one character that isn't ASCII, without appending it.
func (t *transcoder) encoded() bool {
	rest := t.in[t.pos:t.end]
	if !utf8.FullRune(rest) && !t.last {
		t.starved = true
		return false
	}
	r, n := utf8.DecodeRune(rest)
	if r == utf8.RuneError && n <= 1 {
		return t.malformed("invalid UTF-8")
	}
	t.pos += n
	return true
}

// escape reads an escape sequence and appends the character as the reference writes it.
func (t *transcoder) escape() bool {
	t.pos++
	c := t.in[t.pos]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return t.unicode()
	default:
		return t.unexpected()
	}
	t.pos++
	t.out = appendEscaped(t.out, c)
	return true
}

// The UTF-16 surrogates: a character outside the basic plane is written as a high and a low one.
const (
	surrogateHigh = 0xd800
	surrogateLow  = 0xdc00
	surrogateEnd  = 0xe000
	outerPlanes   = 0x10000
)

// unicode reads the rest of a \u escape, and of its other half if it is half of a surrogate pair.
func (t *transcoder) unicode() bool {
	r, ok := t.codeUnit()
	if !ok {
		return false
	}
	if surrogateHigh <= r && r < surrogateEnd {
		low := rune(0)
		if r < surrogateLow {
			if low, ok = t.lowSurrogate(); !ok {
				return false
			}
		}
		if low == 0 {
			return t.malformed("lone surrogate")
		}
		r = (r-surrogateHigh)<<10 | (low - surrogateLow) + outerPlanes
	}
	if r < utf8.RuneSelf {
		t.out = appendEscaped(t.out, byte(r))
	} else {
		t.out = utf8.AppendRune(t.out, r)
	}
	return true
}

// lowSurrogate reads the escape of a low surrogate; it returns 0 if something else follows.
func (t *transcoder) lowSurrogate() (rune, bool) {
	for _, c := range []byte(`\u`) {
		if t.in[t.pos] != c {
			return 0, t.pos < t.end || t.unexpected()
		}
		t.pos++
	}
	t.pos--
	r, ok := t.codeUnit()
	if !ok || r < surrogateLow || r >= surrogateEnd {
		return 0, ok
	}
	return r, true
}

// codeUnit reads the u and the four digits of an escape.
func (t *transcoder) codeUnit() (rune, bool) {
	r := rune(0)
	for range 4 {
		t.pos++
		c := t.in[t.pos]
		switch lower := c | 0x20; {
		case '0' <= c && c <= '9', 'a' <= lower && lower <= 'f':
			r = r<<4 | rune(hexDigit(c))
		default:
			return 0, t.unexpected()
		}
	}
	t.pos++
	return r, true
}

// hexDigit is the value of a hexadecimal digit.
func hexDigit(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// word reads one of a list of strings.
func (t *transcoder) word(s *shape) bool {
	at, from := t.pos, len(t.out)
	if !t.text() {
		return false
	}
	body := t.out[from+1 : len(t.out)-1]
	if rank(body, s.words) >= 0 {
		return true
	}
	t.pos = at
	if rank(body, s.legacy) >= 0 {
		return t.outdated("has " + string(body))
	}
	return t.wrong(s.rule + ": " + string(t.out[from:]))
}
