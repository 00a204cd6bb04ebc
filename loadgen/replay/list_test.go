package replay_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gantry/confd/wire"
	"gantry/loadgen/capture"
	"gantry/loadgen/replay"
)

func TestList(t *testing.T) {
	r := record(t)
	r.asks(0, client1, server1, ask(wire.ReqPing, "null", "a"))
	r.says(time.Second, client1, server1, "a", wire.StatusOK, "1", 1)
	r.asks(2*time.Second, client1, server2, ask(wire.ReqNodeRole, `"x"`, "b"))
	r.says(3*time.Second, client1, server2, "b", wire.StatusError, "0", 1)
	r.asks(4*time.Second, client2, server1, ask(wire.ReqPing, "null", "c"))
	r.raw(5*time.Second, client2, server1, wire.AppendRequest(nil, otherKey, 0, []byte(ask(wire.ReqPing, "null", "d"))))
	r.raw(6*time.Second, client2, server1, wire.AppendRequest(nil, testKey, noon.Unix(), []byte(`{"type":99}`)))
	r.raw(7*time.Second, client2, server1, []byte("plj0[]"))
	r.raw(8*time.Second, client2, server1, []byte("GET /"))
	r.raw(9*time.Second, client2, server1, []byte("?"))
	file, err := r.open()()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(file); err != nil {
		t.Fatal(err)
	}
	first, last := noon, noon.Add(5*time.Second)
	want := replay.Listing{
		Packets: 10, Datagrams: 10, Links: map[string]uint64{"raw": 10}, Skipped: map[string]uint64{},
		Requests: map[string]uint64{"ping": 3, "node_role": 1}, Replies: map[string]uint64{"ok": 1, "error": 1},
		Unread: map[string]uint64{"request": 1, "envelope": 1, "magic": 1, "short": 1},
		First:  &first, Last: &last, Seconds: 5,
		Servers: []replay.Peer{{"192.0.2.8:1814", 3, 1}, {"192.0.2.9:1814", 1, 1}},
		Clients: []replay.Peer{{"192.0.2.1", 2, 2}, {"192.0.2.2", 2, 0}},
	}
	got, err := replay.List(bytes.NewReader(text.Bytes()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Error(diff)
	}
	// With the key, what isn't signed with it is neither.
	want.Verified, want.Requests["ping"], want.Unread["hmac"] = true, 2, 1
	last = noon.Add(4 * time.Second)
	want.Seconds = 4
	want.Servers[0].Requests, want.Clients[1].Requests = 2, 1
	if got, err = replay.List(bytes.NewReader(text.Bytes()), testKey); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := replay.List(strings.NewReader("no capture"), nil); !errors.Is(err, capture.ErrFormat) {
		t.Error(err)
	}
}
