package wire

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// farAway stands for every time stamp too large to matter, in seconds. Neither another digit nor a clock's difference to it overflows.
const farAway = 1 << 57

// parseTimestamp reads a request's salt as the reference does, with Haskell's reader of integers: digits, also hex (0x) and octal (0o),
// a minus sign, blanks before each token, parentheses around it; nothing after it. Values beyond farAway become farAway.
func parseTimestamp(salt []byte) (seconds int64, ok bool) {
	if len(salt) == saltDigits {
		first, last := binary.LittleEndian.Uint64(salt), binary.LittleEndian.Uint64(salt[2:])
		if allDigits(first) && allDigits(last) {
			return int64(salt[0]-'0')*1e9 + int64(salt[1]-'0')*1e8 + eightDigits(last), true
		}
	}
	open := 0
	salt = trimBlanks(salt)
	for len(salt) > 0 && salt[0] == '(' {
		open++
		salt = trimBlanks(salt[1:])
	}
	negative := len(salt) > 0 && salt[0] == '-'
	if negative {
		salt = trimBlanks(salt[1:])
	}
	seconds, salt, ok = lexInteger(salt)
	if negative {
		seconds = -seconds
	}
	for ; ok && open > 0; open-- {
		salt = trimBlanks(salt)
		if len(salt) == 0 || salt[0] != ')' {
			return 0, false
		}
		salt = salt[1:]
	}
	return seconds, ok && len(salt) == 0
}

// allDigits reports whether all bytes of word are decimal digits.
func allDigits(word uint64) bool {
	const zeros, beyondNine = '0' * everyByte, (0x80 - '9' - 1) * everyByte
	return ((word-zeros)|(word+beyondNine)|word)&highBits == 0
}

// eightDigits returns the number that the digits in word write, the first in its lowest byte. Neighbours are put together, two by two.
func eightDigits(word uint64) int64 {
	word -= '0' * everyByte
	word = (word*10 + word>>8) & 0x00ff00ff00ff00ff
	word = (word*100 + word>>16) & 0x0000ffff0000ffff
	return int64((word*10000 + word>>32) & 0xffffffff)
}

// decimal reads digits of which there are not too many for an int64.
func decimal(digits []byte) (value int64, ok bool) {
	for _, c := range digits {
		if c-'0' > 9 {
			return 0, false
		}
		value = 10*value + int64(c-'0')
	}
	return value, true
}

// lexInteger reads the integer that text begins with and returns what follows it.
func lexInteger(text []byte) (value int64, rest []byte, ok bool) {
	base := int64(10)
	if len(text) > 2 && text[0] == '0' {
		switch text[1] {
		case 'x', 'X':
			base = 16
		case 'o', 'O':
			base = 8
		}
		if base != 10 {
			text = text[2:]
		}
	}
	i := 0
	for ; i < len(text) && int64(hexDigits[text[i]]) < base; i++ {
		value = min(value*base+int64(hexDigits[text[i]]), farAway)
	}
	return value, text[i:], i > 0
}

// trimBlanks removes the white space that text begins with, in Haskell's sense.
func trimBlanks(text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if (r < '\t' || r > '\r') && !unicode.Is(unicode.Zs, r) {
			break
		}
		text = text[size:]
	}
	return text
}
