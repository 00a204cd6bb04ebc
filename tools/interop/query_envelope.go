package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An envelope is a way to wrap a message into a datagram. Its texts have places for what is only known when it is sent: {msg}, {salt} and
// {hmac} (as JSON, with their quotes) in the datagram, {now} and the like in the salt.
type envelope struct {
	template string // of the datagram, after the magic
	magic    string
	salt     string
	quote    func(text string) string // writes msg, salt and hmac as JSON
	seal     func(hmac string) string // changes the signature
	skew     int64                    // seconds
	about    string
	meets    string // the documented difference that it may show
}

// pythonEnvelope is that of the reference's Python client.
var pythonEnvelope = envelope{
	template: `{"msg": {msg}, "salt": {salt}, "hmac": {hmac}}`, magic: magic, salt: "{now}",
	quote: quoteASCII, seal: func(hmac string) string { return hmac },
}

func (e envelope) datagram(key []byte, now int64, msg string) []byte {
	at := now + e.skew
	hex := strconv.FormatInt(at, 16)
	salt := strings.NewReplacer("{now}", strconv.FormatInt(at, 10), "{hex}", hex, "{HEX}", strings.ToUpper(hex), "{octal}", strconv.FormatInt(at, 8), "{binary}", strconv.FormatInt(at, 2)).Replace(e.salt)
	hmac := e.seal(signature(key, salt, msg))
	body := strings.NewReplacer("{msg}", e.quote(msg), "{salt}", e.quote(salt), "{hmac}", e.quote(hmac)).Replace(e.template)
	return []byte(e.magic + body)
}

// oddTemplates are ways to write the envelope's JSON, some of them wrong.
var oddTemplates = []string{
	`{"msg":{msg},"salt":{salt},"hmac":{hmac}}`, `{"hmac":{hmac},"salt":{salt},"msg":{msg}}`, `{"salt":{salt},"msg":{msg},"hmac":{hmac}}`, `{"hmac":{hmac},"msg":{msg},"salt":{salt}}`,
	`{"\u006dsg":{msg},"s\u0061lt":{salt},"hma\u0063":{hmac}}`, `{"msg":{msg},"salt":{salt},"hmac":{hmac},"msg":5}`, `{"msg":5,"msg":{msg},"salt":{salt},"hmac":{hmac}}`,
	`{"msg":{msg},"salt":{salt},"hmac":{hmac},"x":null}`, `{"msg":{msg},"salt":{salt},"hmac":{hmac},"":""}`, `[{"msg":{msg},"salt":{salt},"hmac":{hmac}}]`, `{"msg":{msg},"salt":{salt},"hmac":{hmac},}`,
	`{,"msg":{msg},"salt":{salt},"hmac":{hmac}}`, `{"msg":{msg},,"salt":{salt},"hmac":{hmac}}`, `{"msg":{msg} "salt":{salt},"hmac":{hmac}}`, `{"msg"{msg},"salt":{salt},"hmac":{hmac}}`,
	`{"msg":{msg},"salt":{salt},"hmac":{hmac}}x`, `{"msg":{msg},"salt":{salt},"hmac":{hmac}}}`, `{"msg":{msg},"salt":{salt},"hmac":{hmac}}{}`, ` {"msg":{msg},"salt":{salt},"hmac":{hmac}}`,
	`{"msg":{msg},"salt":{salt}}`, `{"msg":{msg},"hmac":{hmac}}`, `{"salt":{salt},"hmac":{hmac}}`, `{"msg":{msg},"salt":{salt},"hmac":{hmac}`, `"msg":{msg},"salt":{salt},"hmac":{hmac}}`,
	`{"Msg":{msg},"salt":{salt},"hmac":{hmac}}`, "{\"msg\":{msg},\"salt\":{salt},\"hmac\":{hmac}}\x00", "{\"msg\":{msg},\"salt\":{salt},\"hmac\":{hmac}}\x7f", `{}`, `[]`, ``, `null`, `"x"`, `5`, `{`, `}`,
	`{"msg":null,"salt":{salt},"hmac":{hmac}}`, `{"msg":{msg},"salt":null,"hmac":{hmac}}`, `{"msg":{msg},"salt":{salt},"hmac":null}`, `{"msg":{msg},"salt":{now},"hmac":{hmac}}`, `{'msg':{msg},'salt':{salt},'hmac':{hmac}}`,
	`{msg:{msg},salt:{salt},hmac:{hmac}}`, `{"msg":{msg},"salt":{salt},"hmac":{hmac}} {msg}`, `{"msg":[{msg}],"salt":{salt},"hmac":{hmac}}`, `{"msg":{"":{msg}},"salt":{salt},"hmac":{hmac}}`,
}

