package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// A recorder writes down what Walk delivers.
type recorder struct {
	seen []string
	fail string // the visit that fails
}

var errVisitor = errors.New("enough")

func (r *recorder) add(visit string) error {
	r.seen = append(r.seen, visit)
	if r.fail != "" && strings.HasPrefix(visit, r.fail) {
		return errVisitor
	}
	return nil
}

func (r *recorder) Top(name string, text []byte) error { return r.add(name + "=" + string(text)) }

func (r *recorder) Object(o *Object) error {
	return r.add(fmt.Sprintf("%s/%s=%s", o.Kind, o.Key, o.Text))
}

func walked(t testing.TB, r io.Reader) []string {
	t.Helper()
	var rec recorder
	if err := Walk(r, &rec); err != nil {
		t.Fatal(err)
	}
	return rec.seen
}

// The smallest of everything.
const (
	tinyCluster  = `{"rsahostkeypub":"","highest_used_port":11000,"tcpudp_port_pool":[],"mac_prefix":"aa:00:00","master_node":"N","master_ip":"192.0.2.1","master_netdev":"lo","cluster_name":"c","file_storage_dir":"","enabled_hypervisors":["fake"],"candidate_pool_size":1,"enabled_disk_templates":["diskless"],"uuid":"C","serial_no":1}`
	tinyNode     = `{"name":"n","primary_ip":"192.0.2.1","secondary_ip":"192.0.2.1","master_candidate":true,"offline":false,"drained":false,"group":"G","serial_no":1}`
	tinyGroup    = `{"name":"default"}`
	tinyInstance = `{"name":"i","primary_node":"N","os":"noop","hypervisor":"fake","admin_state":"up","serial_no":1}`
	tinyDisk     = `{"logical_id":["vg","lv"],"dev_type":"plain","size":1}`
	tinyNetwork  = `{"name":"net","network":"192.0.2.0/24","serial_no":1}`
	tinyFilter   = `{"watermark":1,"priority":0,"predicates":[],"action":"PAUSE","reason_trail":[]}`
)

// tiny returns a document of these members.
func tiny(members ...string) string { return "{" + strings.Join(members, ",") + "}" }

// tinyMembers are the members of a whole document, by name.
func tinyMembers() []string {
	return []string{
		`"version":3000000`, `"cluster":` + tinyCluster, `"nodes":{"N":` + tinyNode + `}`, `"nodegroups":{"G":` + tinyGroup + `}`,
		`"instances":{"I":` + tinyInstance + `}`, `"networks":{}`, `"disks":{"D":` + tinyDisk + `}`, `"filters":{}`, `"serial_no":5`,
	}
}

// with returns the members of a whole document, one of which is replaced.
func with(member string) []string {
	name, _, _ := strings.Cut(member, ":")
	members := tinyMembers()
	for i, m := range members {
		if strings.HasPrefix(m, name+":") {
			members[i] = member
			return members
		}
	}
	return append(members, member)
}

func without(name string) []string {
	return slices.DeleteFunc(tinyMembers(), func(m string) bool { return strings.HasPrefix(m, `"`+name+`":`) })
}

