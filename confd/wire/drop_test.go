package wire

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"gantry/confd/wire/wiretest"
)

func template(msg, salt, envelope string) *wiretest.Template {
	t := &wiretest.Template{Msg: wiretest.DefaultMsg, Salt: wiretest.DefaultSalt, Envelope: wiretest.DefaultEnvelope}
	if msg != "" {
		t.Msg = msg
	}
	if salt != "" {
		t.Salt = salt
	}
	if envelope != "" {
		t.Envelope = envelope
	}
	return t
}

func signed(t *wiretest.Template) []byte {
	return t.Datagram([]byte(vectorKey), vectorTime, vectorSalt)
}

func parseOne(datagram []byte, keys *Keyring, noScanner bool) Request {
	p := NewParser(1)
	p.noScanner = noScanner
	return p.Parse([][]byte{datagram}, keys, vectorTime)[0]
}

func TestDrops(t *testing.T) {
	for _, test := range []struct {
		name     string
		datagram []byte
		want     Drop
	}{
		{"fine", signed(template("", "", "")), DropNone},
		{"empty", nil, DropShort},
		{"three bytes", []byte("plj"), DropShort},
		{"another magic", []byte("plj1{}"), DropMagic},
		{"magic in capitals", []byte("PLJ0{}"), DropMagic},
		{"the longest", padded(MaxRequest), DropNone},
		{"too long", padded(MaxRequest + 1), DropTooLong},
		{"magic only", []byte("plj0"), DropEnvelope},
		{"no JSON", []byte("plj0hello, world"), DropEnvelope},
		{"member missing", []byte(`plj0{"msg":"","salt":""}`), DropEnvelope},
		{"not UTF-8", bytes.Replace(signed(template("", "", "")), []byte(`"query`), []byte("\"qu\xe9ry"), 1), DropEnvelope},
		{"not UTF-8 in a skipped value", signed(template("", "", "plj0{\"msg\":<msg>,\"salt\":<salt>,\"hmac\":<hmac>,\"msg\":\"\xff\"}")), DropEnvelope},
		{"surrogates as bytes", signed(template("", "", "plj0{\"msg\":<msg>,\"salt\":<salt>,\"hmac\":<hmac>,\"msg\":\"\xed\xa0\x80\"}")), DropEnvelope},
		{"another key", template("", "", "").Datagram([]byte("another"), vectorTime, vectorSalt), DropHMAC},
		{"no MAC at all", signed(template("", "", `plj0{"msg":<msg>,"salt":<salt>,"hmac":"x"}`)), DropHMAC},
		{"no request", signed(template("{}", "", "")), DropRequest},
		{"no request and no time", signed(template("{}", "x", "")), DropRequest},
		{"no time", signed(template("", "x", "")), DropSalt},
		{"301 s early", signed(template("", "NOW-301", "")), DropSkew},
		{"300 s early", signed(template("", "NOW-300", "")), DropNone},
		{"300 s late", signed(template("", "NOW+300", "")), DropNone},
		{"301 s late", signed(template("", "NOW+301", "")), DropSkew},
	} {
		t.Run(test.name, func(t *testing.T) {
			keys := NewKeyring(NewKey([]byte(vectorKey)))
			for _, noScanner := range []bool{false, true} {
				if got := parseOne(test.datagram, keys, noScanner).Drop; got != test.want {
					t.Errorf("noScanner %v: got %s, want %s", noScanner, got, test.want)
				}
			}
		})
	}
}

// padded returns a good request of n bytes.
func padded(n int) []byte {
	datagram := signed(template("", "", ""))
	return append(datagram, strings.Repeat(" ", n-len(datagram))...)
}

