package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// roundTrip decodes and encodes every object of a kind.
func roundTrip[T Typed](t *testing.T, d *Document) int {
	t.Helper()
	n := 0
	for key, text := range d.All(kindFor[T]()) {
		v, err := Decode[T](text)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		got, err := encode(v, key)
		if err != nil || string(got) != string(text) {
			t.Errorf("%s: %v\n got %s\nwant %s", key, err, got, text)
		}
		n++
	}
	return n
}

func TestTypedObjectsAreEncodedAsTheyWereDecoded(t *testing.T) {
	for name, doc := range map[string][]byte{
		"medium": golden(t, "medium"), "mini": golden(t, "mini"), "bootstrap": golden(t, "bootstrap"),
		"generated": generated(t, GenerateOptions{Nodes: 10, Instances: 200, Seed: 1, NonASCII: true, Forthcoming: true}),
		"odd":       generated(t, GenerateOptions{Nodes: 10, Instances: 200, Seed: 2, Quirks: true}),
	} {
		d := parsed(t, doc)
		n := roundTrip[Cluster](t, d) + roundTrip[Node](t, d) + roundTrip[Group](t, d) + roundTrip[Instance](t, d) +
			roundTrip[Network](t, d) + roundTrip[Disk](t, d) + roundTrip[FilterRule](t, d)
		if n < 3 {
			t.Errorf("%s: only %d objects", name, n)
		}
	}
}

