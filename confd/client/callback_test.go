package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"gantry/confd/client"
	"gantry/confd/wire"
)

// heard is an upcall in a callback's test: a reply "STATUS ANSWER @SERIAL", or "expire".
func heard(salt, text string) *client.Upcall {
	if text == "expire" {
		return &client.Upcall{Type: client.UpcallExpire, Salt: salt}
	}
	up := &client.Upcall{Type: client.UpcallReply, Salt: salt}
	var answer string
	if _, err := fmt.Sscanf(text, "%d %s @%d", &up.Reply.Status, &answer, &up.Reply.Serial); err != nil {
		panic(err)
	}
	up.Reply.Answer = json.RawMessage(answer)
	return up
}

func TestFilterCallback(t *testing.T) {
	for _, test := range []struct {
		name       string
		told       []string
		passed     []string // what the next callback hears
		consistent bool     // before the last expiration
		log        string   // of the last line
	}{
		{"the first answer", []string{"0 1 @5"}, []string{"0 1 @5"}, true, ""},
		{"a confirmation", []string{"0 1 @5", "0 1 @5"}, []string{"0 1 @5"}, true, "level=DEBUG msg=\"confirming answer\""},
		{"a confirmation in other words", []string{`0 {"a":1,"b":2} @5`, `0 {"b":2.0,"a":1} @5`}, []string{`0 {"a":1,"b":2} @5`}, true, "level=DEBUG msg=\"confirming answer\""},
		{"a newer serial, the same answer", []string{"0 1 @5", "0 1 @6"}, []string{"0 1 @5"}, true, "level=DEBUG msg=\"confirming answer with a newer serial\""},
		{"a newer serial, another answer", []string{"0 1 @5", "0 2 @6"}, []string{"0 1 @5", "0 2 @6"}, true, ""},
		{"an older serial", []string{"0 1 @5", "0 2 @4"}, []string{"0 1 @5"}, true, "level=DEBUG msg=\"outdated answer\" newest=5"},
		{"an older serial, the same answer", []string{"0 1 @5", "0 1 @4"}, []string{"0 1 @5"}, true, "level=DEBUG msg=\"outdated answer\" newest=5"},
		{"one serial, another answer", []string{"0 1 @5", "0 2 @5"}, []string{"0 1 @5"}, false, "level=WARN msg=\"answers of one serial contradict each other\""},
		{"inconsistency is not forgotten", []string{"0 1 @5", "0 2 @5", "0 3 @6"}, []string{"0 1 @5", "0 3 @6"}, false, ""},
		{"the newest is what counts", []string{"0 1 @5", "0 1 @7", "0 2 @6"}, []string{"0 1 @5"}, true, "level=DEBUG msg=\"outdated answer\" newest=7"},
		{"another status is another answer", []string{"0 1 @5", "1 1 @6"}, []string{"0 1 @5", "1 1 @6"}, true, ""},
		{"a new start after the expiration", []string{"0 1 @5", "0 2 @5", "expire", "0 2 @4"}, []string{"0 1 @5", "expire", "0 2 @4"}, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			var passed []*client.Upcall
			filter := client.NewFilterCallback(func(up *client.Upcall) { passed = append(passed, up) },
				slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			var want []*client.Upcall
			for _, text := range test.told {
				log.Reset()
				up := heard("salt", text)
				if filter.Upcall(up); slices.Contains(test.passed, text) && len(want) < len(test.passed) && test.passed[len(want)] == text {
					want = append(want, up)
				}
			}
			if !slices.Equal(passed, want) || len(want) != len(test.passed) {
				t.Errorf("passed on %d of %d, want %v", len(passed), len(test.told), test.passed)
			}
			if consistent, known := filter.Consistent("salt"); !known || consistent != test.consistent {
				t.Errorf("consistent %v, known %v", consistent, known)
			}
			if test.log == "" && log.Len() > 0 || !strings.Contains(log.String(), test.log) {
				t.Errorf("log: %s", &log)
			}
			filter.Upcall(heard("salt", "expire"))
			if _, known := filter.Consistent("salt"); known {
				t.Error("known after the expiration")
			}
		})
	}
}

func TestFilterCallbackKeepsQueriesApart(t *testing.T) {
	var passed int
	filter := client.NewFilterCallback(func(*client.Upcall) { passed++ }, nil)
	filter.Upcall(heard("a", "0 1 @5"))
	filter.Upcall(heard("b", "0 2 @5"))
	filter.Upcall(heard("a", "0 3 @5"))
	a, _ := filter.Consistent("a")
	b, _ := filter.Consistent("b")
	if passed != 2 || a || !b {
		t.Errorf("passed on %d, consistent %v and %v", passed, a, b)
	}
}

