package config

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// everyValue lists the values inside a tree.
func everyValue(v *value, all []*value) []*value {
	all = append(all, v)
	for i := range v.items {
		all = everyValue(&v.items[i], all)
	}
	for i := range v.members {
		all = everyValue(&v.members[i].value, all)
	}
	return all
}

// Whatever stands where something else belongs, Upgrade gives an error or a file that walks and needs no further upgrade.
func TestUpgradeSurvivesWrongShapes(t *testing.T) {
	replacements := []string{`null`, `true`, `0`, `-1.5e3`, `""`, `"node1.example.com"`, `[]`, `{}`, `[null]`, `[{}]`, `[[]]`, `{"":null}`, `["",{}]`,
		`{"min":{},"max":5,"minmax":[]}`, `{"uuid":"","name":""}`, `{"name":"net0"}`, `{"memory":{}}`}
	rapid.Check(t, func(rt *rapid.T) {
		doc := constantValue(string(smallest(t, rapid.SampledFrom(allLayouts).Draw(rt, "layout"), rapid.Uint64Range(0, 3).Draw(rt, "seed"))))
		for range rapid.IntRange(1, 3).Draw(rt, "changes") {
			all := everyValue(&doc, nil)
			target := all[rapid.IntRange(0, len(all)-1).Draw(rt, "at")]
			if len(target.members) > 0 && rapid.Bool().Draw(rt, "a key") {
				target.members[rapid.IntRange(0, len(target.members)-1).Draw(rt, "member")].key = rapid.SampledFrom([]string{"", "uuid", "name", "disks", "a"}).Draw(rt, "key")
				continue
			}
			*target = constantValue(rapid.SampledFrom(replacements).Draw(rt, "replacement"))
		}
		once, err := Upgrade(doc.appendTo(nil, compactStyle))
		if err != nil {
			return
		}
		if err := Walk(bytes.NewReader(once), ignore{}); err != nil {
			rt.Fatalf("the result doesn't walk: %v", err)
		}
		if twice, err := Upgrade(once); err != nil || !bytes.Equal(once, twice) {
			rt.Fatalf("upgraded again: %v, %s", err, difference(once, twice))
		}
	})
}

// smallest is a file of a layout without the long dictionaries, which only slow a fuzzer down.
func smallest(t testing.TB, layout string, seed uint64) []byte {
	doc := generated(t, GenerateOptions{Nodes: 2, Instances: 1, Seed: seed, Networks: 1, Layout: layout, Templates: []string{"drbd"}})
	v := constantValue(string(doc))
	v.get("cluster").remove("hvparams", "diskparams", "data_collectors", "os_hvp", "rsahostkeypub", "tags")
	v.get("cluster").set("rsahostkeypub", rawString("A"))
	return v.appendTo(nil, compactStyle)
}

func FuzzUpgrade(f *testing.F) {
	for _, layout := range allLayouts {
		f.Add(smallest(f, layout, 0))
	}
	f.Add([]byte(`{"version":2000000,"cluster":{"ipolicy":{"min":[]}},"nodes":{"":{}},"instances":{"":{"nics":[0],"disks":[{}],"beparams":5}}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		once, err := Upgrade(doc)
		if err != nil {
			return
		}
		if err := Walk(bytes.NewReader(once), ignore{}); err != nil {
			t.Fatalf("the result doesn't walk: %v\n%s", err, once)
		}
		twice, err := Upgrade(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("upgraded again: %v, %s", err, difference(once, twice))
		}
	})
}
