package config

import (
	"errors"
	"fmt"
	"strings"
)

// maxValueDepth bounds how deeply values may nest where a tree is built. config.data needs nine levels, a job filter's expression
// perhaps a dozen more; the limit keeps hostile input from exhausting the stack.
const maxValueDepth = 100

var (
	errValueDepth = fmt.Errorf("nested more than %d levels deep", maxValueDepth)
	errValueEnd   = errors.New("unexpected end")
)

// A valueParser reads strict JSON (RFC 8259) from a text. Strings and numbers are kept as they are written.
type valueParser struct {
	text string
	pos  int
}

// parseValue reads exactly one value from text; leading and trailing white space is fine.
func parseValue(text string) (value, error) {
	p := valueParser{text: text}
	v, err := p.value(0)
	if err == nil {
		p.space()
		if p.pos < len(text) {
			err = errors.New("unexpected data after the value")
		}
	}
	if err != nil {
		return value{}, fmt.Errorf("byte %d: %w", p.pos, err)
	}
	return v, nil
}

// mustParseValue is for constants of the program.
func mustParseValue(text string) value {
	v, err := parseValue(text)
	if err != nil {
		panic("config: constant is no JSON: " + err.Error())
	}
	return v
}

func (p *valueParser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *valueParser) peek() byte {
	p.space()
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *valueParser) expect(c byte) error {
	switch got := p.peek(); {
	case got == c:
		p.pos++
		return nil
	case p.pos == len(p.text):
		return errValueEnd
	default:
		return fmt.Errorf("expected %q, found %q", c, got)
	}
}

func (p *valueParser) value(depth int) (value, error) {
	if depth > maxValueDepth {
		return value{}, errValueDepth
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		text, err := p.quoted()
		return value{kind: valueString, text: text}, err
	case c == '-' || c >= '0' && c <= '9':
		text, err := p.number()
		return value{kind: valueNumber, text: text}, err
	case p.pos == len(p.text):
		return value{}, errValueEnd
	}
	return p.word()
}

func (p *valueParser) word() (value, error) {
	for _, word := range [...]string{"true", "false", "null"} {
		if !strings.HasPrefix(p.text[p.pos:], word) {
			continue
		}
		p.pos += len(word)
		if word == "null" {
			return nullValue(), nil
		}
		return boolValue(word == "true"), nil
	}
	return value{}, fmt.Errorf("no value begins with %q", p.text[p.pos])
}

func (p *valueParser) object(depth int) (value, error) {
	v := value{kind: valueObject}
	p.pos++
	if p.peek() == '}' {
		p.pos++
		return v, nil
	}
	for {
		key, err := p.key()
		if err != nil {
			return v, err
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.members = append(v.members, member{key, item})
		if p.peek() != ',' {
			return v, p.expect('}')
		}
		p.pos++
	}
}

// key reads a member's key with its colon.
func (p *valueParser) key() (string, error) {
	if p.peek() != '"' {
		return "", p.expect('"')
	}
	key, err := p.quoted()
	if err != nil {
		return "", err
	}
	return key, p.expect(':')
}

func (p *valueParser) array(depth int) (value, error) {
	v := value{kind: valueArray}
	p.pos++
	if p.peek() == ']' {
		p.pos++
		return v, nil
	}
	for {
		item, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.items = append(v.items, item)
		if p.peek() != ',' {
			return v, p.expect(']')
		}
		p.pos++
	}
}

// quoted reads a string and returns its body as written.
func (p *valueParser) quoted() (string, error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			p.pos++
			return p.text[start : p.pos-1], nil
		case c < 0x20:
			return "", fmt.Errorf("control character %#02x in a string", c)
		case c == '\\':
			if err := p.escape(); err != nil {
				return "", err
			}
		default:
			p.pos++
		}
	}
	return "", errValueEnd
}

func (p *valueParser) escape() error {
	p.pos++
	if p.pos == len(p.text) {
		return errValueEnd
	}
	switch c := p.text[p.pos]; c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.pos++
		return nil
	case 'u':
		if _, ok := hexRune(p.text[p.pos+1:]); !ok {
			return errors.New(`\u needs four hexadecimal digits`)
		}
		p.pos += 5
		return nil
	default:
		return fmt.Errorf(`unknown escape \%c`, c)
	}
}

func (p *valueParser) number() (string, error) {
	start := p.pos
	if p.text[p.pos] == '-' {
		p.pos++
	}
	first := p.pos
	if err := p.digits(); err != nil {
		return "", err
	}
	if p.text[first] == '0' && p.pos > first+1 {
		return "", errors.New("number with a leading zero")
	}
	if p.pos < len(p.text) && p.text[p.pos] == '.' {
		p.pos++
		if err := p.digits(); err != nil {
			return "", err
		}
	}
	if p.pos < len(p.text) && p.text[p.pos]|0x20 == 'e' {
		p.pos++
		if p.pos < len(p.text) && (p.text[p.pos] == '+' || p.text[p.pos] == '-') {
			p.pos++
		}
		if err := p.digits(); err != nil {
			return "", err
		}
	}
	return p.text[start:p.pos], nil
}

func (p *valueParser) digits() error {
	start := p.pos
	for p.pos < len(p.text) && p.text[p.pos] >= '0' && p.text[p.pos] <= '9' {
		p.pos++
	}
	if p.pos == start {
		return errors.New("number without digits")
	}
	return nil
}
