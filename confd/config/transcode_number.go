package config

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
)

// plainDigits is how many digits a whole number may have to fit into an int64 for certain.
const plainDigits = 18

// Numbers with no more text than this, and no more text of an exponent, are in the range of a double for certain: below
// 10^(200+99).
const (
	smallText     = 200
	smallExponent = len("e99")
)

// A number is a JSON number as it is written.
type number struct {
	text  []byte
	whole bool // without fraction and exponent
}

// number reads a number without appending it. A number too large for a double is refused, as the reference does not
// survive all of them.
func (t *transcoder) number(rule string) (number, bool) {
	from := t.pos
	if t.in[from] != '-' && !isDigit(t.in[from]) {
		return number{}, t.wrong(rule)
	}
	if t.in[t.pos] == '-' {
		t.pos++
	}
	if t.in[t.pos] == '0' {
		t.pos++
	} else if !t.someDigits() {
		return number{}, false
	}
	n := number{whole: true}
	if t.in[t.pos] == '.' {
		n.whole = false
		t.pos++
		if !t.someDigits() {
			return n, false
		}
	}
	exponent := t.pos
	if t.in[t.pos]|0x20 == 'e' {
		n.whole = false
		t.pos++
		if c := t.in[t.pos]; c == '+' || c == '-' {
			t.pos++
		}
		if !t.someDigits() {
			return n, false
		}
	}
	if t.pos == t.end {
		return n, t.unexpected() // what follows may belong to the number
	}
	n.text = t.in[from:t.pos]
	if len(n.text) > smallText || t.pos-exponent > smallExponent {
		if _, err := strconv.ParseFloat(string(n.text), 64); err != nil {
			t.pos = from
			return n, t.fail("a number out of range", ErrLimit)
		}
	}
	return n, true
}

// someDigits reads digits, at least one.
func (t *transcoder) someDigits() bool {
	from := t.pos
	for isDigit(t.in[t.pos]) {
		t.pos++
	}
	return t.pos > from || t.unexpected()
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// integer reads a whole number, rounding a fraction half to even. The reference's Int wraps modulo 2^64, its Integer doesn't.
func (t *transcoder) integer(wraps bool) bool {
	n, ok := t.number("not a number")
	if !ok {
		return false
	}
	from := len(t.out)
	if n.whole {
		t.out = appendWhole(t.out, n.text)
	} else {
		t.out = t.decimal(n).appendRounded(t.out)
	}
	if wraps && len(t.out)-from > plainDigits {
		t.out = appendWrapped(t.out[:from], string(t.out[from:]))
	}
	return t.bounded()
}

// double reads an IEEE 754 double. A whole one is written with all its digits.
func (t *transcoder) double() bool {
	n, ok := t.number("not a number")
	if !ok {
		return false
	}
	if n.whole && len(n.text) < plainDigits-2 { // below 2^53: exact
		t.out = appendWhole(t.out, n.text)
		return true
	}
	f, _ := strconv.ParseFloat(string(n.text), 64)
	t.out = appendDouble(t.out, f)
	return t.bounded()
}

// freeNumber reads a number of which nothing is known: a whole one stays exact, any other is a double.
func (t *transcoder) freeNumber() bool {
	n, ok := t.number("not a number")
	if !ok {
		return false
	}
	if n.whole {
		t.out = appendWhole(t.out, n.text)
	} else if d := t.decimal(n); d.whole() {
		t.out = d.appendRounded(t.out)
	} else {
		f, _ := strconv.ParseFloat(string(n.text), 64)
		t.out = appendShown(t.out, f)
	}
	return t.bounded()
}

// appendWhole appends a whole number, of which only -0 isn't canonical.
func appendWhole(dst, digits []byte) []byte {
	if len(digits) == 2 && digits[0] == '-' && digits[1] == '0' {
		digits = digits[1:]
	}
	return append(dst, digits...)
}

// appendWrapped appends a whole number modulo 2^64, as a signed number.
func appendWrapped(dst []byte, digits string) []byte {
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return strconv.AppendInt(dst, n, 10)
	}
	n, _ := new(big.Int).SetString(digits, 10)
	n.And(n, new(big.Int).SetUint64(math.MaxUint64))
	return strconv.AppendInt(dst, int64(n.Uint64()), 10)
}