// oddSalts are ways to write the time: with blanks, brackets, in other bases, and some that are refused.
var oddSalts = []string{
	" {now}", "\t{now}", "\n{now}", "\v{now}", "\r\f{now}", "\u00a0{now}", "\u3000{now}", "\u0085{now}", "\u2028{now}", "0{now}", "000{now}", "({now})", "(({now}))", "( {now} )", " ( {now})", "((( {now}) ) )",
	"0x{hex}", "0X{HEX}", "0x{HEX}", "0x000{hex}", "0o{octal}", "0O{octal}", " (0x{hex})", "{now} ", "{now}\n", "({now}) ", "0b{binary}", "{now}.0", "{now}.", "{now}e0", "{now}0e-1", "+{now}", "-{now}", "- {now}",
	"--{now}", "-({now})", "(-{now})", "", " ", "()", "( )", "({now}", "{now})", "(({now})", "x", "0x", "0o", "0x{hex}g", "0o{octal}8", "00x{hex}", "{now}_0", "{now}junk", "1e9", "{now} {now}", "{-c-}{now}",
	"{now}--", "'{now}'", "\"{now}\"", "\x00{now}", "{now}\x00", "99999999999999999999999999", "-1", "0", "-0", "٣", "{hex}", "{octal}", "[{now}]", "{now},", "({now},{now})",
}

// oddSeals are signatures that are not as they should be, and two that pass all the same.
var oddSeals = []func(string) string{
	strings.ToUpper,
	func(h string) string { return strings.ToUpper(h[:20]) + h[20:] },
	func(h string) string { return h[:39] },
	func(h string) string { return h[1:] },
	func(h string) string { return h + "0" },
	func(h string) string { return h + "\x00" },
	func(h string) string { return " " + h },
	func(h string) string { return h + " " },
	func(string) string { return strings.Repeat("0", 40) },
	func(string) string { return "" },
	flipLast,
	func(h string) string { return strings.Map(fullWidth, h) },
	func(h string) string { return h + h },
}

func flipLast(hmac string) string {
	last := "0"
	if hmac[len(hmac)-1] == '0' {
		last = "1"
	}
	return hmac[:len(hmac)-1] + last
}

// fullWidth writes a character as its wide twin, which lower-casing maps to a wide one too.
func fullWidth(r rune) rune { return r - '!' + '！' }

// oddEnvelopes are all odd ways to wrap a message.
func oddEnvelopes() []envelope {
	var all []envelope
	add := func(about string, change func(e *envelope)) {
		e := pythonEnvelope
		e.about = about
		change(&e)
		all = append(all, e)
	}
	for _, template := range oddTemplates {
		add("envelope "+template, func(e *envelope) { e.template = template })
	}
	// Wide blanks would have to be raw here, and the reference reads raw bytes one by one: only blanks of one byte.
	for i, blank := range slices.Concat(blanks[:jsonBlanks+2], []string{"\xa0", "\x85", "\xc2\xa0"}, notBlanks[:3]) {
		for _, at := range []int{1, 6, 8, 13, 14, 16, 22, 24, 30, 31, 33, 39, 41, 47, 48} {
			plain := pythonEnvelope.template
			add(fmt.Sprintf("blank %q in the envelope", blank), func(e *envelope) {
				e.template = plain[:min(at, len(plain))] + blank + plain[min(at, len(plain)):]
				if i >= jsonBlanks {
					e.meets = blanksDiffer
				}
			})
		}
	}
	for _, salt := range oddSalts {
		add(fmt.Sprintf("salt %q", salt), func(e *envelope) { e.salt = salt })
	}
	for _, skew := range []int64{-1e9, -100000, -400, -302, -298, -150, 150, 297, 303, 400, 100000, 1e12} {
		add(fmt.Sprintf("%d seconds off", skew), func(e *envelope) { e.skew = skew })
	}
	for i, seal := range oddSeals {
		add(fmt.Sprintf("odd hmac %d", i), func(e *envelope) { e.seal = seal })
	}
	for _, quote := range []func(string) string{quoteAsArray, quoteEscaped} {
		add("strings spelt oddly", func(e *envelope) { e.quote = quote })
	}
	for _, magic := range []string{"", "plj", "plj1", "PLJ0", "plj0 ", "plj0\n", "\xef\xbb\xbfplj0", "plj0plj0", "Plj0", "\x00plj0", "plj\x00"} {
		add(fmt.Sprintf("magic %q", magic), func(e *envelope) { e.magic = magic })
	}
	return all
}

// oddEnvelope is an odd way to wrap a message.
func (g *queryGenerator) oddEnvelope() envelope {
	if g.envelopes == nil {
		g.envelopes = oddEnvelopes()
	}
	return oneOf(g, g.envelopes)
}

// quoteAsArray writes a string as the array of its characters, which the reference takes for it.
func quoteAsArray(text string) string {
	var items []string
	for _, r := range text {
		items = append(items, quoteASCII(string(r)))
	}
	return "[" + strings.Join(items, ",") + "]"
}

// maxEscaped is how long a text quoteEscaped escapes: it takes six bytes a character, and the reference reads 4,096.
const maxEscaped = 500

// quoteEscaped writes every character of a string as an escape.
func quoteEscaped(text string) string {
	if len(text) > maxEscaped {
		return quoteASCII(text)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		if r > 0xffff {
			return quoteASCII(text)
		}
		fmt.Fprintf(&b, `\u%04X`, r)
	}
	b.WriteByte('"')
	return b.String()
}
