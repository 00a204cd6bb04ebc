package wire

// number is a JSON number, taken apart: ±whole.fraction × 10^exponent.
type number struct {
	negative bool
	whole    []byte
	fraction []byte
	exponent int // within ±maxExponent
}

// maxExponent caps exponents: all beyond it are equally huge or tiny, whatever digits a datagram can hold.
const maxExponent = 1 << 20

// parseNumber reads the number that text begins with and returns it with its length, which is -1 if there is none. The grammar is JSON's,
// and as in the reference a point without digits may end a number.
func parseNumber(text []byte) (n number, end int) {
	i := 0
	if i < len(text) && text[i] == '-' {
		n.negative = true
		i++
	}
	n.whole = digitPrefix(text[i:])
	i += len(n.whole)
	if len(n.whole) == 0 || n.whole[0] == '0' && len(n.whole) > 1 {
		return n, -1
	}
	if i < len(text) && text[i] == '.' {
		n.fraction = digitPrefix(text[i+1:])
		i += 1 + len(n.fraction)
		if len(n.fraction) == 0 {
			return n, i
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		minus := i < len(text) && text[i] == '-'
		if minus || i < len(text) && text[i] == '+' {
			i++
		}
		digits := digitPrefix(text[i:])
		i += len(digits)
		if len(digits) == 0 {
			return n, -1
		}
		for _, c := range digits {
			n.exponent = min(10*n.exponent+int(c-'0'), maxExponent)
		}
		if minus {
			n.exponent = -n.exponent
		}
	}
	return n, i
}

func digitPrefix(text []byte) []byte {
	i := 0
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	return text[:i]
}

// digit returns the i-th digit of whole and fraction written together, and 0 outside of them.
func (n *number) digit(i int) byte {
	switch {
	case i < 0:
		return 0
	case i < len(n.whole):
		return n.whole[i] - '0'
	case i < len(n.whole)+len(n.fraction):
		return n.fraction[i-len(n.whole)] - '0'
	}
	return 0
}

// magnitude returns how many digits stand before the decimal point when the number is written without exponent and leading zeros (0 and
// less: so many zeros after the point), and the index of the first of them. zero reports that there is none.
func (n *number) magnitude() (digits, first int, zero bool) {
	length := len(n.whole) + len(n.fraction)
	for first < length && n.digit(first) == 0 {
		first++
	}
	return len(n.whole) + n.exponent - first, first, first == length
}

// small returns the number rounded to an integer, halves to even, if that is 0 to 99.
func (n *number) small() (value int, ok bool) {
	digits, first, zero := n.magnitude()
	if zero || digits < 0 {
		return 0, true
	}
	if digits > 2 {
		return 0, false
	}
	i := first
	for ; digits > 0; digits-- {
		value = 10*value + int(n.digit(i))
		i++
	}
	if n.roundsUp(i, value&1 == 1) {
		value++
	}
	return value, value == 0 || !n.negative && value < 100
}

// roundsUp reports whether what begins with the i-th digit, seen as a fraction, is more than a half, or a half and the digit before is odd.
func (n *number) roundsUp(i int, odd bool) bool {
	if half := n.digit(i); half != 5 {
		return half > 5
	}
	for i++; i < len(n.whole)+len(n.fraction); i++ {
		if n.digit(i) != 0 {
			return true
		}
	}
	return odd
}
