package config

import (
	"bytes"
	"iter"
)

// The functions of this file work on canonical text, as Object.Text and Document hold it: valid JSON without white space.
// Given anything else they return something, but not something useful. None of them allocates.

// Elements iterates over the elements of a list. Of anything else it yields nothing.
func Elements(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(list) < 2 || list[0] != '[' {
			return
		}
		for rest := list[1:]; len(rest) > 0 && rest[0] != ']'; {
			n := valueEnd(rest)
			if !yield(rest[:n]) {
				return
			}
			rest = rest[n:]
			if len(rest) > 0 && rest[0] == ',' {
				rest = rest[1:]
			}
		}
	}
}

// Members iterates over the members of an object: the quoted key and the value. Of anything else it yields nothing.
func Members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		if len(object) < 2 || object[0] != '{' {
			return
		}
		for rest := object[1:]; len(rest) > 0 && rest[0] == '"'; {
			n := stringEnd(rest)
			key := rest[:n]
			if n == len(rest) {
				return
			}
			rest = rest[n+1:]
			n = valueEnd(rest)
			if !yield(key, rest[:n]) {
				return
			}
			rest = rest[n:]
			if len(rest) > 0 && rest[0] == ',' {
				rest = rest[1:]
			}
		}
	}
}

// Unquote appends the string that a quoted text stands for. The text between the quotes is it, if it has no backslash.
func Unquote(dst, text []byte) []byte {
	if len(text) < 2 || text[0] != '"' {
		return dst
	}
	body := text[1 : len(text)-1]
	for {
		i := bytes.IndexByte(body, '\\')
		if i < 0 {
			return append(dst, body...)
		}
		dst = append(dst, body[:i]...)
		c, n := bodyByte(body[i:])
		dst = append(dst, c)
		body = body[i+n:]
	}
}

// AppendQuoted appends a string, in quotes, as the reference writes it: only quotes, backslashes and control characters below
// space are escaped. The string must be valid UTF-8.
func AppendQuoted[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		dst = appendEscaped(dst, s[i])
	}
	return append(dst, '"')
}

// lowerHex has the digits of the escapes that the reference writes.
const lowerHex = "0123456789abcdef"

// appendEscaped appends one byte of a string.
func appendEscaped(dst []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c >= ' ':
		return append(dst, c)
	case c == '\b':
		return append(dst, '\\', 'b')
	case c == '\f':
		return append(dst, '\\', 'f')
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c == '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', '0'+c>>4, lowerHex[c&15])
	}
}

// bodyByte returns the first byte of a string, given as canonical text between quotes, and the length of its text.
func bodyByte(body []byte) (c byte, n int) {
	if body[0] != '\\' || len(body) < 2 {
		return body[0], 1
	}
	switch body[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		if len(body) < 6 {
			return 0, len(body)
		}
		return hexDigit(body[4])<<4 | hexDigit(body[5]), 6
	default:
		return body[1], 2
	}
}

// valueEnd returns the length of the value that text starts with, at least 1 unless text is empty.
func valueEnd(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	switch text[0] {
	case '"':
		return stringEnd(text)
	case '[', '{':
		return nestedEnd(text)
	}
	for i, c := range text {
		if i > 0 && (c == ',' || c == ']' || c == '}') {
			return i
		}
	}
	return len(text)
}

// stringEnd returns the length of the quoted string that text starts with.
func stringEnd(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(text)
}

// nestedEnd returns the length of the list or object that text starts with.
func nestedEnd(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += stringEnd(text[i:]) - 1
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}