func TestWalkDeliversInTheOrderOfTheFile(t *testing.T) {
	doc := tiny(`"x":{"b":1.0,"a":null}`, `"serial_no":5`, `"filters":null`, `"disks":{"b":`+tinyDisk+`,"a":`+tinyDisk+`,"b":`+tinyDisk+`,"c":null}`,
		`"disks":{"again":7}`, `"cluster":`+tinyCluster, `"instances":{}`, `"nodes":{"\u004e\n":`+tinyNode+`}`, `"nodegroups":{}`, `"mtime":1.5`, `"serial_no":6`,
		`"\u0076ersion":3e6`, `"y\n":null`)
	var got []string
	for _, visit := range walked(t, strings.NewReader(doc)) {
		name, _, _ := strings.Cut(visit, "={\"")
		got = append(got, name)
	}
	want := []string{`x={"b":1,"a":null}`, "serial_no=5", "disks/b", "disks/a", "disks/b", "cluster/", "nodes/N\n", "mtime=1.5", "version=3000000", "y\n=null", "ctime=0"}
	want[0] = "x"
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestWalkFillsInDefaults(t *testing.T) {
	doc := tiny(tinyMembers()...)
	for _, visit := range walked(t, strings.NewReader(doc)) {
		name, text, _ := strings.Cut(visit, "=")
		want, ok := map[string]string{
			"nodes/N":      `{"name":"n","primary_ip":"192.0.2.1","secondary_ip":"192.0.2.1","master_candidate":true,"offline":false,"drained":false,"group":"G","master_capable":true,"vm_capable":true,"ndparams":{},"powered":true,"ctime":0,"mtime":0,"uuid":"N","serial_no":1,"tags":[]}`,
			"nodegroups/G": `{"name":"default","members":[],"ndparams":{},"alloc_policy":"preferred","ipolicy":{},"diskparams":{},"networks":{},"ctime":0,"mtime":0,"uuid":"G","serial_no":1,"tags":[]}`,
			"instances/I":  `{"name":"i","primary_node":"N","os":"noop","hypervisor":"fake","hvparams":{},"beparams":{},"osparams":{},"osparams_private":{},"admin_state":"up","admin_state_source":"admin","nics":[],"disks":[],"disks_active":true,"ctime":0,"mtime":0,"uuid":"I","serial_no":1,"tags":[]}`,
			"disks/D":      `{"logical_id":["vg","lv"],"dev_type":"plain","children":[],"nodes":[],"iv_name":"","size":1,"mode":"rw","uuid":"D","serial_no":1,"ctime":0,"mtime":0}`,
		}[name]
		if ok && text != want {
			t.Errorf("%s:\n got %s\nwant %s", name, text, want)
		}
	}
	cluster := parsed(t, []byte(doc)).Get(KindCluster, "")
	for field, want := range map[string]string{
		"/master_netmask": "32", "/beparams/default/maxmem": "128", "/ndparams/ovs_name": `"switch1"`, "/nicparams/default/link": `"xen-br0"`,
		"/ipolicy/std/disk-size": "1024", "/ipolicy/spindle-ratio": "32", "/hvparams/fake/migration_mode": `"live"`, "/compression_tools/1": `"gzip-fast"`, "/max_running_jobs": "20",
		"/tags": "[]", "/hv_state_static": "{}", "/dsahostkeypub": "",
	} {
		if got := string(Evaluate(cluster, []byte(field))); got != want {
			t.Errorf("%s: got %s, want %s", field, got, want)
		}
	}
}

func TestObjectRules(t *testing.T) {
	for _, c := range []struct {
		name, object, want string
		kind               Kind
	}{
		{name: "hidden when empty", kind: KindNode, object: strings.Replace(tinyNode, `"group"`, `"hv_state_static":{},"disk_state_static":{"x":1},"group"`, 1),
			want: `{"name":"n","primary_ip":"192.0.2.1","secondary_ip":"192.0.2.1","master_candidate":true,"offline":false,"drained":false,"group":"G","master_capable":true,"vm_capable":true,"ndparams":{},"powered":true,"disk_state_static":{"x":1},"ctime":0,"mtime":0,"uuid":"K","serial_no":1,"tags":[]}`},
		{name: "first of several, known then unknown", kind: KindGroup, object: `{"x":1.0,"name":"a","name":7,"uuid":"u","y":{"b":1,"a":2},"x":2}`,
			want: `{"name":"a","members":[],"ndparams":{},"alloc_policy":"preferred","ipolicy":{},"diskparams":{},"networks":{},"ctime":0,"mtime":0,"uuid":"u","serial_no":1,"tags":[],"x":1,"y":{"b":1,"a":2},"x":2}`},
		{name: "null is absent, also first", kind: KindGroup, object: `{"uuid":null,"name":"a","members":null,"members":["x"],"tags":["b","a","b"]}`,
			want: `{"name":"a","members":[],"ndparams":{},"alloc_policy":"preferred","ipolicy":{},"diskparams":{},"networks":{},"ctime":0,"mtime":0,"uuid":"K","serial_no":1,"tags":["a","b"]}`},
		{name: "not forthcoming", kind: KindInstance, object: strings.Replace(tinyInstance, `{`, `{"disks_active":false,"forthcoming":false,`, 1),
			want: `{"name":"i","primary_node":"N","os":"noop","hypervisor":"fake","hvparams":{},"beparams":{},"osparams":{},"osparams_private":{},"admin_state":"up","admin_state_source":"admin","nics":[],"disks":[],"disks_active":false,"ctime":0,"mtime":0,"uuid":"K","serial_no":1,"tags":[]}`},
		{name: "forthcoming", kind: KindInstance, object: `{"serial_no":1,"forthcoming":true,"admin_state":"up"}`,
			want: `{"forthcoming":true,"hvparams":{},"beparams":{},"osparams":{},"osparams_private":{},"admin_state":"up","nics":[],"disks":[],"ctime":0,"mtime":0,"uuid":"K","serial_no":1,"tags":[]}`},
		{name: "forthcoming disk without id", kind: KindDisk, object: `{"forthcoming":true,"dev_type":"plain"}`,
			want: `{"forthcoming":true,"children":[],"nodes":[],"iv_name":"","mode":"rw","uuid":"K","serial_no":1,"ctime":0,"mtime":0}`},
		{name: "child without uuid", kind: KindDisk, object: `{"dev_type":"plain","size":1.5,"logical_id":["vg","lv"],"uuid":"d","children":[` + tinyDisk + `],"spindles":2,"params":{"b":1,"a":2}}`,
			want: `{"logical_id":["vg","lv"],"dev_type":"plain","children":[{"logical_id":["vg","lv"],"dev_type":"plain","children":[],"nodes":[],"iv_name":"","size":1,"mode":"rw","serial_no":1,"ctime":0,"mtime":0}],"nodes":[],"iv_name":"","size":2,"mode":"rw","spindles":2,"params":{"a":2,"b":1},"uuid":"d","serial_no":1,"ctime":0,"mtime":0}`},
		{name: "network", kind: KindNetwork, object: `{"serial_no":2,"name":"n","network":"192.0.2.0/24","gateway":null,"reservations":"01"}`,
			want: `{"name":"n","network":"192.0.2.0/24","reservations":"01","uuid":"K","ctime":0,"mtime":0,"serial_no":2,"tags":[]}`},
		{name: "filter", kind: KindFilter, object: tinyFilter,
			want: `{"watermark":1,"priority":0,"predicates":[],"action":"PAUSE","reason_trail":[],"uuid":"K"}`},
	} {
		got, err := AppendCanonical(nil, c.kind, "K", []byte(c.object))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, c.want)
		}
	}
}

