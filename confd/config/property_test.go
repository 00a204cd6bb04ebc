package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A jsonDraw draws JSON texts that fit a shape, in any spelling: any order of members, missing and repeated and unknown ones,
// nulls, escapes, white space.
type jsonDraw struct {
	*rapid.T
	depth int
}

func (d jsonDraw) chance(percent int, what string) bool {
	return rapid.IntRange(1, 100).Draw(d.T, what) <= percent
}

func (d jsonDraw) space() string {
	return rapid.SampledFrom([]string{"", "", "", " ", "\n\t\r "}).Draw(d.T, "space")
}

func (d jsonDraw) text() string { return d.spelled(rapid.String().Draw(d.T, "string")) }

// spelled is a JSON text of a string, with escapes where none are needed.
func (d jsonDraw) spelled(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	escape := d.chance(5, "escape")
	for _, r := range s {
		switch {
		case r < ' ' || r == '"' || r == '\\' || r < 0x10000 && escape:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// number draws numbers of at most 15 digits; longer ones aren't doubles, and those change twice.
func (d jsonDraw) number() string {
	return rapid.StringMatching(`-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,5})?([eE][+-]?[0-9])?`).Draw(d.T, "number")
}

func (d jsonDraw) items(n int, item func(i int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = d.space() + item(i) + d.space()
	}
	return strings.Join(items, ",")
}

func (d jsonDraw) few() int {
	if d.depth <= 0 {
		return 0
	}
	return rapid.IntRange(0, 3).Draw(d.T, "count")
}

func (d jsonDraw) deeper() jsonDraw { return jsonDraw{d.T, d.depth - 1} }

func (d jsonDraw) member(key, value string) string {
	return d.spelled(key) + d.space() + ":" + d.space() + value
}

func (d jsonDraw) free() string {
	switch rapid.IntRange(0, 6).Draw(d.T, "kind") {
	case 0:
		return "null"
	case 1:
		return "true"
	case 2:
		return d.number()
	case 3:
		return "[" + d.space() + d.items(d.few(), func(int) string { return d.deeper().free() }) + "]"
	case 4:
		return "{" + d.space() + d.items(d.few(), func(int) string { return d.member(rapid.String().Draw(d.T, "key"), d.deeper().free()) }) + "}"
	default:
		return d.text()
	}
}

func (d jsonDraw) value(s *shape) string {
	switch s.kind {
	case shapeText:
		return d.text()
	case shapeInt, shapeInteger, shapeFloat, shapeTime:
		return d.number()
	case shapeBool:
		return rapid.SampledFrom([]string{"true", "false"}).Draw(d.T, "bool")
	case shapeWord:
		return d.spelled(rapid.SampledFrom(s.words).Draw(d.T, "word"))
	case shapeObject:
		return d.object(s.fields)
	case shapeList:
		return "[" + d.items(d.few(), func(int) string { return d.deeper().value(s.elem) }) + "]"
	case shapeSet:
		return "[" + d.items(d.few(), func(int) string { return d.text() }) + "]"
	case shapeTuple:
		return "[" + d.items(len(s.tuple), func(i int) string { return d.value(s.tuple[i]) }) + "]"
	case shapeContainer:
		return "{" + d.items(d.few(), func(int) string { return d.member(d.key(s), d.deeper().value(s.elem)) }) + "}"
	case shapeSpecial:
		return d.special(s)
	}
	return d.free()
}

func (d jsonDraw) key(s *shape) string {
	if s.words != nil {
		return rapid.SampledFrom(s.words).Draw(d.T, "key")
	}
	return rapid.String().Draw(d.T, "key")
}

// special draws one of some values, that which fits.
func (d jsonDraw) special(s *shape) string {
	candidates := []string{`"192.0.2.1"`, `"192.0.2.0/24"`, `"0110"`, `"2g"`, `["a","b"]`, `2`, `7`, `["opcode",["!=","a","b"]]`, `["RATE_LIMIT",2]`, `"x"`}
	return rapid.SampledFrom(slices.DeleteFunc(candidates, func(c string) bool {
		_, problem := transcoded(s, c)
		return problem != ""
	})).Draw(d.T, "special")
}

// members draws known members of an object.
func (d jsonDraw) members(s *schema) []string {
	var members []string
	for i := range s.fields {
		rule := &s.fields[i]
		if rule.name == "forthcoming" || rule.name == "dev_type" {
			continue
		}
		required := rule.def == "" && (rule.need == mandatory || rule.need == always)
		if required || d.chance(60, "present") {
			members = append(members, d.member(rule.name, d.value(rule.shape)))
		}
	}
	if s == diskSchema {
		members = append(members, `"dev_type":"plain"`)
	}
	return members
}

// unknown draws members that no schema knows.
func (d jsonDraw) unknown() []string {
	members := make([]string, rapid.IntRange(0, 2).Draw(d.T, "unknown"))
	for i := range members {
		members[i] = d.member("x-"+rapid.String().Draw(d.T, "key"), d.deeper().free())
	}
	return members
}

func (d jsonDraw) object(s *schema) string {
	return d.joined(rapid.Permutation(append(d.members(s), d.unknown()...)).Draw(d.T, "order"))
}

func (d jsonDraw) joined(members []string) string {
	return "{" + d.items(len(members), func(i int) string { return members[i] }) + "}"
}

func canonical(t *rapid.T, kind Kind, object string) string {
	text, err := AppendCanonical(nil, kind, "K", []byte(object))
	if err != nil {
		t.Fatalf("%s: %v", object, err)
	}
	return string(text)
}

func drawKind(t *rapid.T) Kind { return Kind(rapid.IntRange(0, int(numKinds)-1).Draw(t, "kind")) }

func TestCanonicalTextIsItsOwnCanonicalText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := drawKind(t)
		once := canonical(t, kind, jsonDraw{t, 4}.object(schemas[kind]))
		if twice := canonical(t, kind, once); twice != once {
			t.Errorf("once  %s\ntwice %s", once, twice)
		}
		if !json.Valid([]byte(once)) {
			t.Errorf("not JSON: %s", once)
		}
	})
}

func TestOrderOfMembersDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := drawKind(t)
		draw := jsonDraw{t, 3}
		members := draw.members(schemas[kind])
		want := canonical(t, kind, draw.joined(members))
		if got := canonical(t, kind, draw.joined(rapid.Permutation(members).Draw(t, "other order"))); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// encoding/json sees the same values in what is read as in what is written.
func TestFreeValuesKeepTheirMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := jsonDraw{t, 4}.free()
		out, problem := transcoded(free, in)
		var a, b any
		if problem != "" || json.Unmarshal([]byte(in), &a) != nil || json.Unmarshal([]byte(out), &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %s\n in %v\nout %v", in, problem, a, b)
		}
	})
}

func TestNoPrefixOfAnObjectIsAccepted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := drawKind(t)
		object := jsonDraw{t, 3}.object(schemas[kind])
		n := rapid.IntRange(0, len(object)-1).Draw(t, "length")
		if _, err := AppendCanonical(nil, kind, "K", []byte(object[:n])); err == nil || errors.Is(err, ErrOldLayout) {
			t.Errorf("%s: %v", object[:n], err)
		}
	})
}

func TestTypedObjectsOfAnyForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := jsonDraw{t, 3}
		typedForm[Cluster](t, draw)
		typedForm[Instance](t, draw)
		typedForm[Disk](t, draw)
		typedForm[Group](t, draw)
		typedForm[FilterRule](t, draw)
	})
}

func typedForm[T Typed](t *rapid.T, draw jsonDraw) {
	kind := kindFor[T]()
	text := canonical(t, kind, draw.object(schemas[kind]))
	if strings.Contains(text, `"uuid":""`) {
		return // which the structs take for absent
	}
	v, err := Decode[T]([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := encode(v, "K"); err != nil || string(got) != text {
		t.Errorf("%v\n got %s\nwant %s", err, got, text)
	}
}