// appendDouble appends a double as a number field of the reference shows it: a whole one with all its digits.
func appendDouble(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0') // also -0
	}
	if f == math.Trunc(f) {
		return strconv.AppendFloat(dst, f, 'f', 0, 64)
	}
	return appendShown(dst, f)
}

// The range in which Haskell shows doubles without an exponent.
const (
	shownPlainMin = 0.1
	shownPlainEnd = 1e7
)

// appendShown appends a double as Haskell's show does: the shortest digits that tell it from its neighbours, and always a
// point with a digit on both sides.
func appendShown(dst []byte, f float64) []byte {
	if abs := math.Abs(f); abs == 0 || shownPlainMin <= abs && abs < shownPlainEnd {
		from := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
		if bytes.IndexByte(dst[from:], '.') < 0 {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	// Go writes d.ddde±xx: without a point if there is one digit, and with at least two digits of the exponent.
	var buf [24]byte
	shown := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	e := bytes.IndexByte(shown, 'e')
	dst = append(dst, shown[:e]...)
	if bytes.IndexByte(shown[:e], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	dst = append(dst, 'e')
	if shown[e+1] == '-' {
		dst = append(dst, '-')
	}
	return append(dst, bytes.TrimLeft(shown[e+2:], "0")...)
}

// A decimal is a number without loss: 0.digits × 10^point. The last digit isn't 0.
type decimal struct {
	negative bool
	digits   []byte
	point    int
}

// maxPoint bounds the exponents that are told apart. Numbers beyond are out of range, or as good as zero.
const maxPoint = 1 << 30

// decimal takes a number apart. It is valid until the next one.
func (t *transcoder) decimal(n number) decimal {
	d := decimal{negative: n.text[0] == '-'}
	digits, fraction := t.digits[:0], false
	for i, c := range n.text {
		switch {
		case c == '.':
			fraction = true
		case c|0x20 == 'e':
			exponent, err := strconv.Atoi(string(n.text[i+1:]))
			if err != nil || exponent > maxPoint || exponent < -maxPoint {
				exponent = -maxPoint // a large positive one is only in range with zero digits
			}
			d.point += exponent
		case !isDigit(c):
		case c == '0' && len(digits) == 0:
			if fraction {
				d.point--
			}
		default:
			digits = append(digits, c)
			if !fraction {
				d.point++
			}
		}
		if c|0x20 == 'e' {
			break
		}
	}
	t.digits = digits
	d.digits = bytes.TrimRight(digits, "0")
	return d
}

// whole reports whether the number has no fraction.
func (d decimal) whole() bool { return len(d.digits) == 0 || d.point >= len(d.digits) }

// appendRounded appends the nearest whole number; of two equally near ones the even one.
func (d decimal) appendRounded(dst []byte) []byte {
	kept := max(0, min(d.point, len(d.digits)))
	up := false
	if d.point >= 0 && kept < len(d.digits) {
		odd := kept > 0 && d.digits[kept-1]&1 == 1
		half := d.digits[kept] == '5' && kept+1 == len(d.digits)
		up = d.digits[kept] > '5' || d.digits[kept] == '5' && (!half || odd)
	}
	if kept == 0 && !up {
		return append(dst, '0')
	}
	if d.negative {
		dst = append(dst, '-')
	}
	from := len(dst)
	dst = append(dst, '0') // for a carry
	dst = append(dst, d.digits[:kept]...)
	for range d.point - kept {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; up; i-- {
		if up = dst[i] == '9'; up {
			dst[i] = '0'
		} else {
			dst[i]++
		}
	}
	if dst[from] == '0' {
		dst = append(dst[:from], dst[from+1:]...)
	}
	return dst
}