func TestDerivedDefaults(t *testing.T) {
	ipv6 := strings.Replace(tinyCluster, `{`, `{"primary_ip_family":10,`, 1)
	text, err := AppendCanonical(nil, KindCluster, "", []byte(ipv6))
	if got := string(Lookup(text, []byte("master_netmask"))); err != nil || got != "128" {
		t.Errorf("netmask of an IPv6 cluster: %s, %v", got, err)
	}
	down := strings.Replace(tinyInstance, `"up"`, `"down"`, 1)
	text, err = AppendCanonical(nil, KindInstance, "I", []byte(down))
	if got := string(Lookup(text, []byte("disks_active"))); err != nil || got != "false" {
		t.Errorf("disks of an instance that is down: %s, %v", got, err)
	}
}

func TestWalkErrors(t *testing.T) {
	instance := func(member string) string {
		return `"instances":{"I":` + strings.Replace(tinyInstance, `{`, `{`+member+`,`, 1) + `}`
	}
	disk := func(member string) string {
		return `"disks":{"D":` + strings.Replace(tinyDisk, `{`, `{`+member+`,`, 1) + `}`
	}
	for _, c := range []struct{ doc, want string }{
		{tiny(with(instance(`"disks":{}`))...), "instances/I/disks: not a list"},
		{tiny(with(instance(`"disks":[7]`))...), "instances/I/disks/0: not a string"},
		{tiny(with(instance(`"disks_active":1`))...), "instances/I/disks_active: not a boolean"},
		{tiny(with(instance(`"nics":[{"mac":"m","nicparams":{}},{"nicparams":{}}]`))...), "instances/I/nics/1/mac: missing"},
		{tiny(with(instance(`"nics":[{"mac":"m","nicparams":{"mode":"x"}}]`))...), `instances/I/nics/0/nicparams/mode: no network mode: "x"`},
		{tiny(with(instance(`"hvparams":[]`))...), "instances/I/hvparams: not an object"},
		{tiny(with(instance(`"osparams":{"a":1}`))...), "instances/I/osparams/a: not a string"},
		{tiny(with(instance(`"beparams":{"maxmem":"lots"}`))...), "instances/I/beparams/maxmem: not a size"},
		{tiny(with(instance(`"network_port":"1"`))...), "instances/I/network_port: not a number"},
		{tiny(with(instance(`"admin_state":"on"`))...), `instances/I/admin_state: no admin state: "on"`},
		{tiny(with(`"instances":{"I":{"forthcoming":true}}`)...), "instances/I/serial_no: missing"},
		{tiny(with(`"instances":{"I":[]}`)...), "instances/I: not an object"},
		{tiny(with(`"instances":[]`)...), "instances: not an object"},
		{tiny(with(`"instances":null`)...), "instances: missing"},
		{tiny(with(`"nodegroups":[]`)...), "nodegroups: not an object"},
		{tiny(with(`"cluster":{}`)...), "cluster/rsahostkeypub: missing"},
		{tiny(with(`"cluster":7`)...), "cluster: not an object"},
		{tiny(without("cluster")...), "cluster: missing"},
		{tiny(without("serial_no")...), "serial_no: missing"},
		{tiny(with(`"version":"3"`)...), "version: not a number"},
		{tiny(with(disk(`"dev_type":"drbd"`))...), `disks/D/logical_id: not the logical id of a disk of type "drbd"`},
		{tiny(with(disk(`"dev_type":"file"`))...), `disks/D/logical_id: no driver of a disk of type "file"`},
		{tiny(with(disk(`"dev_type":"diskless"`))...), `disks/D/dev_type: a disk can't be diskless`},
		{tiny(with(disk(`"dev_type":null`))...), `disks/D/dev_type: missing`},
		{tiny(with(disk(`"logical_id":null`))...), `disks/D/logical_id: missing`},
		{tiny(with(disk(`"children":[{"size":1}]`))...), `disks/D/children/0/logical_id: missing`},
		{tiny(with(`"filters":{"F":{}}`)...), `filters/F/watermark: missing`},
		{tiny(with(`"networks":{"W":{"name":""}}`)...), `networks/W/name: empty`},

		{``, "configuration: not valid JSON: unexpected end (byte 0)"},
		{`[]`, "configuration: not valid JSON: unexpected '[' (byte 0)"},
		{"\xef\xbb\xbf{}", "configuration: not valid JSON: unexpected byte 0xef (byte 0)"},
		{`{}`, "nodegroups: a layout older than 2.14's: missing"},
		{`{"version":3000000`, "version: not valid JSON: unexpected end (byte 18)"},
		{`{"version":3000000,`, "version: not valid JSON: unexpected end (byte 19)"},
		{tiny(tinyMembers()...) + "x", "configuration: not valid JSON: data after the end"},
		{tiny(tinyMembers()...) + "}", "configuration: not valid JSON: data after the end"},
		{tiny(with(instance(`"tags":["a]`))...), "instances/I"},
		{tiny(with(instance(`"x":nan`))...), "instances/I/x: not valid JSON: unexpected 'a'"},
		{tiny(with(instance(`"x":NaN`))...), "instances/I/x: not valid JSON: unexpected 'N'"},
		{tiny(with(instance("\"x\":\"\n\""))...), "instances/I/x: not valid JSON: unexpected byte 0x0a"},
		{tiny(with(instance(`"x":"\ud800"`))...), "instances/I/x: not valid JSON: lone surrogate"},
		{tiny(with(instance("\"x\":\"\xff\""))...), "instances/I/x: not valid JSON: invalid UTF-8"},
		{tiny(with(instance(`"x":` + strings.Repeat("[", 200)))...), "instances/I/x/0/0/0"},
		{tiny(with(instance(`"x":[-1e999]`))...), "instances/I/x/0: too large: a number out of range"},
		{tiny(with(`"version":1e999`)...), "version: too large: a number out of range"},
		{tiny(with(instance(`"disks":7,"x":nan`))...), "instances/I/x: not valid JSON: unexpected 'a'"}, // torn counts for more than wrong
		{tiny(`"nodes":7`, `"x":tru`), "x: not valid JSON: unexpected '}'"},
	} {
		err := Walk(strings.NewReader(c.doc), ignore{})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
		var typed *Error
		if !errors.As(err, &typed) {
			t.Errorf("%v isn't an *Error", err)
		}
	}
}

