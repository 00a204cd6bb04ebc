package wire

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Eight bytes are looked at together as one little-endian word, the first of them in its lowest bits.
const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
)

// special marks, with the high bit of each, the bytes of word that can't stand for themselves in an ASCII JSON string: quotes, backslashes,
// control characters, and bytes of longer UTF-8 sequences. Above the first of the latter, marks mean nothing.
func special(word uint64) uint64 {
	quote := highBits - (word ^ '"'*everyByte) // as all bytes are below 0x80, none borrows from the next
	backslash := highBits - (word ^ '\\'*everyByte)
	printable := word + (0x80-0x20)*everyByte
	return (quote | backslash | ^printable | word) & highBits
}

// shortEscapes holds what the character after a backslash stands for, and 0 where it is u or no escape.
var shortEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// appendUnescaped appends the text that body, the inside of a valid JSON string, stands for. Half a surrogate pair becomes U+FFFD.
func appendUnescaped(dst, body []byte) []byte {
	for i := 0; i < len(body); {
		c := body[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		if body[i+1] != 'u' {
			dst = append(dst, shortEscapes[body[i+1]])
			i += 2
			continue
		}
		r := hexRune(body[i+2:])
		i += 6
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if i+6 <= len(body) && body[i] == '\\' && body[i+1] == 'u' {
				pair = utf16.DecodeRune(r, hexRune(body[i+2:]))
			}
			if pair != utf8.RuneError {
				i += 6
			}
			r = pair
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// hexRune reads the four hex digits of a \u escape, known to be such.
func hexRune(digits []byte) rune {
	var r rune
	for _, c := range digits[:4] {
		r = r<<4 | rune(hexDigits[c])
	}
	return r
}

// escapes holds the length of each byte's form inside a JSON string: 1 for itself, 2 with a backslash, 6 as \u00xx.
var escapes = func() (lengths [256]uint8) {
	for c := range lengths {
		lengths[c] = 1
	}
	for c := range 0x20 {
		lengths[c] = 6
	}
	for _, c := range "\"\\\b\f\n\r\t" {
		lengths[c] = 2
	}
	return lengths
}()

// AppendEscaped appends text as the inside of a JSON string, escaped as the reference does it: quote, backslash and control characters
// only. UTF-8 stays raw, and so does DEL.
func AppendEscaped(dst, text []byte) []byte {
	for {
		n := plainPrefix(text)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return dst
		}
		dst = appendEscape(dst, text[n])
		text = text[n+1:]
	}
}

// EscapedLen returns the length of what AppendEscaped appends, in bytes.
func EscapedLen(text []byte) int {
	length := 0
	for {
		n := plainPrefix(text)
		length += n
		if n == len(text) {
			return length
		}
		length += int(escapes[text[n]])
		text = text[n+1:]
	}
}

// plainPrefix returns how many bytes text begins with that need no escape.
func plainPrefix(text []byte) int {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		quote := word ^ '"'*everyByte
		backslash := word ^ '\\'*everyByte
		marks := ((quote-everyByte)&^quote | (backslash-everyByte)&^backslash | (word-0x20*everyByte)&^word) & highBits
		if marks != 0 {
			return i + bits.TrailingZeros64(marks)>>3
		}
	}
	for ; i < len(text); i++ {
		if escapes[text[i]] != 1 {
			break
		}
	}
	return i
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', lowerHex[c>>4], lowerHex[c&15])
}
