package config

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// The configurations under testdata were served by the reference's own confd 3.0.2; the .answers files are what it said to
// requests of type 8 (a node's instances), 9 (an instance's disks) and 10 (a pointer).
var goldenNames = []string{"empty", "small", "medium", "mini", "bootstrap"}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".config.json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parsed(t testing.TB, doc []byte) *Document {
	t.Helper()
	d, err := Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// asFree is a JSON text as the reference prints what it doesn't interpret.
func asFree(t testing.TB, text []byte) string {
	t.Helper()
	tc := newTranscoder(append(slices.Clone(text), ' '))
	if !tc.free() {
		t.Fatalf("%s: %v", text, tc.err)
	}
	return string(tc.out)
}

func TestCanonicalTextIsWhatTheReferenceAnswers(t *testing.T) {
	for _, name := range []string{"empty", "small", "medium"} {
		doc := parsed(t, golden(t, name))
		text := doc.Append(nil)
		answers, err := os.Open("testdata/" + name + ".answers.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		defer answers.Close()
		lines := bufio.NewScanner(answers)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var a struct {
				Type, Status int
				Query        string
				Answer       json.RawMessage
			}
			if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
				t.Fatal(err)
			}
			if a.Type == 10 {
				checkPointerAnswer(t, text, a.Query, a.Status == 0, asFree(t, a.Answer))
				continue
			}
			for object := range objectsIn([]byte(asFree(t, a.Answer)), a.Type == 8) {
				checkObjectAnswer(t, doc, object)
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func checkPointerAnswer(t *testing.T, text []byte, pointer string, found bool, want string) {
	t.Helper()
	got := Evaluate(text, []byte(pointer))
	switch {
	case found != (got != nil):
		t.Errorf("%s: found %v, the reference says %v", pointer, got != nil, found)
	case found && string(got) != want:
		t.Errorf("%s:\n got %s\nwant %s", pointer, got, want)
	}
}

// objectsIn returns the objects in an answer: a list of them, or two.
func objectsIn(answer []byte, two bool) func(func([]byte) bool) {
	if !two {
		return Elements(answer)
	}
	return func(yield func([]byte) bool) {
		for list := range Elements(answer) {
			for object := range Elements(list) {
				if !yield(object) {
					return
				}
			}
		}
	}
}

func checkObjectAnswer(t *testing.T, doc *Document, object []byte) {
	t.Helper()
	key := string(Unquote(nil, Lookup(object, []byte("uuid"))))
	got := doc.Get(KindInstance, key)
	if got == nil {
		got = doc.Get(KindDisk, key)
	}
	if string(got) != string(object) {
		t.Errorf("%s:\n got %s\nwant %s", key, got, object)
	}
}

// The exact texts that the description of the format gives for its worked example.
func TestWorkedExample(t *testing.T) {
	doc := parsed(t, golden(t, "mini"))
	for _, want := range []struct {
		kind Kind
		key  string
		text string
	}{
		{KindInstance, "30000000-0000-4000-8000-000000000002", `{"name":"db.example.com","primary_node":"10000000-0000-4000-8000-000000000002","os":"noop","hypervisor":"kvm","hvparams":{},"beparams":{"maxmem":512},"osparams":{},"osparams_private":{},"admin_state":"up","admin_state_source":"admin","nics":[{"mac":"aa:00:00:00:00:02","ip":"198.51.100.20","nicparams":{"link":"br1"},"uuid":"50000000-0000-4000-8000-000000000002"},{"mac":"aa:00:00:00:00:03","nicparams":{},"uuid":"50000000-0000-4000-8000-000000000003"}],"disks":["40000000-0000-4000-8000-000000000002"],"disks_active":true,"ctime":1.7000000005e9,"mtime":1.7000000005e9,"uuid":"30000000-0000-4000-8000-000000000002","serial_no":12,"tags":[]}`},
		{KindInstance, "30000000-0000-4000-8000-000000000001", `{"name":"web.example.com","primary_node":"10000000-0000-4000-8000-000000000001","os":"noop","hypervisor":"kvm","hvparams":{},"beparams":{"maxmem":512},"osparams":{},"osparams_private":{},"admin_state":"up","admin_state_source":"admin","nics":[{"mac":"aa:00:00:00:00:01","ip":"198.51.100.10","nicparams":{},"uuid":"50000000-0000-4000-8000-000000000001"}],"disks":["40000000-0000-4000-8000-000000000001"],"disks_active":true,"ctime":1.7000000005e9,"mtime":1.7000000005e9,"uuid":"30000000-0000-4000-8000-000000000001","serial_no":11,"tags":[]}`},
		{KindDisk, "40000000-0000-4000-8000-000000000001", `{"logical_id":["10000000-0000-4000-8000-000000000001","10000000-0000-4000-8000-000000000002",11000,0,1,"5ec4e7"],"dev_type":"drbd","children":[{"logical_id":["xenvg","x.disk0_data"],"dev_type":"plain","children":[],"nodes":["10000000-0000-4000-8000-000000000001","10000000-0000-4000-8000-000000000002"],"iv_name":"","size":1024,"mode":"rw","params":{},"uuid":"40000000-0000-4000-8000-00000000000a","serial_no":1,"ctime":1.7000000005e9,"mtime":1.7000000005e9},{"logical_id":["xenvg","x.disk0_meta"],"dev_type":"plain","children":[],"nodes":["10000000-0000-4000-8000-000000000001","10000000-0000-4000-8000-000000000002"],"iv_name":"","size":128,"mode":"rw","params":{},"uuid":"40000000-0000-4000-8000-00000000000b","serial_no":1,"ctime":1.7000000005e9,"mtime":1.7000000005e9}],"nodes":["10000000-0000-4000-8000-000000000001","10000000-0000-4000-8000-000000000002"],"iv_name":"disk/0","size":1024,"mode":"rw","params":{},"uuid":"40000000-0000-4000-8000-000000000001","serial_no":2,"ctime":1.7000000005e9,"mtime":1.7000000005e9}`},
	} {
		if got := string(doc.Get(want.kind, want.key)); got != want.text {
			t.Errorf("%s:\n got %s\nwant %s", want.key, got, want.text)
		}
	}
}

// What is written is what is read again, and what wconfd wrote differs from it in nothing but the order of what has none.
func TestWrittenDocumentsReadTheSame(t *testing.T) {
	for _, name := range goldenNames {
		text := parsed(t, golden(t, name)).Append(nil)
		if again := parsed(t, text).Append(nil); !bytes.Equal(again, text) {
			t.Errorf("%s: reading what was written gives another text", name)
		}
		if bytes.ContainsAny(bytes.ReplaceAll(text, []byte("\\n"), nil), "\n\t") || !json.Valid(text) {
			t.Errorf("%s: not compact JSON", name)
		}
	}
	doc := generated(t, GenerateOptions{Nodes: 20, Instances: 300, Seed: 7})
	if got := parsed(t, doc).Append(nil); !bytes.Equal(got, doc) {
		t.Errorf("a file in wconfd's style was changed at byte %d", differAt(got, doc))
	}
	python := generated(t, GenerateOptions{Nodes: 20, Instances: 300, Seed: 7, Python: true})
	if got := parsed(t, python).Append(nil); !bytes.Equal(got, doc) {
		t.Errorf("the same file in Python's style becomes another at byte %d", differAt(got, doc))
	}
}

func differAt(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// pointers on the worked example, as the description of request type 10 lists them; "" means an error.
var pointerTable = []struct{ pointer, want string }{
	{"/cluster/cluster_name", `"mini.example.com"`},
	{"/version", "3000000"},
	{"/serial_no", "100"},
	{"/ctime", "1.7000000005e9"},
	{"/cluster/tags/0", `"east"`},
	{"/cluster/tags/1", `"prod"`},
	{"/cluster/tags/2", ""},
	{"/cluster/enabled_hypervisors/0abc", `"kvm"`},
	{"/cluster/enabled_hypervisors/007", ""},
	{"/cluster/enabled_hypervisors/00", `"kvm"`},
	{"/cluster/enabled_hypervisors/-1", ""},
	{"/cluster/enabled_hypervisors/x", ""},
	{"/cluster/enabled_hypervisors/", ""},
	{"/cluster/enabled_hypervisors/18446744073709551616", `"kvm"`},
	{"/cluster/tags/18446744073709551617", `"prod"`},
	{"/cluster/enabled_hypervisors/9223372036854775808", ""},
	{"", ""},
	{"cluster", ""},
	{"/", ""},
	{"/cluster/", ""},
	{"//x", ""},
	{"/~2", ""},
	{"/cluster/serial_no", "7"},
	{"/cluster/serial_no~zzz", "7"},
	{"/cluster/serial_no/~zzz", "7"},
	{"/cluster/serial_no/x", ""},
	{"/cluster/nope", ""},
	{"/nodes/10000000-0000-4000-8000-000000000001/name", `"node1.example.com"`},
	{"/cluster/hv_state_static", "{}"},
	{"/nodes/10000000-0000-4000-8000-000000000001/hv_state_static", ""},
	{"/nodegroups/20000000-0000-4000-8000-000000000001/members", "[]"},
	{"/networks", "{}"},
	{"/filters", "{}"},
}

func TestPointers(t *testing.T) {
	text := parsed(t, golden(t, "mini")).Append(nil)
	cluster := Lookup(text, []byte("cluster"))
	for _, c := range pointerTable {
		if got := string(Evaluate(text, []byte(c.pointer))); got != c.want {
			t.Errorf("%q: got %s, want %s", c.pointer, got, c.want)
		}
	}
	for _, pointer := range []string{"/cluster//x", "/cluster~", "/cluster/~2", "/cluster~/x"} {
		if got := Evaluate(text, []byte(pointer)); !bytes.Equal(got, cluster) {
			t.Errorf("%q: got %.40s…, want the cluster", pointer, got)
		}
	}
}

func TestPointerEscapes(t *testing.T) {
	text := []byte(`{"a/b":1,"c~d":2,"":3,"e\"f\n\u0001":4,"x":[10,20],"g":5,"g":6,"0":7}`)
	for pointer, want := range map[string]string{
		"/a~1b": "1", "/c~0d": "2", "/": "3", "/e\"f\n\x01": "4", "/x/1": "20", "/x/1~0": "20", "/x/~01": "", "/g": "5", "/0": "7",
		"/a/b": "", "/c~d": "", "/a~1": "", "/a~1bc": "", "/x~1": "",
	} {
		if got := string(Evaluate(text, []byte(pointer))); got != want {
			t.Errorf("%q: got %q, want %q", pointer, got, want)
		}
	}
}

func TestTextFunctionsDoNotAllocate(t *testing.T) {
	text := parsed(t, golden(t, "mini")).Append(nil)
	pointers := make([][]byte, len(pointerTable))
	for i, c := range pointerTable {
		pointers[i] = []byte(c.pointer)
	}
	dst := make([]byte, 0, 1024)
	allocs := testing.AllocsPerRun(10, func() {
		for _, p := range pointers {
			Evaluate(text, p)
		}
		for key, value := range Members(Lookup(text, []byte("cluster"))) {
			dst = Unquote(dst[:0], key)
			dst = AppendQuoted(dst[:0], dst)
			for range Elements(value) {
			}
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// On anything that isn't canonical text the functions end and stay inside it.
func TestTextFunctionsSurviveAnything(t *testing.T) {
	whole := `{"a":[1,{"b":"x\"\u0041"},"\\",null],"c\n":{"d":-1.5e9}}`
	for i := range whole {
		for _, text := range []string{whole[:i], whole[i:], strings.ReplaceAll(whole, whole[i:i+1], "")} {
			for key, value := range Members([]byte(text)) {
				Unquote(nil, key)
				Unquote(nil, value)
				for range Elements(value) {
				}
			}
			for e := range Elements([]byte(text)) {
				Unquote(nil, e)
			}
			Evaluate([]byte(text), []byte("/a/1/b"))
			Evaluate([]byte(text), []byte("/c\n/d"))
		}
	}
}