func TestErrorOffsetsCountFromTheStartOfTheFile(t *testing.T) {
	doc := bytes.Replace(generated(t, GenerateOptions{Nodes: 3, Instances: 2000, Seed: 3}), []byte(`,"serial_no":`), []byte(` ,"serial_no":`), 1)
	at := bytes.LastIndex(doc, []byte(`"serial_no":`)) + len(`"serial_no":`)
	torn := slices.Concat(doc[:at], []byte("x"), doc[at:])
	var err *Error
	if !errors.As(Walk(bytes.NewReader(torn), ignore{}), &err) || err.Offset != int64(at) {
		t.Errorf("got %v, want byte %d", err, at)
	}
}

func TestWalkStopsAtTheVisitorsError(t *testing.T) {
	for _, visit := range []string{"version", "cluster", "nodes/", "disks/", "ctime"} {
		rec := recorder{fail: visit}
		if err := Walk(strings.NewReader(tiny(tinyMembers()...)), &rec); err != errVisitor {
			t.Errorf("%s: got %v", visit, err)
		}
		if last := rec.seen[len(rec.seen)-1]; !strings.HasPrefix(last, visit) {
			t.Errorf("%s: went on to %s", visit, last)
		}
	}
}

func TestWalkPassesOnErrorsOfTheReader(t *testing.T) {
	doc := tiny(tinyMembers()...)
	broken := io.MultiReader(strings.NewReader(doc[:100]), iotest.ErrReader(io.ErrClosedPipe))
	if err := Walk(broken, ignore{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

// The file may come in any pieces, and be larger than the window, and so may be an object.
func TestWalkReadsInPieces(t *testing.T) {
	doc := generated(t, GenerateOptions{Nodes: 5, Instances: 800, Seed: 9, Quirks: true})
	big := `"big":["` + strings.Repeat("é☃𝄞", windowSize/4) + `"]`
	doc = append([]byte("{"+big+","), doc[bytes.IndexByte(doc, '{')+1:]...)
	want := walked(t, bytes.NewReader(doc))
	for name, r := range map[string]io.Reader{
		"halves":    iotest.HalfReader(bytes.NewReader(doc)),
		"bytes":     iotest.OneByteReader(bytes.NewReader(doc)),
		"eof early": iotest.DataErrReader(bytes.NewReader(doc)),
	} {
		if got := walked(t, r); !slices.Equal(got, want) {
			t.Errorf("%s: another result", name)
		}
	}
}

// Wherever the window ends, the result is the same.
func TestWalkWithAnyWindow(t *testing.T) {
	doc := tiny(append(tinyMembers(), `"z":{"é":"\ud834\udd1e☃","n":[-1.5e-3,true,false,null,{}]}`, `"last":1`)...) + "\n"
	want := walked(t, strings.NewReader(doc))
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, []byte(doc), " ", "\t"); err != nil {
		t.Fatal(err)
	}
	for _, doc := range []string{doc, spaced.String()} {
		for size := 1; size <= len(doc)+1; size++ {
			var rec recorder
			w := walker{window: newWindow(strings.NewReader(doc), size), v: &rec}
			if err := w.walk(); err != nil || !slices.Equal(rec.seen, want) {
				t.Fatalf("a window of %d bytes: %v", size, err)
			}
		}
	}
}

func TestNoPrefixIsAccepted(t *testing.T) {
	doc := tiny(tinyMembers()...)
	for n := range doc {
		if err := Walk(strings.NewReader(doc[:n]), ignore{}); !errors.Is(err, ErrSyntax) {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
	}
}

func TestObjectsAreLimited(t *testing.T) {
	const limit = 1 << 20
	limited := func(r io.Reader) error {
		w := walker{window: newWindow(r, windowSize), v: ignore{}}
		w.t.limit = limit
		return w.walk()
	}
	endless := io.MultiReader(strings.NewReader(`{"x":["`), &repeated{"0123456789abcdef"})
	if err := limited(endless); !errors.Is(err, ErrLimit) {
		t.Errorf("an endless string: %v", err)
	}
	grows := `{"x":[` + strings.Repeat("1e300,", limit/200) + "1]}"
	if err := limited(strings.NewReader(grows)); !errors.Is(err, ErrLimit) {
		t.Errorf("numbers that grow: %v", err)
	}
}

// A repeated text has no end.
type repeated struct{ text string }

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], r.text)
	}
	return n, nil
}

