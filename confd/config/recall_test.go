package config

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// A rememberer keeps what it may recall and writes down what comes, with the place of every field.
type rememberer struct {
	seen     []string
	known    map[string]remembered
	recalled int
}

type remembered struct {
	text   []byte
	fields []FieldLength
}

func (r *rememberer) Top(name string, text []byte) error {
	r.seen = append(r.seen, name+"="+string(text))
	return nil
}

func (r *rememberer) Object(o *Object) error {
	visit := fmt.Sprintf("%s/%s=%s", o.Kind, o.Key, o.Text)
	for i := range o.Kind.Fields() {
		visit += "|" + string(o.Value(Field(o.Kind)<<fieldBits+Field(i)))
	}
	r.seen = append(r.seen, visit)
	if o.Recalled {
		r.recalled++
	}
	if fields, ok := o.AppendLengths(nil); ok {
		r.known[o.Kind.String()+"/"+string(o.Key)] = remembered{bytes.Clone(o.Text), fields}
	}
	return nil
}

func (r *rememberer) Recall(kind Kind, key []byte) ([]byte, []FieldLength) {
	known := r.known[kind.String()+"/"+string(key)]
	return known.text, known.fields
}

// remember walks a document with what an earlier walk has left.
func remember(t *testing.T, doc []byte, size int, known map[string]remembered) *rememberer {
	t.Helper()
	r := &rememberer{known: known}
	w := walker{window: newWindow(bytes.NewReader(doc), size), v: r, recaller: r}
	if err := w.walk(); err != nil {
		t.Fatal(err)
	}
	return r
}

// What was read before is delivered just as if it were read for the first time, wherever the window ends.
func TestRecalledObjectsAreDeliveredAsIfReadAnew(t *testing.T) {
	doc := generated(t, GenerateOptions{Nodes: 3, Instances: 6, Seed: 3})
	first := remember(t, doc, windowSize, map[string]remembered{})
	if first.recalled != 0 || len(first.known) == 0 {
		t.Fatalf("recalled %d of %d objects at first", first.recalled, len(first.known))
	}
	for size := 1; size < len(doc); size += 1 + size/7 {
		again := remember(t, doc, size, first.known)
		if got, want := strings.Join(again.seen, "\n"), strings.Join(first.seen, "\n"); got != want {
			t.Fatalf("a window of %d bytes: delivered\n%s\nwant\n%s", size, got, want)
		}
		if again.recalled != len(first.known) {
			t.Fatalf("a window of %d bytes: recalled %d objects, want %d", size, again.recalled, len(first.known))
		}
	}
}

// Only what the file has to the letter is taken from memory.
func TestWhatChangedIsNotRecalled(t *testing.T) {
	before := tiny(tinyMembers()...)
	known := remember(t, canonicalDoc(t, before), windowSize, map[string]remembered{}).known
	changed := strings.Replace(string(canonicalDoc(t, before)), `"size":1`, `"size":12`, 1)
	got := remember(t, []byte(changed), windowSize, known)
	if !strings.Contains(strings.Join(got.seen, "\n"), `"size":12`) {
		t.Errorf("the change doesn't show in %s", got.seen)
	}
	if want := len(known) - 1; got.recalled != want {
		t.Errorf("recalled %d objects, want %d", got.recalled, want)
	}
	spaced := strings.ReplaceAll(changed, `,"`, `, "`)
	if got := remember(t, []byte(spaced), windowSize, map[string]remembered{}); len(got.known) != 0 {
		t.Errorf("remembers %d objects that are spelt in another way", len(got.known))
	}
}

// canonicalDoc returns a document whose objects are spelt as they are written.
func canonicalDoc(t *testing.T, doc string) []byte {
	t.Helper()
	d, err := Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return d.Append(nil)
}

func TestFieldsThatAreTooLongAreNotRemembered(t *testing.T) {
	doc := strings.Replace(string(canonicalDoc(t, tiny(tinyMembers()...))), `"name":"i"`, `"name":"`+strings.Repeat("i", 1<<16)+`"`, 1)
	r := remember(t, []byte(doc), windowSize, map[string]remembered{})
	if _, ok := r.known["instances/I"]; ok || len(r.known) == 0 {
		t.Errorf("of %d objects the instance with a name of 64 KiB is remembered: %v", len(r.known), ok)
	}
}
