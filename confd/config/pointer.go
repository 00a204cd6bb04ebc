package config

import (
	"bytes"
	"iter"
)

// A pointer names a value inside the configuration, as request type 10 does: "/cluster/tags/0". It is a JSON pointer
// (RFC 6901) with the reference's own view of what is well-formed:
//
//   - it begins with a slash, and so names at least one token;
//   - a token is one character or more; ~1 stands for a slash, ~0 for a tilde. Only at the very end a token may be empty;
//   - at the first byte that doesn't fit, the pointer ends, and what was read so far counts.

// Tokens iterates over the tokens of a pointer, as they are written: [Lookup] understands the escapes. A pointer that is
// malformed from the start has none. It doesn't allocate.
func Tokens(pointer []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest := pointer; len(rest) > 0 && rest[0] == '/'; {
			rest = rest[1:]
			n := tokenEnd(rest)
			if n == 0 && len(rest) > 0 || !yield(rest[:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// tokenEnd returns the length of the token that text starts with.
func tokenEnd(text []byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '/':
			return i
		case '~':
			if i+1 == len(text) || text[i+1] != '0' && text[i+1] != '1' {
				return i
			}
			i++
		}
	}
	return len(text)
}

// Lookup returns the value that a token of a pointer names inside canonical text: the first member of an object with that
// name, or the element of a list with that index. It returns nil if there is none, and inside anything else. It doesn't
// allocate.
func Lookup(text, token []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	switch text[0] {
	case '{':
		for key, value := range Members(text) {
			if keyIs(key, token) {
				return value
			}
		}
	case '[':
		index, ok := listIndex(token)
		for value := range Elements(text) {
			if !ok || index < 0 {
				return nil
			}
			if index == 0 {
				return value
			}
			index--
		}
	}
	return nil
}

// Evaluate returns the value that a pointer names inside canonical text, nil if there is none. The reference's pointers can't
// name the text as a whole. It doesn't allocate.
func Evaluate(text, pointer []byte) []byte {
	met := false
	for token := range Tokens(pointer) {
		text, met = Lookup(text, token), true
	}
	if !met {
		return nil
	}
	return text
}

// keyIs reports whether a quoted key is the name that a token stands for.
func keyIs(key, token []byte) bool {
	body := key[1 : len(key)-1]
	if len(body) == len(token) && bytes.IndexByte(token, '~') < 0 && bytes.IndexByte(body, '\\') < 0 {
		return string(body) == string(token)
	}
	for len(body) > 0 && len(token) > 0 {
		x, n := bodyByte(body)
		y, m := tokenByte(token)
		if x != y {
			return false
		}
		body, token = body[n:], token[m:]
	}
	return len(body) == 0 && len(token) == 0
}

// tokenByte returns the first byte that a token stands for, and the length of its text.
func tokenByte(token []byte) (c byte, n int) {
	if token[0] != '~' || len(token) < 2 {
		return token[0], 1
	}
	if token[1] == '1' {
		return '/', 2
	}
	return '~', 2
}

// AppendToken appends the name that a token of a pointer stands for.
func AppendToken(dst, token []byte) []byte {
	for len(token) > 0 {
		c, n := tokenByte(token)
		dst = append(dst, c)
		token = token[n:]
	}
	return dst
}

// listIndex returns the index that a token stands for: its longest prefix of digits, modulo 2^64, as a signed number.
func listIndex(token []byte) (index int64, ok bool) {
	n := uint64(0)
	for i, c := range token {
		if !isDigit(c) {
			return int64(n), i > 0
		}
		n = n*10 + uint64(c-'0')
	}
	return int64(n), len(token) > 0
}
