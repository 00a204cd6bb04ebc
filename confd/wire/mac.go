package wire

import (
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
)

// mac is an HMAC-SHA1 as the five words that SHA-1 computes; the wire has it as hexLen hex digits, the first word first.
type mac [5]uint32

// hexLen is the length of a MAC in a datagram.
const hexLen = 40

// is reports whether text is m in hex, of either case. It takes the same time whatever they are.
func (m *mac) is(text *[hexLen]byte) bool {
	var want [hexLen]byte
	m.put(&want)
	var difference uint64
	for i := 0; i < hexLen; i += 8 {
		digits := binary.LittleEndian.Uint64(text[i:])
		lower := digits | digits&(0x40*everyByte)>>1 // letters differ from their capitals in one bit, which digits don't have
		difference |= lower ^ binary.LittleEndian.Uint64(want[i:])
	}
	return subtle.ConstantTimeEq(int32(difference|difference>>32), 0) == 1
}

// putWords writes m in lower-case hex, a word at a time: put, where there is nothing faster.
func (m *mac) putWords(dst *[hexLen]byte) {
	for i, word := range m {
		binary.LittleEndian.PutUint64(dst[8*i:], toHex(word))
	}
}

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

// toHex writes a word as eight lower-case hex digits.
func toHex(word uint32) uint64 {
	w := uint64(bits.ReverseBytes32(word))
	w = (w | w<<16) & 0x0000ffff0000ffff
	w = (w | w<<8) & 0x00ff00ff00ff00ff
	nibbles := (w<<8 | w>>4) & (0x0f * everyByte)
	letters := (nibbles + 6*everyByte) >> 4 & everyByte
	return nibbles + '0'*everyByte + ('a'-'0'-10)*letters
}
