package config

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

// FuzzWalk: no file makes Walk panic; what it accepts is JSON, its text is stable, and none of its prefixes is accepted.
func FuzzWalk(f *testing.F) {
	f.Add([]byte(tiny(tinyMembers()...)))
	for _, name := range []string{"mini", "bootstrap"} {
		f.Add(golden(f, name))
	}
	f.Add(generated(f, GenerateOptions{Nodes: 2, Instances: 4, Seed: 1, Quirks: true}))
	f.Fuzz(func(t *testing.T, doc []byte) {
		d, err := Parse(doc)
		if err != nil {
			return
		}
		if !json.Valid(doc) {
			t.Fatalf("accepted what isn't JSON")
		}
		checkStable(t, d)
		whole := bytes.TrimRight(doc, " \t\r\n")
		for _, n := range []int{len(whole) - 1, len(whole) / 2, len(whole) / 3, len(whole) * 9 / 10} {
			if Walk(bytes.NewReader(doc[:n]), ignore{}) == nil {
				t.Fatalf("accepted the first %d of %d bytes", n, len(doc))
			}
		}
	})
}

// checkStable reads twice what was written. (Numbers that no double holds may change once more: 1.00000000000000000001 is shown
// as 1.0, and that as 1.)
func checkStable(t *testing.T, d *Document) {
	t.Helper()
	text := parsed(t, d.Append(nil)).Append(nil)
	if again := parsed(t, text).Append(nil); !bytes.Equal(again, text) {
		t.Fatalf("not stable:\n%s\n%s", text, again)
	}
}

// FuzzObject: no text of an object makes the transcoder panic; what it accepts is JSON and stays the same when read again.
func FuzzObject(f *testing.F) {
	for kind, object := range []string{tinyCluster, tinyNode, tinyGroup, tinyInstance, tinyNetwork, tinyDisk, tinyFilter} {
		f.Add(uint8(kind), []byte(object))
	}
	d := parsed(f, golden(f, "mini"))
	for kind := range numKinds {
		for _, text := range d.All(kind) {
			f.Add(uint8(kind), text)
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, object []byte) {
		k := Kind(kind % uint8(numKinds))
		once, err := AppendCanonical(nil, k, "K", object)
		if err != nil {
			return
		}
		if !json.Valid(object) || !json.Valid(once) {
			t.Fatalf("not JSON: %s becomes %s", object, once)
		}
		twice, err := AppendCanonical(nil, k, "K", once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		thrice, err := AppendCanonical(nil, k, "K", twice)
		if err != nil || !slices.Equal(twice, thrice) {
			t.Fatalf("%v\n%s\n%s", err, twice, thrice)
		}
		if k == KindDisk && !bytes.Contains(twice, []byte(`"uuid":""`)) { // which the structs take for absent
			v, err := Decode[Disk](twice)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := encode(v, "K"); err != nil || !bytes.Equal(got, twice) {
				t.Fatalf("%v\n got %s\nwant %s", err, got, twice)
			}
		}
	})
}
