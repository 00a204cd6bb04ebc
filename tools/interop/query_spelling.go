package main

import (
	"fmt"
	"slices"
	"strings"
)

// quote writes text as a JSON string.
func (g *queryGenerator) quote(text string) string { return quoteASCII(text) }

// A message is a request before it is written: members as JSON texts, "" for one that is left out.
type message struct {
	protocol, typ, query, rsalt string
	extra                       []string // further members, as written
}

// A spelling is a way to write JSON that changes nothing of what it means.
type spelling struct {
	colon, comma string
	open, end    string            // after the opening and after the closing brace
	order        [4]int            // of the members
	keys         map[string]string // how a key is written, where it isn't as usual
}

// plainSpelling is how Python's json writes a message.
var plainSpelling = spelling{colon: ": ", comma: ", ", order: [4]int{0, 1, 2, 3}}

func (m message) text(s spelling) string {
	values := [4]string{m.protocol, m.typ, m.query, m.rsalt}
	var members []string
	for _, i := range s.order {
		if values[i] == "" {
			continue
		}
		key := [4]string{"protocol", "type", "query", "rsalt"}[i]
		if spelt := s.keys[key]; spelt != "" {
			key = spelt
		}
		members = append(members, `"`+key+`"`+s.colon+values[i])
	}
	members = append(members, m.extra...)
	return "{" + s.open + strings.Join(members, s.comma) + "}" + s.end
}

// blanks are white space to the reference: what Unicode calls a space separator, and the controls that C's isspace takes.
var blanks = []string{"", " ", "  ", "\t", "\n", "\r", "\r\n", " \n\t", "\v", "\f", "\u00a0", "\u1680", "\u2003", "\u202f", "\u205f", "\u3000"}

// jsonBlanks is how many of them are white space to JSON, and so to ours.
const jsonBlanks = 8

// notBlanks are not.
var notBlanks = []string{"\x00", "\x1f", "\x7f", "\u0085", "\u180e", "\u200b", "\u2028", "\ufeff", ",", ":", "/**/", "//\n"}

// A variant is an odd way to write a message: one that means the same, or nearly.
type variant struct {
	about string
	text  string
	meets string // the documented difference that it may show
}

// oddMessages are all odd ways to write a message.
func oddMessages(m message) []variant {
	all := []variant{}
	add := func(about string, m message, s spelling, meets string) {
		all = append(all, variant{about, m.text(s), meets})
	}
	s := plainSpelling
	s.colon, s.comma = ":", ","
	add("compact", m, s, "")
	for i, blank := range slices.Concat(blanks, notBlanks) {
		meets := ""
		if i >= jsonBlanks {
			meets = blanksDiffer
		}
		for place := range 4 {
			s := plainSpelling
			*[]*string{&s.colon, &s.comma, &s.open, &s.end}[place] = []string{blank + ":" + blank, blank + "," + blank, blank, blank}[place]
			add(fmt.Sprintf("blank %q", blank), m, s, meets)
		}
	}
	for _, order := range [][4]int{{3, 2, 1, 0}, {2, 0, 3, 1}, {1, 3, 0, 2}} {
		s := plainSpelling
		s.order = order
		add("another order", m, s, "")
	}
	s = plainSpelling
	s.keys = map[string]string{"type": `t\u0079pe`, "rsalt": `\u0072salt`, "query": `quer\u0079`, "protocol": `pr\u006Ftocol`}
	add("escaped keys", m, s, "")
	for _, extra := range oddMembers {
		with := m
		with.extra = []string{extra}
		add("further member "+extra, with, plainSpelling, "")
	}
	for _, query := range []string{escapeQuery(m.query), "", "null"} {
		with := m
		with.query = query
		add("query "+query, with, plainSpelling, "")
	}
	for _, protocol := range oddProtocols {
		with := m
		with.protocol = protocol
		add("protocol "+protocol, with, plainSpelling, "")
	}
	for _, typ := range oddNumbers(m.typ) {
		with := m
		with.typ = typ
		add("type "+typ, with, plainSpelling, wrapping(typ))
	}
	for _, rsalt := range oddRsalts {
		with := m
		with.rsalt = rsalt
		add("rsalt "+rsalt, with, plainSpelling, surrogates(rsalt))
	}
	for _, text := range []string{" " + m.text(plainSpelling), "\ufeff" + m.text(plainSpelling), "[" + m.text(plainSpelling) + "]", "", "{}", "null", "[]", `""`, "0", m.text(plainSpelling) + "x"} {
		all = append(all, variant{about: "text", text: text})
	}
	return all
}

