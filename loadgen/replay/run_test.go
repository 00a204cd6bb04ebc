package replay_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gantry/confd/wire"
	"gantry/loadgen/capture"
	"gantry/loadgen/replay"
)

// What is asked today is what was asked then, signed anew; and equal answers are
// found equal, however they are written.
func TestReplay(t *testing.T) {
	r := record(t)
	r.asks(0, client1, server1, ask(wire.ReqNodeRole, `"node1"`, "salt1"))
	r.says(1, client1, server1, "salt1", wire.StatusOK, `["node_role","node1"]`, 7)
	r.asks(2, client2, server1, `{"type":0,"rsalt":"salt2","protocol":9}`)
	r.asks(3, client1, server1, ask(wire.ReqClusterMaster, "null", "salt3"))
	r.says(4, client1, server1, "salt3", wire.StatusOK, `["cluster_master", ""]`, 7)
	r.says(5, client2, server1, "salt2", wire.StatusOK, `[ "ping", "" ]`, 7)
	open := r.open()
	for _, keep := range []bool{false, true} {
		c := start(t, nil)
		result := run(t, open, replay.Options{Target: c.addr, Compare: true, KeepRSalt: keep})
		if !result.Clean() || result.Equal != 3 || result.Requests != 3 || result.Replies != 3 || result.Packets != 6 {
			t.Errorf("%+v", result)
		}
		kinds := map[string]string{}
		for _, a := range c.log() {
			kinds[fmt.Sprint(a.kind, " ", a.plain)] = a.rsalt
		}
		if len(kinds) != 3 || (kinds["node_role node1"] == "salt1") != keep || (kinds["ping "] == "salt2") != keep {
			t.Errorf("asked %v", kinds)
		}
	}
}

// Every way to answer otherwise is a difference.
func TestDifferences(t *testing.T) {
	for _, test := range []struct {
		name   string
		status wire.Status
		answer string
		serial int
		equal  bool
	}{
		{"equal", wire.StatusOK, `["a", {"b": 1, "c": 2}]`, 3, true},
		{"order of keys", wire.StatusOK, `["a", {"c": 2, "b": 1}]`, 3, true},
		{"order of a list", wire.StatusOK, `[{"b": 1, "c": 2}, "a"]`, 3, false},
		{"value", wire.StatusOK, `["a", {"b": 1, "c": 3}]`, 3, false},
		{"serial", wire.StatusOK, `["a", {"b": 1, "c": 2}]`, 4, false},
		{"status", wire.StatusError, `["a", {"b": 1, "c": 2}]`, 3, false},
	} {
		r := record(t)
		r.asks(0, client1, server1, ask(wire.ReqConfigQuery, `"/x"`, "salt"))
		r.says(1, client1, server1, "salt", wire.StatusOK, `["a", {"b": 1, "c": 2}]`, 3)
		open := r.open()
		c := start(t, func(*wire.Request) (wire.Status, string, int, bool) {
			return test.status, test.answer, test.serial, false
		})
		result := run(t, open, replay.Options{Target: c.addr, Compare: true})
		if result.Clean() != test.equal || (result.Equal == 1) != test.equal || (result.Different == 0) != test.equal {
			t.Errorf("%s: %+v", test.name, result)
		}
		if !test.equal {
			d := result.Differences[0]
			if d.Client != client1 || d.Server != server1 || d.Type != "config_query" || !strings.Contains(d.Request, `"/x"`) ||
				d.Captured.Serial != 3 || string(d.Today.Answer) != test.answer || !d.Time.Equal(noon) {
				t.Errorf("%s: %+v", test.name, d)
			}
		}
		if blind := run(t, open, replay.Options{Target: c.addr}); !blind.Clean() || blind.Equal+blind.Different != 0 || blind.Answered != 1 {
			t.Errorf("%s, not compared: %+v", test.name, blind)
		}
	}
}

// Silence today is a loss where the capture has an answer, and none where it hasn't.
func TestSilence(t *testing.T) {
	r := record(t)
	r.asks(0, client1, server1, ask(wire.ReqPing, "null", "lost"))
	r.says(1, client1, server1, "lost", wire.StatusOK, `1`, 3)
	r.asks(2, client1, server1, ask(wire.ReqPing, "null", "silent"))
	r.asks(3, client1, server1, ask(wire.ReqNodeRole, `"x"`, "new"))
	c := start(t, func(r *wire.Request) (wire.Status, string, int, bool) {
		return wire.StatusOK, "1", 3, r.Type == wire.ReqPing
	})
	result := run(t, r.open(), replay.Options{Target: c.addr, Compare: true, Timeout: 50 * time.Millisecond})
	if result.Clean() || result.Lost != 1 || result.Silent != 1 || result.Uncaptured != 1 || result.Different != 0 {
		t.Errorf("%+v", result)
	}
	if len(result.Differences) != 1 || result.Differences[0].Today != nil || result.Differences[0].Captured == nil {
		t.Errorf("%+v", result.Differences)
	}
}

