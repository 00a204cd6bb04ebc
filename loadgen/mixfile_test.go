package loadgen

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"gantry/confd/wire"
)

const mixFile = `# how often, what, of which
60 node_pip_by_instance_ip *
20	node-role	a
5 node_role=error no such node
5 cluster_master {"fields":[0,2]}
3 node_pip_by_instance_ip {"ips":["10.0.0.1","10.0.0.2"],"link":""}
1 ping
`

func TestReadMix(t *testing.T) {
	mix, err := ReadMix(strings.NewReader(mixFile), "file", sourceNames)
	if err != nil {
		t.Fatal(err)
	}
	plain := func(text string) wire.Query { return wire.Query{Kind: wire.QueryPlain, Plain: text} }
	want := []Share{
		{60, sourceNames.instanceQueries()},
		{20, []Query{{Type: wire.ReqNodeRole, Query: plain("a")}}},
		{5, []Query{{Type: wire.ReqNodeRole, Query: plain("no such node"), Want: wire.StatusError}}},
		{5, []Query{{Type: wire.ReqClusterMaster, Query: wire.Query{Kind: wire.QueryDict, HasFields: true, Fields: []uint8{0, 2}}}}},
		{3, []Query{{Type: wire.ReqNodePipByInstIP, Query: wire.Query{
			Kind: wire.QueryDict, HasIPs: true, IPs: []string{"10.0.0.1", "10.0.0.2"}, HasLink: true}}}},
		{1, []Query{{Type: wire.ReqPing}}},
	}
	if !reflect.DeepEqual(mix, want) {
		t.Errorf("%+v\ninstead of\n%+v", mix, want)
	}
}

func TestMistakesInMixes(t *testing.T) {
	for _, c := range []struct{ file, message string }{
		{"", "f: no queries in it"},
		{"ping", `f:1: weight "ping" is not a number from 1 to 1000000`},
		{"0 ping", `f:1: weight "0" is not a number from 1 to 1000000`},
		{"1 ping\n\n# so\n1.5 ping", `f:4: weight "1.5" is not a number from 1 to 1000000`},
		{"1", `f:1: type "" is not one of ping, node_role, `},
		{"1 pong", `f:1: type "pong" is not one of ping, node_role, `},
		{"1 ping=good", `f:1: status "good" is not one of ok, error`},
		{"1 ping *", "f:1: ping has no names of a config to stand for *"},
		{`1 cluster_master {"field":[0]}`, `f:1: not an object of ip, link, ips and fields: json: unknown field "field"`},
		{`1 cluster_master {"fields":[0]} 7`, "f:1: something follows the object"},
		{`1 cluster_master {"fields":[10]}`, "f:1: field 10 is not within 0 and 9"},
		{`1 cluster_master {"fields":[0]`, "f:1: not an object of ip, link, ips and fields: unexpected EOF"},
	} {
		_, err := ReadMix(strings.NewReader(c.file), "f", sourceNames)
		if err == nil || !strings.HasPrefix(err.Error(), c.message) {
			t.Errorf("%q: %v instead of %s", c.file, err, c.message)
		}
	}
	if _, err := ReadMix(strings.NewReader("1 node_role *"), "f", Names{}); err == nil || err.Error() != "f:1: the config has no name that node_role asks for" {
		t.Errorf("without names: %v", err)
	}
}

// TestTypeMix has queries of the one type only, or says what is missing.
func TestTypeMix(t *testing.T) {
	for kind := range wire.Type(wire.NumTypes) {
		read, err := ParseType(strings.ReplaceAll(kind.String(), "_", "-"))
		if err != nil || read != kind {
			t.Errorf("%s reads as %s, %v", kind, read, err)
		}
		mix, err := TypeMix(kind, sourceNames)
		if (err != nil) != (kind == wire.ReqInstanceDisks) {
			t.Errorf("%s: %v", kind, err)
		}
		for _, share := range mix {
			for _, q := range share.Queries {
				if q.Type != kind || q.Want != wire.StatusOK {
					t.Errorf("%s: %+v", kind, q)
				}
			}
		}
	}
}

// FuzzReadMix makes requests of whatever can be read.
func FuzzReadMix(f *testing.F) {
	f.Add(mixFile)
	f.Add("1 ping {}")
	f.Fuzz(func(t *testing.T, file string) {
		mix, err := ReadMix(strings.NewReader(file), "f", sourceNames)
		if err != nil {
			return
		}
		o, err := Options{Ahead: 1}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		w := Confd{Key: wire.NewKey([]byte("key")), Mix: mix}
		source, err := w.Source(0, &o)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s := source.(*confdSource)
			request := source.Next(0)
			drop := accepted(s, request)
			if len(request) <= wire.MaxRequest && drop != wire.DropNone {
				t.Errorf("%q: %s is dropped: %s", file, request, drop)
			}
		}
	})
}

func TestZipfOutOfRange(t *testing.T) {
	o, err := Options{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []float64{-1, MaxZipf + 1} {
		w := Confd{Key: wire.NewKey([]byte("key")), Mix: StandardMix(sourceNames), Zipf: s}
		if _, err := w.Source(0, &o); err == nil {
			t.Errorf("an exponent of %g is accepted", s)
		}
	}
	if _, err := Run(context.Background(), nil, Confd{Key: wire.NewKey(nil), Zipf: 11, Mix: StandardMix(sourceNames)}, o); err == nil {
		t.Error("a run with it begins")
	}
}
