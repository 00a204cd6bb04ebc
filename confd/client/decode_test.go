package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
	"gantry/confd/wire"
)

// decoders by request type, as functions of one shape.
var decoders = map[string]func(client.Reply) (any, error){
	"version":   func(r client.Reply) (any, error) { return r.Version() },
	"role":      func(r client.Reply) (any, error) { return r.Role() },
	"ip":        func(r client.Reply) (any, error) { return r.NodeIP() },
	"ips":       func(r client.Reply) (any, error) { return r.NodeIPs() },
	"master":    func(r client.Reply) (any, error) { return r.Master() },
	"fields":    func(r client.Reply) (any, error) { return r.MasterFields() },
	"addresses": func(r client.Reply) (any, error) { return r.Addresses() },
	"minors":    func(r client.Reply) (any, error) { return r.DRBDMinors() },
	"instances": func(r client.Reply) (any, error) {
		primary, secondary, err := r.Instances()
		return [2]int{len(primary), len(secondary)}, err
	},
	"disks": func(r client.Reply) (any, error) {
		disks, err := r.Disks()
		return len(disks), err
	},
	"value":      func(r client.Reply) (any, error) { return r.Value() },
	"collectors": func(r client.Reply) (any, error) { return r.Collectors() },
}

func TestDecode(t *testing.T) {
	for _, test := range []struct {
		decoder, answer string
		want            string // as fmt prints it; "" if unexpected
	}{
		{"version", `3000000`, "3000000"},
		{"version", `"ok"`, ""},
		{"version", `null`, ""},
		{"role", `0`, "0"},
		{"role", `4`, "4"},
		{"role", `5`, ""},
		{"role", `-1`, ""},
		{"role", `"0"`, ""},
		{"role", `null`, ""},
		{"role", `1.5`, ""},
		{"ip", `"192.0.2.1"`, "192.0.2.1"},
		{"ip", `["192.0.2.1"]`, ""},
		{"ips", `[]`, "[]"},
		{"ips", `[[0,"192.0.2.1",7],[1,0,0]]`, "[{192.0.2.1 <nil>} { unknown entry}]"},
		{"ips", `[[0,"192.0.2.1"],[1,1]]`, "[{192.0.2.1 <nil>} { internal error of the server}]"},
		{"ips", `[[1,"why\nnot",0],[2,null,0],[1,9,0]]`,
			"[{ server says: why not} { not implemented by the server} { server says: status 1, 9}]"},
		{"ips", `[[0]]`, ""},
		{"ips", `[[0,"a",7,8]]`, ""},
		{"ips", `[[3,"a",7]]`, ""},
		{"ips", `[["0","a",7]]`, ""},
		{"ips", `[[0,"a","7"]]`, ""},
		{"ips", `"192.0.2.1"`, ""},
		{"master", `"node1.example.com"`, "node1.example.com"},
		{"master", `1`, ""},
		{"fields", `["node1","192.0.2.10"]`, "[node1 192.0.2.10]"},
		{"fields", `[1]`, ""},
		{"addresses", `["192.0.2.3",""]`, "[192.0.2.3 ]"},
		{"addresses", `{}`, ""},
		{"minors", `[["n1",0,"web","disk/0","primary","n2"]]`, "[{n1 0 web disk/0 primary n2}]"},
		{"minors", `[]`, "[]"},
		{"minors", `[["n1",0,"web","disk/0","primary"]]`, ""},
		{"minors", `[["n1","0","web","disk/0","primary","n2"]]`, ""},
		{"minors", `[["n1",0,null,"disk/0","primary","n2"]]`, ""},
		{"instances", `[[{"name":"a"}],[]]`, "[1 0]"},
		{"instances", `[[]]`, ""},
		{"instances", `[1,2]`, ""},
		{"disks", `[{"size":1},{}]`, "2"},
		{"disks", `{}`, ""},
		{"value", `{"a":1}`, fmt.Sprint(json.RawMessage(`{"a":1}`))},
		{"value", `null`, fmt.Sprint(json.RawMessage(`null`))},
		{"collectors", `{"lv":{"active":false,"interval":60000000},"drbd":{"active":true,"interval":5e6}}`, "map[drbd:{true 5s} lv:{false 1m0s}]"},
		{"collectors", `{"lv":{"active":false}}`, ""},
		{"collectors", `{"lv":{"interval":1}}`, ""},
		{"collectors", `[]`, ""},
	} {
		got, err := decoders[test.decoder](client.Reply{Answer: json.RawMessage(test.answer)})
		switch {
		case test.want == "":
			if !errors.Is(err, client.ErrUnexpectedAnswer) {
				t.Errorf("%s %s: got %v, %v", test.decoder, test.answer, got, err)
			}
		case err != nil || fmt.Sprint(got) != test.want:
			t.Errorf("%s %s: got %v, %v", test.decoder, test.answer, got, err)
		}
	}
}

