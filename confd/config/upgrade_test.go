package config

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// allLayouts is every layout that there is.
var allLayouts = []string{
	"2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9", "2.10", "2.11", "2.12", "2.13", "2.14", "2.15", "2.16", "2.17", "3.0", "3.1",
}

func mustLayout(t testing.TB, text string) Layout {
	t.Helper()
	l, err := parseLayout(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func upgraded(t testing.TB, doc []byte) []byte {
	t.Helper()
	result, err := Upgrade(doc)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// The same must come out whoever upgrades, and when: candidates must agree. And what is new stays.
func TestUpgradeOfAnUpgradeChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		opts := drawOptions(t)
		opts.Quirks = rapid.Bool().Draw(t, "quirks")
		if opts.Layout = rapid.SampledFrom(allLayouts).Draw(t, "layout"); opts.Quirks {
			opts.Layout = ""
		}
		if layout, _ := parseLayout(opts.Layout); layout < layoutGroups {
			opts.Family = 0
		}
		var text bytes.Buffer
		if err := Generate(&text, opts); err != nil {
			t.Fatal(err)
		}
		once, err := Upgrade(text.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		again, err := Upgrade(text.Bytes())
		if err != nil || !bytes.Equal(once, again) {
			t.Fatalf("another result the second time: %v", err)
		}
		twice, err := Upgrade(once)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, twice) {
			t.Fatalf("upgraded again, it changes: %s", difference(once, twice))
		}
		doc, err := Parse(once)
		if err != nil {
			t.Fatal(err)
		}
		if canonical := doc.Append(nil); !bytes.Equal(canonical, once) {
			t.Fatalf("not canonical: %s", difference(once, canonical))
		}
	})
}

func TestUpgradeLeavesTheCurrentLayoutAlone(t *testing.T) {
	doc := generated(t, GenerateOptions{Nodes: 9, Instances: 80, Seed: 2, Groups: 3, Forthcoming: true})
	if got := upgraded(t, doc); !bytes.Equal(got, doc) {
		t.Error(difference(doc, got))
	}
}

func TestUpgradeTables(t *testing.T) {
	if !slices.IsSortedFunc(stepsOf(KindDisk), func(a, b upgradeStep) int { return int(a.since - b.since) }) {
		t.Error("steps for disks are not in the order of the versions")
	}
	seen := map[string]bool{}
	for _, s := range upgradeSteps {
		if _, known := layoutOf(int(s.since)); !known {
			t.Errorf("%s: unknown layout %d", s.what, s.since)
		}
		if what := s.kind.String() + ": " + s.what; seen[what] {
			t.Errorf("%s: twice", what)
		} else {
			seen[what] = true
		}
	}
}

func stepsOf(kind Kind) (steps []upgradeStep) {
	for _, s := range upgradeSteps {
		if s.kind == kind {
			steps = append(steps, s)
		}
	}
	return steps
}

func BenchmarkUpgrade(b *testing.B) {
	for _, layout := range []string{"2.4", "2.12", "3.0"} {
		b.Run(layout, func(b *testing.B) {
			doc := generated(b, GenerateOptions{Nodes: 20, Instances: 2000, Layout: layout})
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Upgrade(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