func TestWalkAllocatesNothingPerObject(t *testing.T) {
	allocs := func(instances int) float64 {
		doc := generated(t, GenerateOptions{Nodes: 10, Instances: instances, Seed: 5, Filters: -1, Networks: -1})
		return testing.AllocsPerRun(3, func() {
			if err := Walk(bytes.NewReader(doc), ignore{}); err != nil {
				t.Fatal(err)
			}
		})
	}
	if small, large := allocs(100), allocs(3000); large > small+8 {
		t.Errorf("%v allocations for 100 instances, %v for 3,000", small, large)
	}
}

func TestOldLayoutsAreRecognised(t *testing.T) {
	for _, c := range []struct{ name, doc string }{
		{"nodes keyed by name", tiny(with(`"nodes":{"n":` + tinyNode + `}`)...)},
		{"instances keyed by name", tiny(with(`"instances":{"i":` + tinyInstance + `}`)...)},
		{"disks inside instances", tiny(with(`"instances":{"I":` + strings.Replace(tinyInstance, `{`, `{"disks":[{}],`, 1) + `}`)...)},
		{"admin_up", tiny(with(`"instances":{"I":` + strings.Replace(tinyInstance, `"admin_state":"up"`, `"admin_up":true`, 1) + `}`)...)},
		{"disk_template", tiny(with(`"instances":{"I":` + strings.Replace(tinyInstance, `{`, `{"disk_template":"plain",`, 1) + `}`)...)},
		{"bridge", tiny(with(`"instances":{"I":` + strings.Replace(tinyInstance, `{`, `{"nics":[{"mac":"m","bridge":"b"}],`, 1) + `}`)...)},
		{"lvm", tiny(with(`"disks":{"D":` + strings.Replace(tinyDisk, `plain`, `lvm`, 1) + `}`)...)},
		{"drbd8", tiny(with(`"disks":{"D":` + strings.Replace(tinyDisk, `plain`, `drbd8`, 1) + `}`)...)},
		{"physical_id", tiny(with(`"disks":{"D":` + strings.Replace(tinyDisk, `{`, `{"physical_id":[],`, 1) + `}`)...)},
		{"memory", tiny(with(`"cluster":` + strings.Replace(tinyCluster, `{`, `{"beparams":{"default":{"memory":1}},`, 1))...)},
		{"policy with min", tiny(with(`"cluster":` + strings.Replace(tinyCluster, `{`, `{"ipolicy":{"min":{}},`, 1))...)},
		{"group's policy with max", tiny(with(`"nodegroups":{"G":{"name":"g","ipolicy":{"max":{}}}}`)...)},
		{"default_bridge", tiny(with(`"cluster":` + strings.Replace(tinyCluster, `{`, `{"default_bridge":"b",`, 1))...)},
		{"no node groups", tiny(without("nodegroups")...)},
		{"node groups null", tiny(with(`"nodegroups":null`)...)},
		{"no disks", tiny(without("disks")...)},
	} {
		if err := Walk(strings.NewReader(c.doc), ignore{}); !errors.Is(err, ErrOldLayout) {
			t.Errorf("%s: %v", c.name, err)
		}
		// Something else that is wrong, before or behind, doesn't hide it.
		wrong := strings.Replace(strings.Replace(c.doc, `"mac_prefix":"aa:00:00",`, "", 1), `"size":1`, `"size":true`, 1)
		if err := Walk(strings.NewReader(wrong), ignore{}); !errors.Is(err, ErrOldLayout) {
			t.Errorf("%s, with faults: %v", c.name, err)
		}
	}
}

func TestLayoutsOfAllVersions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, layout := range []string{"2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9", "2.10", "2.11", "2.12", "2.13", "2.14", "2.15", "2.16", "2.17", "3.0", "3.1"} {
		doc := generated(t, GenerateOptions{Nodes: 3, Instances: 30, Seed: 11, Layout: layout})
		minor := 0
		fmt.Sscanf(layout, "2.%d", &minor)
		old := strings.HasPrefix(layout, "2.") && minor < 14
		for range 4 {
			if err := Walk(bytes.NewReader(doc), ignore{}); errors.Is(err, ErrOldLayout) != old || err != nil && !old {
				t.Errorf("layout %s: %v", layout, err)
			}
			doc = shuffled(doc, random)
		}
	}
}

// shuffled puts the members at the top of a document in another order.
func shuffled(doc []byte, random *rand.Rand) []byte {
	var members [][]byte
	for key, value := range Members(doc) {
		members = append(members, slices.Concat(key, []byte(":"), value))
	}
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return slices.Concat([]byte("{"), bytes.Join(members, []byte(",")), []byte("}"))
}