func TestDecodedFields(t *testing.T) {
	text := `{"forthcoming":true,"logical_id":["a","b",11000,1,2,"s"],"dev_type":"drbd","children":[{"logical_id":["vg","lv"],"dev_type":"plain","size":5,"uuid":"c"}],
		"nodes":["a","b"],"iv_name":"disk/0","mode":"ro","name":"x\"y","spindles":3,"params":{"k":[1.0]},"uuid":"u","serial_no":4,"mtime":1700000000.5,"new":{"b":1}}`
	got, err := Decode[Disk]([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := &Disk{
		Forthcoming: true, LogicalID: LogicalID{DRBD: &DRBD{NodeA: "a", NodeB: "b", Port: 11000, MinorA: 1, MinorB: 2, Secret: "s"}}, DevType: "drbd",
		Children: []Disk{{
			LogicalID: LogicalID{Pair: [2]string{"vg", "lv"}}, DevType: "plain", Children: []Disk{}, Nodes: []string{}, Size: 5, Mode: "rw", UUID: "c", SerialNo: 1,
		}},
		Nodes: []string{"a", "b"}, IVName: "disk/0", Mode: "ro", Name: new(`x"y`), Spindles: new(int64(3)), Params: &Params{"k": []byte("[1]")},
		UUID: "u", SerialNo: 4, Mtime: 1700000000.5, Absent: []string{"size"}, Extra: Extra{{"new", []byte(`{"b":1}`)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEncodeFillsInWhatIsNil(t *testing.T) {
	text, err := Encode(&Group{Name: "g", AllocPolicy: "preferred", Tags: []string{"b", "a"}})
	const want = `{"name":"g","members":[],"ndparams":{},"alloc_policy":"preferred","ipolicy":{},"diskparams":{},"networks":{},"ctime":0,"mtime":0,"serial_no":0,"tags":["a","b"]}`
	if err != nil || string(text) != want {
		t.Errorf("%v\n got %s\nwant %s", err, text, want)
	}
	if _, err := Encode(&FilterRule{Action: []byte(`"PAUSE"`)}); err != nil {
		t.Errorf("a rule without predicates: %v", err)
	}
}

func TestEncodeRefusesWhatCannotBe(t *testing.T) {
	for want, disk := range map[string]*Disk{
		"disks/dev_type: no disk template":      {DevType: "tape", Mode: "rw"},
		"disks/mode: no disk mode":              {DevType: "plain", Mode: "w"},
		"disks/iv_name: not valid JSON":         {DevType: "plain", Mode: "rw", IVName: "\xff"},
		"disks/params: not valid JSON":          {DevType: "plain", Mode: "rw", Params: &Params{"x": []byte("1-2")}},
		"disks/logical_id: not the logical id ": {DevType: "drbd", Mode: "rw"},
	} {
		if _, err := Encode(disk); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The structs and the schemas list the same members in the same order, and no member of the model is of a type that can't be encoded.
func TestModelMatchesSchemas(t *testing.T) {
	matchModel(t, reflect.TypeFor[Cluster](), clusterSchema, "cluster")
	matchModel(t, reflect.TypeFor[Node](), nodeSchema, "node")
	matchModel(t, reflect.TypeFor[Group](), groupSchema, "group")
	matchModel(t, reflect.TypeFor[Instance](), instanceSchema, "instance")
	matchModel(t, reflect.TypeFor[Network](), networkSchema, "network")
	matchModel(t, reflect.TypeFor[Disk](), diskSchema, "disk")
	matchModel(t, reflect.TypeFor[FilterRule](), filterSchema, "filter")
}

func matchModel(t *testing.T, model reflect.Type, s *schema, where string) {
	plan := planOf(model)
	if len(plan.members) != len(s.fields) || plan.extra < 0 || s.forthcoming != (plan.absent >= 0) {
		t.Errorf("%s: %d members in the model, %d in the schema", where, len(plan.members), len(s.fields))
		return
	}
	for i, m := range plan.members {
		if m.name != s.fields[i].name {
			t.Errorf("%s: member %d is %s in the model, %s in the schema", where, i, m.name, s.fields[i].name)
			continue
		}
		field, shape := model.Field(m.index).Type, s.fields[i].shape
		for field.Kind() == reflect.Pointer || field.Kind() == reflect.Slice && shape.elem != nil || field.Kind() == reflect.Map {
			if field.Kind() != reflect.Pointer {
				shape = shape.elem
			}
			field = field.Elem()
		}
		if shape.kind == shapeObject && shape.fields != s {
			matchModel(t, field, shape.fields, where+"/"+m.name)
		}
	}
}

func TestDocumentKeepsObjects(t *testing.T) {
	d := parsed(t, golden(t, "mini"))
	const key = "10000000-0000-4000-8000-000000000001"
	node, err := Load[Node](d, key)
	if err != nil || node.Name != "node1.example.com" {
		t.Fatalf("%v, %v", node, err)
	}
	node.Offline = true
	node.SerialNo++
	if err := Store(d, key, node); err != nil {
		t.Fatal(err)
	}
	if got := string(Lookup(d.Get(KindNode, key), []byte("offline"))); got != "true" {
		t.Errorf("offline: %s", got)
	}
	if missing, err := Load[Node](d, "nobody"); missing != nil || err != nil {
		t.Errorf("%v, %v", missing, err)
	}
	node.Name = "\xff"
	if err := Store(d, key, node); !errors.Is(err, ErrSyntax) {
		t.Errorf("stored a node with invalid UTF-8: %v", err)
	}
	if err := d.Set(KindNode, "a\nb", []byte(tinyNode)); err != nil || d.Len(KindNode) != 4 {
		t.Errorf("%v, %d nodes", err, d.Len(KindNode))
	}
	if err := d.Set(KindNode, "x", []byte(`{}`)); err == nil || d.Get(KindNode, "x") != nil {
		t.Errorf("stored an empty node: %v", err)
	}
	var keys []string
	for k := range d.All(KindNode) {
		keys = append(keys, k)
	}
	if !strings.HasPrefix(keys[0], "1") || keys[3] != "a\nb" {
		t.Errorf("keys %q", keys)
	}
	again := parsed(t, d.Append(nil))
	if got := string(again.Get(KindNode, "a\nb")); got != string(d.Get(KindNode, "a\nb")) || got == "" {
		t.Errorf("got %s", got)
	}
	d.Delete(KindNode, "a\nb")
	if d.Len(KindNode) != 3 {
		t.Errorf("%d nodes", d.Len(KindNode))
	}
}

func TestUnknownMembersAtTheTopAreKept(t *testing.T) {
	doc := tiny(append(tinyMembers(), `"maintenance":{"b":1.0,"a":"\u00e9"}`, `"ctime":5`)...)
	got := string(parsed(t, []byte(doc)).Append(nil))
	if !strings.HasSuffix(got, `"filters":{},"ctime":5,"mtime":0,"serial_no":5,"maintenance":{"b":1,"a":"é"}}`) {
		t.Errorf("got …%s", got[len(got)-120:])
	}
}

func TestWriteFileReplacesTheWholeFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.data")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	d := parsed(t, golden(t, "mini"))
	if err := WriteFile(path, d, 0o640); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || string(text) != string(d.Append(nil)) {
		t.Errorf("%v, %d bytes", err, len(text))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if read, err := ReadFile(path); err != nil || read.SerialNo != d.SerialNo {
		t.Errorf("%v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v left behind", entries)
	}
	if err := WriteFile(path, new(Document), 0o640); err == nil {
		t.Error("wrote a document without a cluster")
	}
	if err := WriteFile(filepath.Join(dir, "missing", "config.data"), d, 0o640); err == nil {
		t.Error("wrote into a directory that doesn't exist")
	}
	if err := os.WriteFile(path, text[:100], 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), path) {
		t.Errorf("a torn file: %v", err)
	}
}