// A capture of two interfaces has everything twice; nothing is asked twice for it.
// One request to two servers is two requests, also with one rsalt.
func TestRepeats(t *testing.T) {
	r := record(t)
	for range 2 {
		r.asks(0, client1, server1, ask(wire.ReqPing, "null", "salt"))
	}
	for range 2 {
		r.asks(1, client1, server2, ask(wire.ReqPing, "null", "salt"))
	}
	for range 2 {
		r.says(2, client1, server1, "salt", wire.StatusOK, `["ping", ""]`, 7)
	}
	r.says(3, client1, server2, "salt", wire.StatusOK, `["ping", ""]`, 7)
	open := r.open()
	for _, keep := range []bool{false, true} {
		c := start(t, nil)
		result := run(t, open, replay.Options{Target: c.addr, Compare: true, KeepRSalt: keep})
		if !result.Clean() || result.Equal != 2 || result.Repeated != 3 || len(c.log()) != 2 {
			t.Errorf("%+v, %v", result, c.log())
		}
	}
}

// What no server would have taken for a request then is not one now.
func TestUnread(t *testing.T) {
	r := record(t)
	text := []byte(ask(wire.ReqPing, "null", "salt"))
	r.raw(0, client1, server1, []byte("plj"))
	r.raw(0, client1, server1, []byte("GET / HTTP/1.0"))
	r.raw(0, client1, server1, []byte("plj0{}"))
	r.raw(0, client1, server1, wire.AppendRequest(nil, otherKey, noon.Unix(), text))
	r.raw(0, client1, server1, wire.AppendRequest(nil, testKey, noon.Unix()-301, text))
	r.raw(0, client1, server1, wire.AppendRequest(nil, testKey, noon.Unix(), []byte(`{"type":99}`)))
	r.says(0, client1, server1, "asked before", wire.StatusOK, "1", 1)
	c := start(t, nil)
	result := run(t, r.open(), replay.Options{Target: c.addr})
	if result.Requests != 0 || result.Replies != 1 || len(c.log()) != 0 {
		t.Errorf("%+v", result)
	}
	for _, reason := range []string{"short", "magic", "envelope", "hmac", "skew", "request"} {
		if result.Unread[reason] != 1 {
			t.Errorf("%d of %s in %v", result.Unread[reason], reason, result.Unread)
		}
	}
}

// Datagrams that left together, and were captured before they were cut up, are
// several.
func TestCoalescedDatagrams(t *testing.T) {
	r := record(t)
	var packet []byte
	for _, rsalt := range []string{"salt1", "salt2", "s3"} {
		packet = append(packet, wire.AppendRequest(nil, testKey, noon.Unix(), []byte(ask(wire.ReqPing, "null", rsalt)))...)
		packet = append(packet, "  "...) // padding
	}
	r.raw(0, client1, server1, packet)
	for _, rsalt := range []string{"salt1", "salt2", "s3"} {
		r.says(1, client1, server1, rsalt, wire.StatusOK, `["ping", ""]`, 7)
	}
	r.raw(2, client1, server1, append(packet[:len(packet)-5], packet...)) // of no equal lengths
	open := r.open()
	c := start(t, nil)
	result := run(t, open, replay.Options{Target: c.addr, Compare: true})
	if !result.Clean() || result.Equal != 3 || result.Unread["envelope"] != 1 {
		t.Errorf("%+v", result)
	}
	for _, key := range []*wire.Key{nil, testKey} {
		file, err := open()
		if err != nil {
			t.Fatal(err)
		}
		if l, err := replay.List(file, key); err != nil || l.Requests["ping"] != 3 || l.Unread["envelope"] != 1 {
			t.Errorf("%v, %+v", err, l)
		}
	}
}

// A capture of another cluster can be sent to this one.
func TestKeyOfTheCapture(t *testing.T) {
	r := record(t)
	r.raw(0, client1, server1, wire.AppendRequest(nil, otherKey, noon.Unix(), []byte(ask(wire.ReqPing, "null", "salt"))))
	c := start(t, nil)
	if result := run(t, r.open(), replay.Options{Target: c.addr, CaptureKey: otherKey}); result.Answered != 1 {
		t.Errorf("%+v", result)
	}
}

