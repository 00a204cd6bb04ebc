package config

import (
	"slices"
	"strings"
)

// A valueParser turns JSON without white space, such as canonical text, into trees. The text must be valid. Trees refer to it.
type valueParser struct {
	text    string
	pos     int
	items   []value  // of the lists that are open
	members []member // of the objects that are open
}

func (p *valueParser) parse(text string) value {
	p.text, p.pos = text, 0
	return p.value()
}

// constantValue is for texts of the program.
func constantValue(text string) value { return new(valueParser).parse(text) }

func (p *valueParser) value() value {
	switch p.text[p.pos] {
	case '"':
		return rawString(p.quoted())
	case '[':
		return p.list()
	case '{':
		return p.object()
	}
	start := p.pos
	for p.pos < len(p.text) && strings.IndexByte(",]}", p.text[p.pos]) < 0 {
		p.pos++
	}
	switch word := p.text[start:p.pos]; word {
	case "null":
		return nullValue()
	case "true", "false":
		return value{kind: valueBool, text: word}
	default:
		return numValue(word)
	}
}

// quoted returns the body of a string.
func (p *valueParser) quoted() string {
	p.pos++
	start := p.pos
	for p.text[p.pos] != '"' {
		if p.text[p.pos] == '\\' {
			p.pos++
		}
		p.pos++
	}
	p.pos++
	return p.text[start : p.pos-1]
}

func (p *valueParser) list() value {
	base := len(p.items)
	for p.another(']') {
		p.items = append(p.items, p.value())
	}
	items := slices.Clone(p.items[base:])
	p.items = p.items[:base]
	return value{kind: valueArray, items: items}
}

func (p *valueParser) object() value {
	base := len(p.members)
	for p.another('}') {
		key := p.quoted()
		p.pos++ // the colon
		p.members = append(p.members, member{key, p.value()})
	}
	members := slices.Clone(p.members[base:])
	p.members = p.members[:base]
	return value{kind: valueObject, members: members}
}

// another steps over the opening bracket or a comma, or over the bracket that ends the value.
func (p *valueParser) another(end byte) bool {
	p.pos++
	switch {
	case p.text[p.pos-1] == end:
		return false
	case p.text[p.pos] == end:
		p.pos++
		return false
	}
	return true
}
