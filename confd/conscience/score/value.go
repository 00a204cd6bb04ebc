package score

import (
	"math"
	"strconv"
	"strings"
)

// A ValueKind is the type of a tag's value.
type ValueKind uint8

const (
	KindInteger ValueKind = iota
	KindReal
	KindBool
	KindText
)

// A Value is a tag's value. Values are comparable; the zero Value is the integer 0.
type Value struct {
	kind   ValueKind
	number uint64 // the integer, the bits of the real number, 1 for true
	text   string
}

// Integer, Real, Bool and Text make values.
func Integer(v int64) Value { return Value{kind: KindInteger, number: uint64(v)} }
func Real(v float64) Value  { return Value{kind: KindReal, number: math.Float64bits(v)} }
func Text(v string) Value   { return Value{kind: KindText, text: v} }
func Bool(v bool) Value {
	if v {
		return Value{kind: KindBool, number: 1}
	}
	return Value{kind: KindBool}
}

// Kind returns the value's type, by which one of the next four is told. Each is the zero of its type for values of others.
func (v Value) Kind() ValueKind { return v.kind }

func (v Value) Integer() int64 {
	if v.kind != KindInteger {
		return 0
	}
	return int64(v.number)
}

func (v Value) Real() float64 {
	if v.kind != KindReal {
		return 0
	}
	return math.Float64frombits(v.number)
}

func (v Value) Bool() bool { return v.kind == KindBool && v.number != 0 }

func (v Value) Text() string { return v.text }

// realDigits is how many decimals the reference writes of a real number: C's %f.
const realDigits = 6

// AppendText appends the value as expressions and clients see it: an integer in decimal, a real number with six decimals, a
// text as it is, and a bool as 1 or 0.
func (v Value) AppendText(to []byte) []byte {
	switch v.kind {
	case KindInteger:
		return strconv.AppendInt(to, int64(v.number), 10)
	case KindReal:
		return strconv.AppendFloat(to, v.Real(), 'f', realDigits, 64)
	case KindBool:
		return append(to, '0'+byte(v.number))
	}
	return append(to, v.text...)
}

func (v Value) textLength() int {
	if v.kind == KindText {
		return len(v.text)
	}
	var buffer [32]byte
	return len(v.AppendText(buffer[:0]))
}

// numeric is the number that the value's text starts with.
func (v Value) numeric() (float64, bool) {
	switch v.kind {
	case KindInteger:
		return float64(v.Integer()), true
	case KindReal:
		return v.rounded(), true
	case KindBool:
		return float64(v.number), true
	}
	return leadingNumber(v.text)
}

// rounded is the real number after it was written as text and read back.
func (v Value) rounded() float64 {
	value := v.Real()
	if value == math.Trunc(value) || math.IsNaN(value) {
		return value
	}
	var buffer [32]byte
	read, err := strconv.ParseFloat(string(v.AppendText(buffer[:0])), 64)
	if err != nil {
		return value
	}
	return read
}

// Truth is whether the value means yes: a number that isn't 0, true, or one of the words yes, true, on, enable, enabled, 1 and yeah
// in any case. ok is false for other texts than these and their opposites.
func (v Value) Truth() (truth, ok bool) {
	switch v.kind {
	case KindInteger, KindBool:
		return v.number != 0, true
	case KindReal:
		// A difference of one in the last place of 1 is where the reference draws the line.
		return math.Abs(v.Real()) >= 0x1p-52, true
	}
	return ParseBool(v.text)
}

// ParseBool reads a word that means yes or no, in any case. ok is false for all others.
func ParseBool(word string) (truth, ok bool) {
	switch strings.ToLower(word) {
	case "yes", "true", "on", "enable", "enabled", "1", "yeah":
		return true, true
	case "no", "false", "off", "disable", "disabled", "0", "nope":
		return false, true
	}
	return false, false
}

// leadingNumber reads the number at the start of a text as C's strtod does: blanks, a sign, then digits with a point and an
// exponent, the same in hexadecimal, or inf, infinity or nan.
func leadingNumber(s string) (float64, bool) {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	n := 0
	if n < len(s) && (s[n] == '+' || s[n] == '-') {
		n++
	}
	body := s[n:]
	switch {
	case hasWord(body, "infinity"):
		n += len("infinity")
	case hasWord(body, "inf"):
		n += len("inf")
	case hasWord(body, "nan"):
		return math.NaN(), true
	default:
		length := mantissa(body)
		if length == 0 {
			return 0, false
		}
		if hasWord(body, "0x") && length > len("0x") && !strings.ContainsAny(body[:length], "pP") {
			// Go wants an exponent behind hexadecimal digits.
			value, _ := strconv.ParseFloat(s[:n+length]+"p0", 64)
			return value, true
		}
		n += length
	}
	// Out of range is the only error; infinity comes with it.
	value, _ := strconv.ParseFloat(s[:n], 64)
	return value, true
}

func hasWord(s, word string) bool {
	return len(s) >= len(word) && strings.EqualFold(s[:len(word)], word)
}

// mantissa is the length of the number at the start of s, its exponent included.
func mantissa(s string) int {
	if hasWord(s, "0x") {
		if n := digits(s[2:], isHex); n > 0 {
			return 2 + n + exponent(s[2+n:], 'p')
		}
	}
	n := digits(s, isDigit)
	if n == 0 {
		return 0
	}
	return n + exponent(s[n:], 'e')
}

// digits is the length of digits with at most one point among them; 0 if there are no digits.
func digits(s string, is func(byte) bool) int {
	n, found, point := 0, false, false
	for ; n < len(s); n++ {
		switch {
		case is(s[n]):
			found = true
		case s[n] == '.' && !point:
			point = true
		default:
			if !found {
				return 0
			}
			return n
		}
	}
	if !found {
		return 0
	}
	return n
}

// exponent is the length of an exponent, 0 if there is no whole one.
func exponent(s string, letter byte) int {
	if len(s) < 2 || s[0]|0x20 != letter {
		return 0
	}
	n := 1
	if s[n] == '+' || s[n] == '-' {
		n++
	}
	first := n
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == first {
		return 0
	}
	return n
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
