package wire

import "unicode/utf8"

// maxDepth is how deep a datagram's JSON may nest. A request needs 4; only what the reference skips (the second value of a repeated key)
// could be deeper, and a bound keeps hostile datagrams from growing the stack.
const maxDepth = 32

// checker walks JSON text and finds whether it is valid, in the strict sense of RFC 8259 (but for the number grammar, see parseNumber), UTF-8
// and nested no deeper than maxDepth. It stands before fastjson in the place of fastjson's own Validate, which overlooks control characters
// before an escape, recurses without bound and copies the rest of the text into its errors, once per level.
type checker struct {
	text   []byte
	values int // how many values were seen
}

// document reports whether text is one object, without blanks before it. Blanks may follow.
func (c *checker) document() bool {
	if len(c.text) == 0 || c.text[0] != '{' {
		return false
	}
	end := c.value(0, 0)
	return end >= 0 && c.blanks(end) == len(c.text) && utf8.Valid(c.text)
}

// value returns the offset after the value at i, or -1 if there is no valid one.
func (c *checker) value(i, depth int) int {
	if i >= len(c.text) {
		return -1
	}
	c.values++
	switch c.text[i] {
	case '"':
		return c.string(i)
	case '{':
		return c.object(i, depth)
	case '[':
		return c.array(i, depth)
	case 't':
		return c.literal(i, "true")
	case 'f':
		return c.literal(i, "false")
	case 'n':
		return c.literal(i, "null")
	}
	return c.number(i)
}

func (c *checker) object(i, depth int) int {
	if depth == maxDepth {
		return -1
	}
	i = c.blanks(i + 1)
	if i < len(c.text) && c.text[i] == '}' {
		return i + 1
	}
	for {
		i = c.string(i)
		if i < 0 {
			return -1
		}
		i = c.blanks(i)
		if i >= len(c.text) || c.text[i] != ':' {
			return -1
		}
		i = c.value(c.blanks(i+1), depth+1)
		if i < 0 {
			return -1
		}
		i = c.blanks(i)
		if i >= len(c.text) {
			return -1
		}
		switch c.text[i] {
		case ',':
			i = c.blanks(i + 1)
		case '}':
			return i + 1
		default:
			return -1
		}
	}
}

func (c *checker) array(i, depth int) int {
	if depth == maxDepth {
		return -1
	}
	i = c.blanks(i + 1)
	if i < len(c.text) && c.text[i] == ']' {
		return i + 1
	}
	for {
		i = c.value(i, depth+1)
		if i < 0 {
			return -1
		}
		i = c.blanks(i)
		if i >= len(c.text) {
			return -1
		}
		switch c.text[i] {
		case ',':
			i = c.blanks(i + 1)
		case ']':
			return i + 1
		default:
			return -1
		}
	}
}

func (c *checker) string(i int) int {
	if i >= len(c.text) || c.text[i] != '"' {
		return -1
	}
	for i++; i < len(c.text); i++ {
		switch b := c.text[i]; {
		case b == '"':
			return i + 1
		case b < 0x20:
			return -1
		case b == '\\':
			i++
			if i >= len(c.text) {
				return -1
			}
			if c.text[i] == 'u' {
				if i+4 >= len(c.text) || !isHex(c.text[i+1:i+5]) {
					return -1
				}
				i += 4
			} else if shortEscapes[c.text[i]] == 0 {
				return -1
			}
		}
	}
	return -1
}

func isHex(digits []byte) bool {
	for _, c := range digits {
		if hexDigits[c] == notHex {
			return false
		}
	}
	return true
}

func (c *checker) number(i int) int {
	_, end := parseNumber(c.text[i:])
	if end < 0 {
		return -1
	}
	return i + end
}

func (c *checker) literal(i int, word string) int {
	if len(c.text)-i < len(word) || string(c.text[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func (c *checker) blanks(i int) int {
	for i < len(c.text) && isBlank(c.text[i]) {
		i++
	}
	return i
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\n' || c == '\t' || c == '\r'
}
