package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"gantry/confd/wire/wiretest"
)

func corpus(f *testing.F) []wiretest.Template {
	f.Helper()
	templates, err := wiretest.Load("testdata")
	if err != nil {
		f.Fatal(err)
	}
	return templates
}

// FuzzScannerAgainstGeneral holds the scanner to the general reader: what it accepts, that accepts too, and reads the same. msg is tried as a
// message, in a signed datagram; raw is tried as a datagram without its magic.
func FuzzScannerAgainstGeneral(f *testing.F) {
	for _, template := range corpus(f) {
		datagram := signed(&template)
		f.Add([]byte(template.Msg), datagram[min(len(Magic), len(datagram)):])
	}
	key := NewKey([]byte(vectorKey))
	for _, msg := range []string{`{"protocol":1,"status":0,"answer":["a",1.5e3,{"b":null}],"serial":7}`, `{"protocol":1,"status":0,"answer":"a\\\"b","serial":-7}`} {
		sealer := NewSealer(1)
		datagram := sealer.Append(nil, &Request{Key: key, RSalt: []byte(vectorSalt)}, []byte(msg), nil)
		f.Add([]byte(msg), datagram[len(Magic):])
	}
	f.Fuzz(func(t *testing.T, msg, raw []byte) {
		compareRequests(t, raw)
		compareReplies(t, raw)
		compareDrops(t, raw)
		if utf8.Valid(msg) { // an envelope yields nothing else
			compareParsers(t, msg)
		}
	})
}

// compareDrops compares the reasons for which a datagram that isn't signed, or not well, is refused.
func compareDrops(t *testing.T, raw []byte) {
	datagrams := [][]byte{append([]byte(Magic), raw...)}
	with, without := NewParser(1), NewParser(1)
	without.noScanner = true
	keys := NewKeyring(NewKey(nil))
	scanned, parsed := with.Parse(datagrams, keys, vectorTime)[0], without.Parse(datagrams, keys, vectorTime)[0]
	if scanned.Drop != parsed.Drop {
		t.Fatalf("%q is dropped for %s with the scanner, for %s without", raw, scanned.Drop, parsed.Drop)
	}
	var repliesWith, repliesWithout ReplyParser
	repliesWithout.noScanner = true
	a, b := repliesWith.Parse(datagrams, keys)[0], repliesWithout.Parse(datagrams, keys)[0]
	if a.Err != b.Err {
		t.Fatalf("%q is refused as %v with the scanner, as %v without", raw, a.Err, b.Err)
	}
}

func compareRequests(t *testing.T, raw []byte) {
	var scanned, parsed Request
	var scannedLetter, parsedLetter letter
	room := make([]byte, len(raw)+saltDigits+textSlack)
	if !scanRequest(raw, room, &scannedLetter, &scanned, &tables{}) {
		return
	}
	var general general
	if _, ok := general.envelope(raw, nil, &parsedLetter); !ok {
		if isHex(scannedLetter.mac[:]) {
			t.Fatalf("only the scanner opens %q", raw)
		}
		return
	}
	compareLetters(t, &scannedLetter, &parsedLetter)
	if got := room[:len(parsedLetter.salt)+len(parsedLetter.msg)]; string(got) != string(parsedLetter.salt)+string(parsedLetter.msg) {
		t.Fatalf("%q: the scanner left %q to be hashed", raw, got)
	}
	if _, ok := general.request(parsedLetter.msg, nil, &parsed, &tables{}); !ok {
		t.Fatalf("only the scanner reads %q", raw)
	}
	normalise(&scanned)
	normalise(&parsed)
	if !reflect.DeepEqual(scanned, parsed) {
		t.Fatalf("%q\nscanned %+v\nparsed  %+v", raw, scanned, parsed)
	}
}

func compareLetters(t *testing.T, scanned, parsed *letter) {
	if !bytes.Equal(scanned.salt, parsed.salt) || !bytes.Equal(scanned.msg, parsed.msg) || parsed.isMAC && scanned.mac != parsed.mac || !scanned.isMAC {
		t.Fatalf("scanned %+v\nparsed  %+v", scanned, parsed)
	}
}

func compareReplies(t *testing.T, raw []byte) {
	var scanned, parsed Reply
	var scannedLetter, parsedLetter letter
	room := make([]byte, len(raw)+maxScannedSalt+textSlack)
	start, ok := scanReply(raw, room, &scannedLetter, &scanned)
	if !ok {
		return
	}
	var general general
	if _, ok := general.envelope(raw, nil, &parsedLetter); !ok {
		if isHex(scannedLetter.mac[:]) {
			t.Fatalf("only the scanner opens %q", raw)
		}
		return
	}
	compareLetters(t, &scannedLetter, &parsedLetter)
	if got := room[start : maxScannedSalt+len(parsedLetter.msg)]; string(got) != string(parsedLetter.salt)+string(parsedLetter.msg) {
		t.Fatalf("%q: the scanner left %q to be hashed", raw, got)
	}
	if _, ok := general.reply(parsedLetter.msg, nil, &parsed); !ok {
		t.Fatalf("only the scanner reads %q", raw)
	}
	scanned.Answer = slices.DeleteFunc(bytes.Clone(scanned.Answer), isBlank)
	parsed.Answer = slices.DeleteFunc(bytes.Clone(parsed.Answer), isBlank)
	if !reflect.DeepEqual(scanned, parsed) {
		t.Fatalf("%q\nscanned %+v\nparsed  %+v", raw, scanned, parsed)
	}
}