func TestDecodersReturnTheServersError(t *testing.T) {
	for name, decoder := range decoders {
		_, err := decoder(client.Reply{Status: wire.StatusError, Answer: json.RawMessage("0")})
		if !errors.Is(err, client.ErrUnknownEntry) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Real answers of every type are understood.
func TestDecodeATranscript(t *testing.T) {
	byType := []string{"version", "role", "ip", "master", "addresses", "addresses", "addresses", "minors", "instances", "disks", "value", "collectors"}
	seen := make(map[string]int)
	for _, e := range clienttest.Small() {
		if e.Reply == nil || e.Reply.Status != 0 {
			continue
		}
		name := byType[e.Type]
		if list := e.Reply.Answer[0] == '['; list && name == "ip" {
			name = "ips"
		} else if list && name == "master" {
			name = "fields"
		}
		seen[name]++
		if got, err := decoders[name](client.Reply{Answer: e.Reply.Answer, Serial: e.Reply.Serial}); err != nil {
			t.Errorf("type %d %s: %v, %v", e.Type, e.Query, got, err)
		}
	}
	if len(seen) != len(decoders) {
		t.Errorf("only saw %v", seen)
	}
}

func TestStatusError(t *testing.T) {
	all := []error{client.ErrUnknownEntry, client.ErrInternal, client.ErrArgument, client.ErrNotImplemented}
	for _, test := range []struct {
		status wire.Status
		answer string
		want   error // nil: none of them
		text   string
	}{
		{1, "0", client.ErrUnknownEntry, "unknown entry"},
		{1, "1", client.ErrInternal, "internal error of the server"},
		{1, "2", client.ErrArgument, "wrong argument"},
		{1, "3", nil, "server says: status 1, 3"},
		{1, "-1", nil, "server says: status 1, -1"},
		{1, "256", nil, "server says: status 1, 256"},
		{1, "null", nil, "server says: status 1, null"},
		{1, `{"a":1}`, nil, `server says: status 1, {"a":1}`},
		{1, `"Invalid query type EmptyQuery"`, nil, "server says: Invalid query type EmptyQuery"},
		{1, `"Failure: prerequisites not met for this operation:\nerror type: ECodeNoEnt, error details:\nNode name x not found"`, client.ErrUnknownEntry,
			"server says: Failure: prerequisites not met for this operation: error type: ECodeNoEnt, error details: Node name x not found"},
		{2, `"not implemented"`, client.ErrNotImplemented, "server says: not implemented"},
		{2, "0", client.ErrNotImplemented, "not implemented by the server"},
	} {
		err := client.Reply{Status: test.status, Answer: json.RawMessage(test.answer)}.Err()
		var status *client.StatusError
		if !errors.As(err, &status) || err.Error() != test.text {
			t.Errorf("status %d %s: %v", test.status, test.answer, err)
		}
		for _, sentinel := range all {
			if errors.Is(err, sentinel) != (sentinel == test.want) {
				t.Errorf("status %d %s: is %q: %v", test.status, test.answer, sentinel, errors.Is(err, sentinel))
			}
		}
	}
	if err := (client.Reply{Answer: json.RawMessage("0")}).Err(); err != nil {
		t.Errorf("an answer is the error %v", err)
	}
}

func TestSameAnswer(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{`1`, `1`, true},
		{`1`, `1.0`, true},
		{`1`, ` 1 `, true},
		{`100`, `1e2`, true},
		{`1`, `2`, false},
		{`1`, `"1"`, false},
		{`1`, `true`, false},
		{`null`, `false`, false},
		{`9007199254740993`, `9007199254740992`, false},
		{`1e400`, `1e400`, true},
		{`1e400`, `1e401`, false},
		{`1e999999999`, `10e999999998`, false}, // too far to compare
		{`1795289394.4542418`, `1.7952893944542418e9`, true},
		{`"a"`, `"\u0061"`, true},
		{`[1,2]`, `[1, 2]`, true},
		{`[1,2]`, `[2,1]`, false},
		{`[1]`, `[1,1]`, false},
		{`[]`, `{}`, false},
		{`{"a":1,"b":[2]}`, `{ "b" : [2.0], "a" : 1 }`, true},
		{`{"a":1}`, `{"a":1,"b":null}`, false},
		{`{"a":1}`, `{"b":1}`, false},
		{`{`, `{`, true},
		{`{`, `[`, false},
		{`1`, `1 2`, false},
		{`1`, `1]`, false},
	} {
		if got := client.SameAnswer(json.RawMessage(test.a), json.RawMessage(test.b)); got != test.want {
			t.Errorf("%s and %s: %v", test.a, test.b, got)
		}
		if got := client.SameAnswer(json.RawMessage(test.b), json.RawMessage(test.a)); got != test.want {
			t.Errorf("%s and %s: %v", test.b, test.a, got)
		}
	}
}

// jsonValue draws any JSON value.
func jsonValue(depth int) *rapid.Generator[any] {
	leaf := []*rapid.Generator[any]{
		rapid.Just(any(nil)), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Float64().AsAny(), rapid.Int64().AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaf...)
	}
	inner := rapid.Deferred(func() *rapid.Generator[any] { return jsonValue(depth - 1) })
	return rapid.OneOf(append(leaf, rapid.SliceOfN(inner, 0, 4).AsAny(), rapid.MapOfN(rapid.String(), inner, 0, 4).AsAny())...)
}

// Writing a value in another way leaves it the same; another value isn't.
func TestSameAnswerIgnoresOnlyTheWriting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := jsonValue(3).Draw(t, "value")
		compact, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		spread, err := json.MarshalIndent(value, " ", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if !client.SameAnswer(compact, spread) {
			t.Fatalf("%s differs from itself", compact)
		}
		other, err := json.Marshal(jsonValue(3).Draw(t, "other"))
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if json.Unmarshal(compact, &a) != nil || json.Unmarshal(other, &b) != nil {
			t.Fatal("not read back")
		}
		if same := client.SameAnswer(compact, other); same && !cmp.Equal(a, b) || same != client.SameAnswer(other, compact) {
			t.Fatalf("%s and %s: same %v", compact, other, same)
		}
	})
}

func TestUnexpectedAnswersAreShownShort(t *testing.T) {
	_, err := client.Reply{Answer: json.RawMessage(`"` + strings.Repeat("x", 60000) + `"`)}.Role()
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
}
