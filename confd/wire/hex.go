package wire

import (
	"encoding/binary"
	"math/bits"
)

// mac is an HMAC-SHA1 as the five words that SHA-1 computes; the wire has it as hexLen hex digits, the first word first.
type mac [5]uint32

// hexLen is the length of a MAC in a datagram.
const hexLen = 40

// hexDigits holds the value of each hex digit, and notHex elsewhere.
var hexDigits = func() (values [256]uint8) {
	for c := range values {
		values[c] = notHex
	}
	for v := range uint8(16) {
		values[lowerHex[v]] = v
		values["0123456789ABCDEF"[v]] = v
	}
	return values
}()

const notHex = 0xff

const lowerHex = "0123456789abcdef"

// parseMAC reads a MAC in either case of hex.
func parseMAC(text []byte) (m mac, ok bool) {
	if len(text) != hexLen {
		return m, false
	}
	valid := uint64(highBits)
	for i := range m {
		word, good := fromHex(binary.LittleEndian.Uint64(text[8*i:]))
		m[i] = word
		valid &= good
	}
	return m, valid == highBits
}

// fromHex turns eight hex digits into the word that they write. valid has the high bit of each byte set that is a hex digit.
func fromHex(digits uint64) (word uint32, valid uint64) {
	lower := digits | 0x20*everyByte
	atLeast := func(w uint64, c uint64) uint64 { return w&^highBits + (0x80-c)*everyByte }
	isDigit := atLeast(digits, '0') &^ atLeast(digits, '9'+1)
	isLetter := atLeast(lower, 'a') &^ atLeast(lower, 'f'+1)
	valid = (isDigit | isLetter) &^ digits & highBits

	nibbles := digits&(0x0f*everyByte) + 9*(digits>>6&everyByte)
	pairs := (nibbles<<4 | nibbles>>8) & 0x00ff00ff00ff00ff
	pairs = (pairs | pairs>>8) & 0x0000ffff0000ffff
	return bits.ReverseBytes32(uint32(pairs | pairs>>16)), valid
}

// putMAC writes m into the first hexLen bytes of dst, in lower case.
func putMAC(dst []byte, m *mac) {
	_ = dst[hexLen-1]
	for i, word := range m {
		binary.LittleEndian.PutUint64(dst[8*i:], toHex(word))
	}
}

// toHex writes a word as eight lower-case hex digits.
func toHex(word uint32) uint64 {
	w := uint64(bits.ReverseBytes32(word))
	w = (w | w<<16) & 0x0000ffff0000ffff
	w = (w | w<<8) & 0x00ff00ff00ff00ff
	nibbles := w>>4&(0x0f*everyByte) | w<<8&(0x0f00*0x0001000100010001)
	letters := (nibbles + 6*everyByte) >> 4 & everyByte
	return nibbles + '0'*everyByte + ('a'-'0'-10)*letters
}
