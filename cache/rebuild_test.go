package cache

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"gantry/confd/config"
)

// A snapshot that took over objects from the one before equals one that was
// built from nothing, whatever changed in between.
func TestARebuildEqualsABuild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := edited(t, generateAny(t))
		previous := buildOnto(t, text, nil)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			text = edited(t, text)
			got, want := buildOnto(t, text, previous), buildOnto(t, text, nil)
			taken := got.info.Unchanged
			got.info.Unchanged = 0
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("the snapshot differs when %d objects are taken over", taken)
			}
			previous = got
		}
	})
}

func generateAny(t *rapid.T) []byte {
	var text bytes.Buffer
	err := config.Generate(&text, config.GenerateOptions{
		Nodes: rapid.IntRange(1, 5).Draw(t, "nodes"), Instances: rapid.IntRange(0, 12).Draw(t, "instances"),
		Seed: rapid.Uint64().Draw(t, "seed"), Quirks: rapid.Bool().Draw(t, "quirks"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func buildOnto(t *rapid.T, text []byte, previous *Snapshot) *Snapshot {
	s, err := Build(bytes.NewReader(text), int64(len(text)), previous)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// edited returns a config with some digits and letters of its values changed, or
// the old one if that is a config no more.
func edited(t *rapid.T, text []byte) []byte {
	changed := bytes.Clone(text)
	for range rapid.IntRange(0, 5).Draw(t, "edits") {
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		switch c := changed[at]; {
		case '1' <= c && c < '9' || 'a' <= c && c < 'f':
			changed[at]++
		case c == ',':
			changed = append(changed[:at+1:at+1], append([]byte(" "), changed[at+1:]...)...)
		}
	}
	if _, err := Build(bytes.NewReader(changed), int64(len(changed)), nil); err != nil {
		return text
	}
	return changed
}

func TestARebuildTakesOverWhatIsUnchanged(t *testing.T) {
	text := generate(t, config.GenerateOptions{Nodes: 5, Instances: 100, Seed: 7})
	previous := build(t, text)
	if previous.info.Unchanged != 0 {
		t.Errorf("%d objects were taken over from nothing", previous.info.Unchanged)
	}
	s, err := Build(bytes.NewReader(text), int64(len(text)), previous)
	if err != nil {
		t.Fatal(err)
	}
	objects := 0
	for i := range s.containers {
		objects += len(s.containers[i].keys)
	}
	if got := s.info.Unchanged; got < objects*9/10 {
		t.Errorf("%d of %d objects were taken over", got, objects)
	}
}