// oddMembers are members that a request has already, or must not have.
var oddMembers = []string{
	`"type": 4`, `"query": 5`, `"rsalt": "second"`, `"protocol": "x"`, `"query": null`, `"type": null`, `"extra": 1`, `"": null`, `"Type": 0`, `"key_selector": "x"`, `"x": [[[[{}]]]]`, ``, `5`, `"type"`,
}

var oddProtocols = []string{"0", "2", "-1", "1.5", "99", "1e3", "18446744073709551617", "1.", "01", "+1", `"1"`, "null", "true", "false", "[]", "[1]", "{}", "", "0x1", "nan", "1e400", "-0", "-", "1.e1", "1e", "tru"}

// oddNumbers are numbers near n, and things that are none.
func oddNumbers(n string) []string {
	return []string{
		n + ".0", n + ".4", n + ".5", n + ".50000000000000000000000001", n + ".", n + "e0", n + "E0", n + "e+0", n + "e-0", n + "0e-1", n + ".49999999999999999999999999999",
		"-0", "-0.5", "-0.50000000001", "0.5", "1.5", "2.5", "3.5", "10.5", "11.4", "11.5", "-1", "12", "99", "255", "256", "18446744073709551616", "18446744073709551620", "-18446744073709551612",
		"36893488147419103236", "4e-400", "4e400", "4e19", "0" + n, "00", "+" + n, "- " + n, "--" + n, n + "-2", n + "_0", "0x" + n, "0o" + n, "(" + n + ")", `"` + n + `"`, "[" + n + "]", "null", "true",
		"nan", "NaN", "Infinity", "-Infinity", n + "e", n + "e+", "." + n, n + ".e1", n + ".0.0", n + "f", "1e1e1", "0e0", "0.0e-5", "-", "",
	}
}

// wrapping is the documented difference of numbers that only the reference takes, as it counts modulo 2^64.
func wrapping(number string) string {
	if strings.Contains(number, "e4") || strings.Trim(number, "-0123456789") == "" && len(number) > len("9223372036854775807") {
		return numbersDiffer
	}
	return ""
}

// surrogates is the documented difference of characters that are two, or half of one, to the reference.
func surrogates(text string) string {
	if strings.Contains(text, `\ud`) {
		return utf8Differs
	}
	return ""
}

var oddRsalts = []string{
	`""`, "5", "null", "true", "[]", `["a","b"]`, `["ab"]`, `[""]`, `["a",1]`, `["a",["b"]]`, "{}", `"a\"b\\c\n"`, `"\u0000\u001f\u007f"`, `"\/\b\f\n\r\t"`, "\"tab\traw\"", "\"line\nraw\"", `"\x"`, `"\u12"`,
	`"\u12g4"`, `"\U0041"`, `"\u+041"`, `"open`, `'x'`, "", `"` + strings.Repeat("long", 200) + `"`, `"é"`, `"\u00e9\u2603"`, `"\ud834\udd1e"`, `"\ud834"`, `"\udd1e\ud834"`, `"\uFFFF"`,
}

// oddMessage writes a message in an odd way.
func (g *queryGenerator) oddMessage(m message) variant { return oneOf(g, oddMessages(m)) }

// escapeQuery writes the letters of a string with escapes.
func escapeQuery(text string) string {
	if len(text) < 2 || text[0] != '"' || strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range text[1 : len(text)-1] {
		switch {
		case r == '/':
			b.WriteString(`\/`)
		case i%2 == 0 && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