// Requests leave at their times, or faster by a factor; never earlier.
func TestSpeed(t *testing.T) {
	r := record(t)
	gaps := []time.Duration{0, 100 * time.Millisecond, 120 * time.Millisecond, 300 * time.Millisecond}
	for i, after := range gaps {
		r.asks(after, client1, server1, ask(wire.ReqNodeRole, fmt.Sprintf(`"%d"`, i), fmt.Sprint(i)))
	}
	open := r.open()
	for _, speed := range []float64{1, 2} {
		c := start(t, nil)
		result := run(t, open, replay.Options{Target: c.addr, Speed: speed})
		log := c.log()
		if len(log) != len(gaps) || result.CapturedSeconds != 0.3 {
			t.Fatalf("%v, %+v", log, result)
		}
		if whole := log[len(log)-1].at.Sub(log[0].at); whole < time.Duration(float64(290*time.Millisecond)/speed) {
			t.Errorf("at speed %v it took %v", speed, whole)
		}
		for i := range log {
			if log[i].plain != fmt.Sprint(i) {
				t.Errorf("request %d was %s", i, log[i].plain)
			}
		}
	}
}

// At the highest speed no more are under way than allowed, answered or not; and
// each loop asks everything.
func TestLoopsAtHighestSpeed(t *testing.T) {
	r := record(t)
	const requests, loops = 3000, 3
	for i := range requests {
		at := time.Duration(i) * time.Second
		r.asks(at, client1, server1, ask(wire.ReqNodeRole, fmt.Sprintf(`"node%d"`, i), fmt.Sprint("salt", i)))
		r.says(at+1, client1, server1, fmt.Sprint("salt", i), wire.StatusOK, fmt.Sprintf(`["node_role", "node%d"]`, i), 7)
	}
	open := r.open()
	c := start(t, nil)
	result := run(t, open, replay.Options{Target: c.addr, Compare: true, Loops: loops, Outstanding: 64})
	if !result.Clean() || result.Equal != loops*requests || result.Loops != loops {
		t.Errorf("%+v", result)
	}
	salts := map[string]bool{}
	for _, a := range c.log() {
		salts[a.rsalt] = true
	}
	if len(salts) != loops*requests {
		t.Errorf("%d rsalts", len(salts))
	}
	// A server that is gone doesn't hold it up for ever.
	mute := start(t, func(*wire.Request) (wire.Status, string, int, bool) { return 0, "", 0, true })
	result = run(t, open, replay.Options{Target: mute.addr, Outstanding: 1500, Timeout: 20 * time.Millisecond})
	if result.Lost != requests || result.Sent != requests {
		t.Errorf("%+v", result)
	}
}

// Answers that are not from who was asked count as wrong.
func TestWrongAnswers(t *testing.T) {
	r := record(t)
	r.asks(0, client1, server1, ask(wire.ReqPing, "null", "salt"))
	c := start(t, func(r *wire.Request) (wire.Status, string, int, bool) {
		r.RSalt = []byte("another salt")
		return wire.StatusOK, "1", 1, false
	})
	if result := run(t, r.open(), replay.Options{Target: c.addr, Timeout: 200 * time.Millisecond}); result.Wrong != 1 || result.Silent != 1 || result.Clean() {
		t.Errorf("%+v", result)
	}
}

func TestRunErrors(t *testing.T) {
	r := record(t)
	for i := range 10 {
		r.asks(time.Duration(i)*time.Hour, client1, server1, ask(wire.ReqPing, "null", fmt.Sprint(i)))
	}
	open := r.open()
	target := netip.MustParseAddrPort("127.0.0.1:9")
	for _, o := range []replay.Options{
		{}, {Target: target}, {Key: testKey}, {Target: target, Key: testKey, Speed: -1}, {Target: target, Key: testKey, Loops: -1},
		{Target: target, Key: testKey, Sockets: 1000}, {Target: target, Key: testKey, Timeout: -1},
	} {
		if _, err := replay.Run(context.Background(), open, o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	c := start(t, nil)
	o := replay.Options{Target: c.addr, Key: testKey}
	ctx, cancel := context.WithCancel(context.Background())
	cancelling := start(t, func(r *wire.Request) (wire.Status, string, int, bool) { cancel(); return 0, "", 0, true })
	o.Target = cancelling.addr
	if result, err := replay.Run(ctx, open, o); !errors.Is(err, context.Canceled) || result.Sent != 1 {
		t.Errorf("%v, %+v", err, result)
	}
	gone := errors.New("gone")
	if _, err := replay.Run(context.Background(), func() (io.ReadCloser, error) { return nil, gone }, o); !errors.Is(err, gone) {
		t.Error(err)
	}
	foreign := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("no capture")), nil }
	if _, err := replay.Run(context.Background(), foreign, o); !errors.Is(err, capture.ErrFormat) {
		t.Error(err)
	}
}