func TestCountingCallback(t *testing.T) {
	var passed int
	counter := client.NewCountingCallback(func(*client.Upcall) { passed++ })
	if !counter.AllAnswered() {
		t.Error("nothing is registered, yet something is unanswered")
	}
	for _, salt := range []string{"a", "b", "c"} {
		if err := counter.RegisterQuery(salt); err != nil {
			t.Fatal(err)
		}
	}
	if err := counter.RegisterQuery("a"); !errors.Is(err, client.ErrRegistered) {
		t.Errorf("registered twice: %v", err)
	}
	for _, step := range []struct {
		salt, told string
		replies    int
		all        bool
	}{
		{"a", "0 1 @5", 1, false},
		{"a", "0 1 @5", 2, false},
		{"unregistered", "0 1 @5", 0, false},
		{"b", "expire", 0, false},
		{"unregistered", "expire", 0, false},
		{"c", "1 0 @0", 1, true},
		{"c", "expire", 0, true},
		{"a", "expire", 0, true},
		{"a", "0 1 @5", 0, true},
	} {
		counter.Upcall(heard(step.salt, step.told))
		if counter.Replies(step.salt) != step.replies || counter.AllAnswered() != step.all {
			t.Errorf("after %s %s: %d replies, all answered %v", step.salt, step.told, counter.Replies(step.salt), counter.AllAnswered())
		}
	}
	if passed != 9 {
		t.Errorf("passed on %d", passed)
	}
	if err := counter.RegisterQuery("a"); err != nil {
		t.Errorf("registered anew: %v", err)
	}
}

func TestStoreResultCallback(t *testing.T) {
	var store client.StoreResultCallback
	if _, found := store.GetResponse("a"); found {
		t.Error("an answer out of nothing")
	}
	first, second := heard("a", "0 1 @5"), heard("a", "0 2 @4")
	store.Upcall(heard("b", "expire"))
	store.Upcall(first)
	if got, found := store.GetResponse("a"); !found || got != first {
		t.Errorf("got %v", got)
	}
	store.Upcall(second)
	store.Upcall(heard("a", "expire"))
	if got, found := store.GetResponse("a"); !found || got != second {
		t.Errorf("got %v", got)
	}
	if _, found := store.GetResponse("b"); found {
		t.Error("an expiration is no answer")
	}
}

func TestStoreResultCallbackIsBounded(t *testing.T) {
	var store client.StoreResultCallback
	salt := func(i int) string { return fmt.Sprint(i) }
	const more = 3
	for i := range client.MaxStored + more {
		store.Upcall(heard(salt(i), "0 1 @5"))
	}
	for i := range client.MaxStored + more {
		if _, found := store.GetResponse(salt(i)); found != (i >= more) {
			t.Fatalf("answer %d of %d: found %v", i, client.MaxStored+more, found)
		}
	}
}

func TestUpcallTypes(t *testing.T) {
	if types := client.UpcallTypes(); !slices.Equal(types, []client.UpcallType{1, 2}) || types[0].String() != "reply" || types[1].String() != "expire" ||
		client.UpcallType(3).String() != "upcall 3" {
		t.Errorf("got %v", types)
	}
}

func TestRequests(t *testing.T) {
	for _, test := range []struct {
		request *client.Request
		want    string // as wire writes it
	}{
		{client.Ping(), `0,"query":null`},
		{client.NodeRole("n"), `1,"query":"n"`},
		{client.NodeIP("192.0.2.1"), `2,"query":{"1":"192.0.2.1"}`},
		{client.NodeIP("192.0.2.1").OnLink(""), `2,"query":{"0":"","1":"192.0.2.1"}`},
		{client.NodeIPs("a", "b").OnLink("br1"), `2,"query":{"0":"br1","2":["a","b"]}`},
		{client.NodeIPs(), `2,"query":{"2":[]}`},
		{client.Master(), `3,"query":null`},
		{client.Master(wire.FieldMasterNodePip, wire.FieldName), `3,"query":{"3":[2,0]}`},
		{client.NodeIPList(), `4,"query":null`},
		{client.CandidateIPList(), `5,"query":null`},
		{client.InstanceIPList(), `6,"query":null`},
		{client.InstanceIPList().OnLink("br1"), `6,"query":"br1"`},
		{client.NodeDRBD("n"), `7,"query":"n"`},
		{client.NodeInstances("n"), `8,"query":"n"`},
		{client.InstanceDisks("i"), `9,"query":"i"`},
		{client.ConfigValue("/version"), `10,"query":"/version"`},
		{client.DataCollectors(), `11,"query":null`},
		{client.Ping().OnLink("br1"), `0,"query":null`},
	} {
		msg := string(wire.AppendRequestMsg(nil, test.request.Type, test.request.Query, []byte(test.request.RSalt)))
		var parsed struct {
			Protocol int
			Type     wire.Type
			Query    any
			RSalt    string
		}
		if err := json.Unmarshal([]byte(msg), &parsed); err != nil || parsed.Protocol != 1 || parsed.RSalt != test.request.RSalt {
			t.Errorf("%s: %v", msg, err)
		}
		want := fmt.Sprintf(`{"protocol":1,"type":%s,"rsalt":"%s"}`, test.want, test.request.RSalt)
		if !client.SameAnswer(json.RawMessage(msg), json.RawMessage(want)) {
			t.Errorf("got %s, want %s", msg, want)
		}
	}
}

func TestNewRequest(t *testing.T) {
	salts := make(map[string]bool)
	for kind := range wire.Type(wire.NumTypes) {
		r, err := client.NewRequest(kind, wire.Query{})
		if err != nil || r.Type != kind || len(r.RSalt) != 36 || salts[r.RSalt] {
			t.Errorf("type %d: %+v, %v", kind, r, err)
		}
		salts[r.RSalt] = true
	}
	if _, err := client.NewRequest(wire.NumTypes, wire.Query{}); !errors.Is(err, client.ErrInvalidType) {
		t.Errorf("type %d: %v", wire.NumTypes, err)
	}
}
