package replay

import (
	"bytes"
	"testing"
	"time"

	"gantry/confd/wire"
)

// A renewed text is the old one but for the rsalt.
func TestRenew(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{"protocol":1,"type":0,"rsalt":"old"}`, `{"protocol":1,"type":0,"rsalt":"new"}`},
		{` { "rsalt" : "a\"b\u00e9" , "query" : "rsalt" } `, ` { "rsalt" : "new" , "query" : "rsalt" } `},
		{`{"query":{"rsalt":"deep"},"rsalt":["o","l","d"],"rsalt":"second"}`, `{"query":{"rsalt":"deep"},"rsalt":"new","rsalt":"second"}`},
		{`{"protocol":1,"query":"rsalt","rsalt": "old" }`, `{"protocol":1,"query":"rsalt","rsalt": "new" }`},
		{`{"query":"a \"rsalt\":\"x\" b","rsalt":"old"}`, `{"query":"a \"rsalt\":\"x\" b","rsalt":"new"}`},
		{`{"\u0072salt":""}`, `{"\u0072salt":"new"}`},
		{`{"type":0}`, ``}, {`[]`, ``}, {`{"rsalt"`, ``}, {``, ``},
	} {
		got, ok := renew([]byte(test.text), "new")
		if ok != (test.want != "") || ok && string(got) != test.want {
			t.Errorf("%s: %s, %v", test.text, got, ok)
		}
	}
}

// FuzzRead reads anything as a datagram of a capture. What is a request can be
// signed anew, with another rsalt, and asks the same.
func FuzzRead(f *testing.F) {
	key := wire.NewKey([]byte("key"))
	for _, text := range []string{
		`{"protocol":1,"type":0,"query":null,"rsalt":"x"}`, `{"rsalt":["a"],"type":2,"protocol":1,"query":{"1":"192.0.2.1","2":["\u00e9"]}}`,
		`{"type":1,"protocol":1,"query":"\ud834\udd1e","rsalt":"\ud834"}`, `{"protocol":1,"status":0,"answer":[],"serial":1}`,
	} {
		f.Add([]byte(text), true)
		f.Add(wire.AppendRequest(nil, key, 5, []byte(text)), false)
	}
	f.Fuzz(func(t *testing.T, datagram []byte, sign bool) {
		at := time.Unix(5, 0)
		if sign {
			datagram = wire.AppendRequest(nil, key, at.Unix(), datagram)
		}
		if said := new(claims).kind(datagram, at); said == (struct{ request, reply, drop string }{}) {
			t.Errorf("%q claims to be nothing", datagram)
		}
		reader, again := newMessages(key), newMessages(key)
		m := reader.read(datagram, at)
		if m.request == nil {
			if m.reply == nil && m.drop == wire.DropNone {
				t.Errorf("%q is nothing for no reason", datagram)
			}
			return
		}
		text, ok := renew(m.text, "new")
		if !ok {
			return // it keeps its rsalt
		}
		renewed := again.read(wire.AppendRequest(nil, key, at.Unix(), text), at)
		if renewed.request == nil || string(renewed.request.RSalt) != "new" {
			t.Fatalf("%q became %q, which is none: %s", m.text, text, renewed.drop)
		}
		if renewed.request.Type != m.request.Type || renewed.request.Kind != m.request.Kind || !bytes.Equal(renewed.request.Plain, m.request.Plain) {
			t.Errorf("%q became %q, which asks something else", m.text, text)
		}
	})
}
