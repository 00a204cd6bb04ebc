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

// special marks (in the high bit of its byte) the first byte of word that can't stand for itself in an ASCII JSON string: a quote, a
// backslash, a control character or a byte of a longer UTF-8 sequence. Marks above the first may be wrong; no mark means that there is none.
func special(word uint64) uint64 {
	quote := word ^ '"'*everyByte
	backslash := word ^ '\\'*everyByte
	return ((quote-everyByte)&^quote | (backslash-everyByte)&^backslash | (word-0x20*everyByte)&^word | word) & highBits
}

// shortEscapes holds what the character after a backslash stands for, and 0 where it is u or no escape.
var shortEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// load returns the eight bytes of text at i as a word, with zeros for those beyond its end. text must not be shorter than eight bytes.
func load(text []byte, i int) uint64 {
	if i+8 <= len(text) {
		return binary.LittleEndian.Uint64(text[i:])
	}
	return binary.LittleEndian.Uint64(text[len(text)-8:]) >> (8 * uint(i+8-len(text)) & 63)
}

// plainEnd returns the offset of the quote that ends the string body at i, or -1 if the body isn't ASCII without escapes.
func plainEnd(text []byte, i int) int {
	for len(text) >= 8 && i < len(text) {
		marks := special(load(text, i))
		if marks == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(marks) >> 3
		if i < len(text) && text[i] == '"' {
			return i
		}
		return -1
	}
	return -1
}

// textSlack is how much longer than its source the destination of unescapeASCII must be, because it writes whole words.
const textSlack = 8

// unescapeASCII decodes the JSON string body at the start of src, up to its closing quote, into dst. It returns the decoded length and the
// offset of the quote. ok is false if the body isn't ASCII with short escapes only.
func unescapeASCII(dst, src []byte) (decoded, end int, ok bool) {
	i, j := 0, 0
	for len(src) >= 8 && i < len(src) && j+8 <= len(dst) {
		word := load(src, i)
		binary.LittleEndian.PutUint64(dst[j:], word)
		marks := special(word)
		if marks == 0 {
			i += 8
			j += 8
			continue
		}
		n := bits.TrailingZeros64(marks) >> 3
		i += n
		j += n
		if i+1 >= len(src) {
			break
		}
		if src[i] == '"' {
			return j, i, true
		}
		c := shortEscapes[src[i+1]]
		if src[i] != '\\' || c == 0 {
			break
		}
		dst[j] = c
		i += 2
		j++
	}
	return 0, 0, false
}

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