// compareParsers compares the whole way of a datagram with the scanner and without it.
func compareParsers(t *testing.T, msg []byte) {
	key := NewKey([]byte(vectorKey))
	template := wiretest.Template{Msg: string(msg), Salt: wiretest.DefaultSalt}
	for _, template.Envelope = range []string{wiretest.DefaultEnvelope + "\n", `plj0{"hmac":<hmac>,"msg":<msg>,"salt":<salt>}`} {
		datagrams := [][]byte{signed(&template)}
		with, without := NewParser(1), NewParser(1)
		without.noScanner = true
		scanned := with.Parse(datagrams, NewKeyring(key), vectorTime)[0]
		parsed := without.Parse(datagrams, NewKeyring(key), vectorTime)[0]
		if scanned.Drop != DropNone && scanned.Drop == parsed.Drop {
			continue
		}
		normalise(&scanned)
		normalise(&parsed)
		if !reflect.DeepEqual(scanned, parsed) {
			t.Fatalf("%q\nwith scanner %+v\nwithout      %+v", datagrams[0], scanned, parsed)
		}
	}
}

// normalise makes no difference between no list, or text, and an empty one: nothing that uses a request does.
func normalise(r *Request) {
	for _, text := range []*[]byte{&r.Plain, &r.IP, &r.Link, &r.RSalt} {
		*text = append([]byte{}, *text...)
	}
	r.IPs = append([][]byte{}, r.IPs...)
	r.Fields = append([]uint8{}, r.Fields...)
}

// FuzzDatagram sends raw datagrams, two to a batch, through everything that reads them. None may bring it down, and none without a valid MAC
// may come out as a request or a reply.
func FuzzDatagram(f *testing.F) {
	for _, template := range corpus(f) {
		f.Add(signed(&template), []byte("plj0"))
	}
	key := NewKey([]byte(vectorKey))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		datagrams := [][]byte{first, second}
		for _, noScanner := range []bool{false, true} {
			for _, keys := range []*Keyring{nil, NewKeyring(key), NewKeyring(NewKey(nil), key)} {
				parser := NewParser(1)
				parser.noScanner = noScanner
				for i, r := range parser.Parse(datagrams, keys, vectorTime) {
					if r.Drop == DropNone && !(keys != nil && r.Key == key && authentic(datagrams[i])) {
						t.Fatalf("noScanner %v: answered %q", noScanner, datagrams[i])
					}
				}
				var replies ReplyParser
				replies.noScanner = noScanner
				for i, r := range replies.Parse(datagrams, keys) {
					if r.Err == nil && !(keys != nil && r.Key == key && authentic(datagrams[i])) {
						t.Fatalf("noScanner %v: read a reply in %q", noScanner, datagrams[i])
					}
				}
			}
		}
	})
}

// authentic checks a datagram's MAC with the standard library alone. It can't judge lists of characters, nor numbers that end with a point, and
// calls such datagrams authentic: none of them comes to a MAC by chance.
func authentic(datagram []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(datagram[len(Magic):]))
	decoder.UseNumber()
	fields := make(map[string]any)
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return false
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return false
		}
		var value any
		if decoder.Decode(&value) != nil {
			return bytes.Contains(datagram, []byte("."))
		}
		if _, repeated := fields[key.(string)]; !repeated {
			fields[key.(string)] = value
		}
	}
	msg, isMsg := fields["msg"].(string)
	salt, isSalt := fields["salt"].(string)
	mac, isMAC := fields["hmac"].(string)
	if !isMsg || !isSalt || !isMAC {
		return true
	}
	return bytes.EqualFold([]byte(mac), hmacHex([]byte(vectorKey), salt+msg))
}

// FuzzChecker holds the checker to encoding/json, and to fastjson's Validate, in whose place it stands.
func FuzzChecker(f *testing.F) {
	for _, template := range corpus(f) {
		f.Add([]byte(template.Msg))
	}
	for _, seed := range []string{`{"a":1.}`, `{"a":-}`, `{"a":"\n\u00e9x"}`, "{\"a\":\"\x01\\n\"}", `{"a":[` + nested(maxDepth-2) + `]}`, `{"a":[` + nested(maxDepth-1) + `]}`, `{"a":nan}`, "{\"\xff\":1}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		check := checker{text: text}
		accepted := check.document()
		if accepted {
			value, err := fastjson.ParseBytes(text)
			if err != nil || value.Type() != fastjson.TypeObject {
				t.Fatalf("fastjson doesn't parse %q: %v", text, err)
			}
		}
		if bytes.Contains(text, []byte(".")) { // a point may end a number for us
			return
		}
		valid := json.Valid(text) && utf8.Valid(text) && text[0] == '{'
		if accepted && !valid || valid && !accepted && depth(text) <= maxDepth {
			t.Fatalf("%q: accepted %v, valid %v", text, accepted, valid)
		}
		if accepted && fastjson.ValidateBytes(text) != nil {
			t.Fatalf("fastjson refuses %q", text)
		}
	})
}

// depth returns how deep valid JSON nests.
func depth(text []byte) (deepest int) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	for open := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			open++
			deepest = max(deepest, open)
		case json.Delim('}'), json.Delim(']'):
			open--
		}
	}
}
