package config

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const lowerHex = "0123456789abcdef"

// escapeASCII returns the body of a JSON string that stands for text and holds ASCII only, as Python's json module writes it.
// Bytes that are no UTF-8 become U+FFFD.
func escapeASCII(text string) string {
	if plainASCII(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r >= 0x20 && r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			writeUnicodeEscape(&b, high)
			writeUnicodeEscape(&b, low)
		default:
			writeUnicodeEscape(&b, r)
		}
	}
	return b.String()
}

func writeUnicodeEscape(b *strings.Builder, r rune) {
	b.WriteString(`\u`)
	for shift := 12; shift >= 0; shift -= 4 {
		b.WriteByte(lowerHex[r>>shift&0xf])
	}
}

// plainASCII says whether text is its own JSON string body.
func plainASCII(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// unescape returns the text that the body of a valid JSON string stands for. Lone surrogates become U+FFFD.
func unescape(body string) string {
	if strings.IndexByte(body, '\\') < 0 {
		return body
	}
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' || i+1 == len(body) {
			out = append(out, body[i])
			continue
		}
		i++
		switch c := body[i]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, used := unicodeEscape(body[i+1:])
			out = utf8.AppendRune(out, r)
			i += used
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// unicodeEscape reads what follows \u in text: four digits, and after a high surrogate another escape with its low one.
func unicodeEscape(text string) (r rune, used int) {
	r, ok := hexRune(text)
	if !ok {
		return utf8.RuneError, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if len(text) >= 10 && text[4] == '\\' && text[5] == 'u' {
		if low, ok := hexRune(text[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return both, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func hexRune(text string) (r rune, ok bool) {
	if len(text) < 4 {
		return 0, false
	}
	for _, c := range []byte(text[:4]) {
		digit := strings.IndexByte(lowerHex, c|0x20)
		if c >= '0' && c <= '9' {
			digit = int(c - '0')
		}
		if digit < 0 {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}
