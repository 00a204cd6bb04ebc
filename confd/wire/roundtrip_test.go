package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// text draws strings that have everything that JSON has to escape.
func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z0-9.:-]{0,60}`),
		rapid.String(),
		rapid.StringOf(rapid.RuneFrom([]rune("\"\\/\b\f\n\r\t\x00\x1f\x7f\u0080é☃𝄞\ufffd'<>&"))),
	)
}

func query() *rapid.Generator[Query] {
	return rapid.Custom(func(t *rapid.T) Query {
		q := Query{Kind: rapid.SampledFrom([]QueryKind{QueryEmpty, QueryPlain, QueryDict}).Draw(t, "kind")}
		switch q.Kind {
		case QueryPlain:
			q.Plain = text().Draw(t, "plain")
		case QueryDict:
			if q.HasIP = rapid.Bool().Draw(t, "has ip"); q.HasIP {
				q.IP = text().Draw(t, "ip")
			}
			if q.HasLink = rapid.Bool().Draw(t, "has link"); q.HasLink {
				q.Link = text().Draw(t, "link")
			}
			if q.HasIPs = rapid.Bool().Draw(t, "has ips"); q.HasIPs {
				q.IPs = rapid.SliceOf(text()).Draw(t, "ips")
			}
			if q.HasFields = rapid.Bool().Draw(t, "has fields"); q.HasFields {
				q.Fields = rapid.SliceOf(rapid.Uint8Range(0, numFields-1)).Draw(t, "fields")
			}
		}
		return q
	})
}

func (r *Request) asks(q *Query) bool {
	if r.Kind != q.Kind || string(r.Plain) != q.Plain || r.HasIP != q.HasIP || string(r.IP) != q.IP || r.HasLink != q.HasLink ||
		string(r.Link) != q.Link || len(r.IPs) != len(q.IPs) || !bytes.Equal(r.Fields, q.Fields) {
		return false
	}
	for i := range r.IPs {
		if string(r.IPs[i]) != q.IPs[i] {
			return false
		}
	}
	return true
}

// What a client writes is what a server reads, in batches of any size, on both paths.
func TestRequestRoundTrip(t *testing.T) {
	parsers := map[bool]*Parser{false: NewParser(4), true: NewParser(4)}
	parsers[true].noScanner = true
	signer := NewSigner(4)
	rapid.Check(t, func(t *rapid.T) {
		key := NewKey(rapid.SliceOf(rapid.Byte()).Draw(t, "key"))
		now := rapid.Int64Range(0, 1<<40).Draw(t, "now")
		queries := rapid.SliceOf(query()).Draw(t, "queries")
		kinds := make([]Type, len(queries))
		salts := make([]string, len(queries))
		datagrams := make([][]byte, len(queries))
		var arena []byte
		starts := make([]int, len(queries)+1)
		for i, q := range queries {
			kinds[i] = Type(rapid.IntRange(0, NumTypes-1).Draw(t, "type"))
			salts[i] = text().Draw(t, "rsalt")
			msg := AppendRequestMsg(nil, kinds[i], q, []byte(salts[i]))
			if bytes.ContainsFunc(msg, func(r rune) bool { return r > '~' && r != 0x7f || r < ' ' }) || !json.Valid(msg) {
				t.Fatalf("message isn't ASCII JSON: %q", msg)
			}
			arena = signer.Append(arena, key, now, msg)
			starts[i+1] = len(arena)
			datagrams[i] = AppendRequest(nil, key, now, msg)
		}
		signer.Sign(arena)
		for noScanner, parser := range parsers {
			requests := parser.Parse(datagrams, NewKeyring(key), now)
			for i := range requests {
				r := &requests[i]
				if !bytes.Equal(datagrams[i], arena[starts[i]:starts[i+1]]) {
					t.Fatalf("Signer wrote %q, AppendRequest %q", arena[starts[i]:starts[i+1]], datagrams[i])
				}
				if len(datagrams[i]) <= MaxRequest && (r.Drop != DropNone || r.Type != kinds[i] || string(r.RSalt) != salts[i] || r.Key != key || !r.asks(&queries[i])) {
					t.Fatalf("noScanner %v: %q read as %+v", noScanner, datagrams[i], r)
				}
			}
		}
	})
}

// What a server seals is what a client reads.
func TestReplyRoundTrip(t *testing.T) {
	sealer := NewSealer(4)
	parsers := map[bool]*ReplyParser{false: NewReplyParser(4), true: new(ReplyParser)}
	parsers[true].noScanner = true
	rapid.Check(t, func(t *rapid.T) {
		key := NewKey(rapid.SliceOf(rapid.Byte()).Draw(t, "key"))
		n := rapid.IntRange(0, 40).Draw(t, "replies")
		answers, salts, msgs := make([]string, n), make([]string, n), make([][]byte, n)
		status := Status(rapid.IntRange(0, NumStatuses-1).Draw(t, "status"))
		var arena []byte
		var datagrams [][]byte
		for i := range n {
			answers[i], salts[i] = text().Draw(t, "answer"), text().Draw(t, "rsalt")
			msg := AppendReplyHead(nil, status)
			msg = append(AppendEscaped(append(msg, '"'), []byte(answers[i])), '"')
			msgs[i] = AppendReplyTail(msg, []byte("17"))
			var escaped []byte
			if i%2 == 1 {
				escaped = AppendEscaped(nil, msgs[i])
			}
			start := len(arena)
			arena = sealer.Append(arena, &Request{RSalt: []byte(salts[i]), Key: key}, msgs[i], escaped)
			if size := ReplySize(msgs[i], escaped, []byte(salts[i])); size != len(arena)-start {
				t.Fatalf("ReplySize is %d, the reply has %d bytes", size, len(arena)-start)
			}
			datagrams = append(datagrams, arena[start:len(arena):len(arena)])
		}
		sealer.Sign(arena)
		for i, start := 0, 0; i < n; i++ { // the arena may have moved since
			datagrams[i] = arena[start : start+len(datagrams[i])]
			start += len(datagrams[i])
		}
		for noScanner, parser := range parsers {
			for i, r := range parser.Parse(datagrams, NewKeyring(key)) {
				var answer string
				if r.Err != nil || json.Unmarshal(r.Answer, &answer) != nil || !sameText(answer, answers[i]) || r.Status != int(status) || r.Serial != 17 ||
					r.Protocol != Protocol || string(r.Salt) != salts[i] || !bytes.Equal(r.Msg, msgs[i]) || r.Key != key {
					t.Fatalf("noScanner %v: %q read as %+v", noScanner, datagrams[i], r)
				}
			}
		}
	})
}

func sameText(a, b string) bool {
	return a == b && utf8.ValidString(a)
}

// Replies of Ganeti's Python server: keys sorted, blanks, newlines at the ends.
func TestPythonReply(t *testing.T) {
	key := NewKey([]byte(vectorKey))
	msg := `{"answer": [[0, "192.0.2.1", 7], {"a": "é\u00e9"}], "protocol": 1, "serial": 7, "status": 0}` + "\n"
	digits := hmacHex([]byte(vectorKey), vectorSalt+msg)
	quoted, err := json.Marshal(msg)
	if err != nil {
		t.Fatal(err)
	}
	datagram := Magic + `{"hmac": "` + string(digits) + `", "msg": ` + string(quoted) + `, "salt": "` + vectorSalt + `"}` + "\n"
	var parser ReplyParser
	r, err := ParseReply([]byte(datagram), NewKeyring(key), &parser)
	if err != nil || string(r.Salt) != vectorSalt || r.Status != 0 || r.Serial != 7 || !sameJSON(t, r.Answer, []byte(`[[0,"192.0.2.1",7],{"a":"éé"}]`)) {
		t.Errorf("got %+v, answer %s, error %v", r, r.Answer, err)
	}
}

func TestRefusedReplies(t *testing.T) {
	key := NewKey([]byte(vectorKey))
	seal := func(msg string) string {
		sealer := NewSealer(1)
		datagram := sealer.Append(nil, &Request{RSalt: []byte("r"), Key: key}, []byte(msg), nil)
		sealer.Sign(datagram)
		return string(datagram)
	}
	for _, test := range []struct {
		name, datagram string
		want           error
	}{
		{"empty", "", ErrReplyMagic},
		{"another magic", "plj1{}", ErrReplyMagic},
		{"no JSON", "plj0?", ErrReplyEnvelope},
		{"no MAC", `plj0{"hmac":"","msg":"","salt":""}`, ErrReplyHMAC},
		{"another MAC", `plj0{"hmac":"` + hexHole + `","msg":"","salt":""}`, ErrReplyHMAC},
		{"no reply", seal(`{}`), ErrReplyMsg},
		{"answer missing", seal(`{"protocol":1,"status":0,"serial":0}`), ErrReplyMsg},
		{"member too many", seal(`{"protocol":1,"status":0,"answer":1,"serial":0,"x":1}`), ErrReplyMsg},
		{"status a text", seal(`{"protocol":1,"status":"0","answer":1,"serial":0}`), ErrReplyMsg},
		{"serial a fraction", seal(`{"protocol":1,"status":0,"answer":1,"serial":0.5}`), ErrReplyMsg},
		{"serial too large", seal(`{"protocol":1,"status":0,"answer":1,"serial":9999999999999999999}`), ErrReplyMsg},
		{"answer cut off", seal(`{"protocol":1,"status":0,"answer":[1,"serial":0}`), ErrReplyMsg},
		{"answer too deep", seal(`{"protocol":1,"status":0,"answer":` + nested(maxDepth+1) + `,"serial":0}`), ErrReplyMsg},
		{"fine", seal(`{"protocol":1,"status":0,"answer":null,"serial":-1}`), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, noScanner := range []bool{false, true} {
				var parser ReplyParser
				parser.noScanner = noScanner
				if _, err := ParseReply([]byte(test.datagram), NewKeyring(key), &parser); err != test.want {
					t.Errorf("noScanner %v: got error %v, want %v", noScanner, err, test.want)
				}
			}
		})
	}
}

func nested(depth int) string {
	out := make([]byte, 0, 2*depth)
	for range depth {
		out = append(out, '[')
	}
	for range depth {
		out = append(out, ']')
	}
	return string(out)
}

func TestTimestampsFarAway(t *testing.T) {
	for _, now := range []int64{0, 1, math.MaxInt32, 1 << 40, -1 << 40} {
		for _, salt := range []string{"99999999999999999999999999", "-99999999999999999999999999", "0xffffffffffffffffffffffffff"} {
			if _, drop := checkSalt([]byte(salt), now); drop != DropSkew {
				t.Errorf("salt %s at %d: %s", salt, now, drop)
			}
		}
	}
}