// Every other bit of an authentic datagram matters: no single flip is answered, but those that change the case of a hex digit.
func TestFlippedBits(t *testing.T) {
	keys := NewKeyring(NewKey([]byte(vectorKey)))
	for _, form := range []string{wiretest.DefaultEnvelope, `plj0{"hmac":<hmac>,"msg":<msg>,"salt":<salt>}`} {
		datagram := signed(template("", "", form))
		for i := range 8 * len(datagram) {
			flipped := bytes.Clone(datagram)
			flipped[i/8] ^= 1 << (i % 8)
			if parseOne(flipped, keys, false).Drop == DropNone && !strings.EqualFold(string(flipped), string(datagram)) && !sameEnvelope(flipped, datagram) {
				t.Errorf("answered: %q", flipped)
			}
		}
	}
}

// sameEnvelope reports whether two datagrams are the same but for the case of the MAC.
func sameEnvelope(a, b []byte) bool {
	var envelopes [2]map[string]string
	for i, datagram := range [][]byte{a, b} {
		if json.Unmarshal(datagram[len(Magic):], &envelopes[i]) != nil {
			return false
		}
	}
	return envelopes[0]["msg"] == envelopes[1]["msg"] && envelopes[0]["salt"] == envelopes[1]["salt"] &&
		strings.EqualFold(envelopes[0]["hmac"], envelopes[1]["hmac"])
}

func TestKeyChange(t *testing.T) {
	before, after, other := NewKey([]byte("before\n")), NewKey([]byte("after\n")), NewKey([]byte("other\n"))
	msg := AppendRequestMsg(nil, ReqPing, Query{}, []byte("r"))
	datagrams := [][]byte{
		AppendRequest(nil, after, vectorTime, msg),
		AppendRequest(nil, before, vectorTime, msg),
		AppendRequest(nil, other, vectorTime, msg),
		AppendRequest(nil, before, vectorTime, msg),
		[]byte("junk"),
		AppendRequest(nil, after, vectorTime, msg),
	}
	for _, test := range []struct {
		name string
		keys *Keyring
		want []*Key
	}{
		{"none", nil, []*Key{nil, nil, nil, nil, nil, nil}},
		{"empty", NewKeyring(nil), []*Key{nil, nil, nil, nil, nil, nil}},
		{"before", NewKeyring(before), []*Key{nil, before, nil, before, nil, nil}},
		{"during", NewKeyring(after, before), []*Key{after, before, nil, before, nil, after}},
		{"after", NewKeyring(after, nil), []*Key{after, nil, nil, nil, nil, after}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests := NewParser(1).Parse(datagrams, test.keys, vectorTime)
			for i := range requests {
				r := &requests[i]
				if (r.Drop == DropNone) != (test.want[i] != nil) || r.Drop == DropNone && r.Key != test.want[i] {
					t.Errorf("datagram %d: %s, signed with %p, want %p", i, r.Drop, r.Key, test.want[i])
				}
				if r.Drop != DropNone {
					continue
				}
				sealer := NewSealer(1)
				reply := sealer.Append(nil, r, []byte(`{"protocol":1,"status":0,"answer":1,"serial":1}`), nil)
				sealer.Sign(reply)
				var replies ReplyParser
				if _, err := ParseReply(reply, NewKeyring(test.want[i]), &replies); err != nil {
					t.Errorf("datagram %d: the reply isn't signed with the request's key: %v", i, err)
				}
			}
		})
	}
}

func TestNames(t *testing.T) {
	seen := make(map[string]bool)
	add := func(name string) {
		if name == "" || name == "unknown" || seen[name] || strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
			t.Errorf("bad or repeated name %q", name)
		}
		seen[name] = true
	}
	for d := range NumDrops {
		add(Drop(d).String())
	}
	clear(seen)
	for kind := range Type(NumTypes) {
		add(kind.String())
	}
	clear(seen)
	for status := range Status(NumStatuses) {
		add(status.String())
	}
	for _, unknown := range []string{Drop(NumDrops).String(), Type(NumTypes).String(), Status(NumStatuses).String()} {
		if unknown != "unknown" {
			t.Errorf("a value beyond the last is called %q", unknown)
		}
	}
}
