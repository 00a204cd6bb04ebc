package wire

import (
	"strings"
	"testing"
)

// The key, salt and datagrams of the protocol's published test vectors.
const (
	vectorKey  = "0123456789abcdef0123456789abcdef01234567\n"
	vectorSalt = "00000000-0000-4000-8000-0000000000aa"
	vectorTime = 1700000000
)

func pythonDatagram(msg, salt, mac string) string {
	quoted := string(AppendEscaped(nil, []byte(msg)))
	return Magic + `{"msg": "` + quoted + `", "salt": "` + salt + `", "hmac": "` + mac + `"}` + "\n"
}

func TestRequestVectors(t *testing.T) {
	for _, test := range []struct {
		msg, mac string
		want     Request
	}{
		{`{"protocol": 1, "type": 0, "rsalt": "R"}` + "\n", "ecd35e78e077eeeee548ccedcab64ac914a7d3ad", Request{Type: ReqPing}},
		{`{"protocol": 1, "type": 1, "query": "node1", "rsalt": "R"}` + "\n", "c60410094e53b076fec2f142040eb9312967cafb",
			Request{Type: ReqNodeRole, Kind: QueryPlain, Plain: []byte("node1")}},
	} {
		datagram := pythonDatagram(strings.Replace(test.msg, `"R"`, `"`+vectorSalt+`"`, 1), "1700000000", test.mac)
		key := NewKey([]byte(vectorKey))
		got := NewParser(1).Parse([][]byte{[]byte(datagram)}, NewKeyring(key), vectorTime)[0]
		if got.Drop != DropNone || got.Type != test.want.Type || got.Kind != test.want.Kind || string(got.Plain) != string(test.want.Plain) ||
			string(got.RSalt) != vectorSalt || got.Key != key {
			t.Errorf("%s: got %+v", datagram, got)
		}
	}
}

func TestReplyVectors(t *testing.T) {
	for _, test := range []struct{ msg, mac string }{
		{`{"protocol":1,"status":0,"answer":3000000,"serial":0}`, "5c8d042cce08d0168f2e1d195582b6a35650c93b"},
		{`{"protocol":1,"status":0,"answer":"node1.example.com","serial":7}`, "97605b2957bb7c55b616806074d526640c365cd3"},
	} {
		want := `plj0{"hmac":"` + test.mac + `","msg":"` + strings.ReplaceAll(test.msg, `"`, `\"`) + `","salt":"` + vectorSalt + `"}`
		sealer := NewSealer(1)
		req := &Request{RSalt: []byte(vectorSalt), Key: NewKey([]byte(vectorKey))}
		got := sealer.Append(nil, req, []byte(test.msg), nil)
		sealer.Sign(got)
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
