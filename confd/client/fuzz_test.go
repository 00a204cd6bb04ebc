package client

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"testing"

	"gantry/confd/wire"
)

// idleConn sends nothing and receives nothing.
type idleConn chan struct{}

func (c idleConn) Send(out []Datagram) (int, error) { return len(out), nil }
func (c idleConn) Receive() ([]Datagram, error)     { <-c; return nil, errors.New("closed") }
func (c idleConn) Close() error                     { close(c); return nil }

var fuzzKey = []byte("0123456789abcdef0123456789abcdef01234567\n")

// sealReply signs a message as a server does.
func sealReply(msg, salt []byte) []byte {
	sealer := wire.NewSealer(1)
	datagram := sealer.Append(nil, &wire.Request{RSalt: salt, Key: wire.NewKey(fuzzKey)}, msg, nil)
	sealer.Sign(datagram)
	return datagram
}

// authentic checks a datagram with nothing but the standard library.
func authentic(datagram []byte, salt string) bool {
	text, found := bytes.CutPrefix(datagram, []byte("plj0"))
	var envelope struct{ Msg, Salt, HMAC *string }
	if !found || json.Unmarshal(text, &envelope) != nil || envelope.Msg == nil || envelope.Salt == nil || envelope.HMAC == nil {
		return false
	}
	mac := hmac.New(sha1.New, fuzzKey)
	mac.Write([]byte(*envelope.Salt + *envelope.Msg))
	given, err := hex.DecodeString(*envelope.HMAC)
	return err == nil && hmac.Equal(given, mac.Sum(nil)) && *envelope.Salt == salt
}

// Whatever comes in: no panic, and nothing is accepted that isn't signed with the key and for an outstanding request.
func FuzzHandleResponse(f *testing.F) {
	const salt = "5bb58492-9daf-46be-ad21-914625ee8c4c"
	good := sealReply([]byte(`{"protocol":1,"status":0,"answer":[[0,"192.0.2.2",270],[1,0,0]],"serial":270}`), []byte(salt))
	f.Add(good, []byte{})
	f.Add(good[:len(good)-1], []byte{})
	f.Add(append(bytes.Clone(good), '\n'), []byte{})
	f.Add(bytes.ToUpper(good), []byte{})
	f.Add([]byte("plj0"), []byte(`{"protocol":1,"status":1,"answer":"x","serial":0}`))
	f.Add([]byte{}, []byte(`{"answer": "ok", "protocol": 1, "serial": 5, "status": 0}`+"\n"))
	f.Add([]byte(`plj0{"hmac":"","msg":"","salt":"`+salt+`"}`), []byte(`{"protocol":1,"status":0,"answer":{"a":[1.5e3,null,"\u00e9"]},"serial":-1}`))
	f.Add([]byte(nil), []byte(`{"protocol":1.0,"status":0,"answer":1,"serial":1e2}`))
	f.Fuzz(func(t *testing.T, datagram, msg []byte) {
		var ups []*Upcall
		c, err := New(t.Context(), Config{
			Key: fuzzKey, Peers: StaticPeers{netip.MustParseAddrPort("192.0.2.1:1814")},
			Callback: func(up *Upcall) { ups = append(ups, up) },
			Open:     func(bool) (Conn, error) { return make(idleConn), nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		request := Ping()
		request.RSalt = salt
		if err := c.SendRequest(request, SendOptions{}); err != nil {
			t.Fatal(err)
		}
		from := netip.MustParseAddrPort("192.0.2.1:1814")

		c.HandleResponse(datagram, from)
		if len(ups) > 0 && !authentic(datagram, salt) {
			t.Fatalf("accepted %q", datagram)
		}

		// The same as an authentic message: it is accepted if it is a reply, and then readable in any way.
		ups = nil
		c.HandleResponse(sealReply(msg, []byte(salt)), from)
		for _, up := range ups {
			if !json.Valid(up.Reply.Answer) {
				t.Fatalf("accepted the answer %q", up.Reply.Answer)
			}
			readAll(up.Reply)
		}
		ups = nil
		c.HandleResponse(sealReply(msg, []byte("another")), from)
		if len(ups) > 0 {
			t.Fatalf("accepted %q with another salt", msg)
		}
	})
}

// readAll calls all that reads a reply.
func readAll(r Reply) {
	if err := r.Err(); err != nil {
		_ = err.Error()
	}
	r.Version()
	r.Role()
	r.NodeIP()
	r.NodeIPs()
	r.Master()
	r.MasterFields()
	r.Addresses()
	r.DRBDMinors()
	r.Instances()
	r.Disks()
	r.Value()
	r.Collectors()
	r.same(Reply{Answer: json.RawMessage(`[1]`)})
}

func FuzzSameAnswer(f *testing.F) {
	for _, pair := range [][2]string{{`1`, `1.0`}, {`{"a":[1,2]}`, `{"a":[1,2.0]}`}, {`1e999999999`, `2e999999999`}, {`"a"`, `"\u0061"`}, {`-0`, `0`}, {`1e5`, `100000.00000000000000000000000`}} {
		f.Add([]byte(pair[0]), []byte(pair[1]))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if !SameAnswer(a, a) || SameAnswer(a, b) != SameAnswer(b, a) {
			t.Fatalf("%q and %q", a, b)
		}
		if SameAnswer(a, b) && json.Valid(a) != json.Valid(b) {
			t.Fatalf("%q and %q are the same", a, b)
		}
	})
}
