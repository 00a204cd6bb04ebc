package config

import (
	"iter"
	"strconv"
	"strings"
)

// A value is one JSON value of a small tree: one object of config.data that the generator builds or an upgrade step changes.
// Whole documents are never held as trees, so the tree prefers being easy to change over being small.
type value struct {
	kind    valueKind
	text    string // number: its digits; string: its body as escaped in the file, without the quotes; bool: true or false
	items   []value
	members []member
}

// A member is a key, escaped as in the file, with its value. The order of members is the order in the file.
type member struct {
	key   string
	value value
}

type valueKind uint8

const (
	valueNull valueKind = iota
	valueBool
	valueNumber
	valueString
	valueArray
	valueObject
)

func nullValue() value                    { return value{} }
func intValue(n int) value                { return value{kind: valueNumber, text: strconv.Itoa(n)} }
func numValue(digits string) value        { return value{kind: valueNumber, text: digits} }
func arrayValue(items ...value) value     { return value{kind: valueArray, items: items} }
func objectValue(members ...member) value { return value{kind: valueObject, members: members} }

// rawString takes text that needs no escaping, or is escaped already.
func rawString(text string) value { return value{kind: valueString, text: text} }

func boolValue(b bool) value {
	return value{kind: valueBool, text: strconv.FormatBool(b)}
}

// textValue escapes text. Non-ASCII characters become \u escapes: config.data stays readable in every locale that way.
func textValue(text string) value {
	return value{kind: valueString, text: escapeASCII(text)}
}

func stringsValue(texts ...string) value {
	items := make([]value, len(texts))
	for i, text := range texts {
		items[i] = textValue(text)
	}
	return value{kind: valueArray, items: items}
}

func field(key string, v value) member { return member{key, v} }

// get returns the first member called key, nil if there is none or v is no object. The reference takes the first of repeated keys too.
func (v *value) get(key string) *value {
	if v == nil {
		return nil
	}
	for i := range v.members {
		if v.members[i].key == key {
			return &v.members[i].value
		}
	}
	return nil
}

// has says whether key is there with another value than null, which the reference reads like a missing key.
func (v *value) has(key string) bool {
	found := v.get(key)
	return found != nil && found.kind != valueNull
}

// set replaces key's value, or appends the member.
func (v *value) set(key string, to value) {
	if found := v.get(key); found != nil {
		*found = to
		return
	}
	v.members = append(v.members, member{key, to})
}

// setDefault sets key unless it has a value.
func (v *value) setDefault(key string, to value) {
	if !v.has(key) {
		v.set(key, to)
	}
}

// remove deletes every member called key.
func (v *value) remove(keys ...string) {
	for _, key := range keys {
		kept := v.members[:0]
		for _, m := range v.members {
			if m.key != key {
				kept = append(kept, m)
			}
		}
		v.members = kept
	}
}

// str returns the decoded text of a string, "" for anything else and for nil.
func (v *value) str() string {
	if v == nil || v.kind != valueString {
		return ""
	}
	if strings.IndexByte(v.text, '\\') < 0 {
		return v.text
	}
	return string(Unquote(nil, []byte(`"`+v.text+`"`)))
}

func (v *value) isTrue() bool { return v != nil && v.kind == valueBool && v.text == "true" }

// empty says whether v counts as nothing in a condition of the reference's Python code.
func (v *value) empty() bool {
	if v == nil {
		return true
	}
	switch v.kind {
	case valueNull:
		return true
	case valueBool:
		return v.text == "false"
	case valueString:
		return v.text == ""
	case valueArray:
		return len(v.items) == 0
	case valueObject:
		return len(v.members) == 0
	}
	n, err := strconv.ParseFloat(v.text, 64)
	return err == nil && n == 0
}

// clone copies v so that changing the copy leaves v alone.
func (v value) clone() value {
	if v.items != nil {
		items := make([]value, len(v.items))
		for i := range v.items {
			items[i] = v.items[i].clone()
		}
		v.items = items
	}
	if v.members != nil {
		members := make([]member, len(v.members))
		for i, m := range v.members {
			members[i] = member{m.key, m.value.clone()}
		}
		v.members = members
	}
	return v
}

// A valueStyle is how values become text.
type valueStyle struct {
	comma, colon string
}

var (
	compactStyle = valueStyle{",", ":"}   // wconfd's
	pythonStyle  = valueStyle{", ", ": "} // the json module's default
)

// appendTo appends v's text.
func (v *value) appendTo(dst []byte, style valueStyle) []byte {
	switch v.kind {
	case valueNull:
		return append(dst, "null"...)
	case valueBool, valueNumber:
		return append(dst, v.text...)
	case valueString:
		return appendQuotedRaw(dst, v.text)
	case valueArray:
		dst = append(dst, '[')
		for i := range v.items {
			if i > 0 {
				dst = append(dst, style.comma...)
			}
			dst = v.items[i].appendTo(dst, style)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	for i := range v.members {
		if i > 0 {
			dst = append(dst, style.comma...)
		}
		dst = appendQuotedRaw(dst, v.members[i].key)
		dst = append(dst, style.colon...)
		dst = v.members[i].value.appendTo(dst, style)
	}
	return append(dst, '}')
}

func appendQuotedRaw(dst []byte, body string) []byte {
	dst = append(dst, '"')
	dst = append(dst, body...)
	return append(dst, '"')
}

// eachItem yields the items of a list, so that they can be changed; nothing of any other value.
func eachItem(v *value) iter.Seq[*value] {
	return func(yield func(*value) bool) {
		if v == nil {
			return
		}
		for i := range v.items {
			if !yield(&v.items[i]) {
				return
			}
		}
	}
}
