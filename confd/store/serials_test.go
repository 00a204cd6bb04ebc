package store

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"gantry/confd/config"
)

func generated(t testing.TB, instances int) *config.Document {
	t.Helper()
	var text bytes.Buffer
	if err := config.Generate(&text, config.GenerateOptions{Nodes: 4, Instances: instances, Seed: 3}); err != nil {
		t.Fatal(err)
	}
	doc, err := config.Parse(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// anyOf returns the first object of a kind.
func anyOf(t testing.TB, doc *config.Document, kind config.Kind) string {
	t.Helper()
	for key := range doc.All(kind) {
		return key
	}
	t.Fatalf("no %s", kind)
	return ""
}

func number(text []byte, name string) string { return string(config.Lookup(text, []byte(name))) }

// The deltas are those that were measured with the reference.
func TestSerialNumbersGrowAsTheReferences(t *testing.T) {
	doc := generated(t, 3)
	node, group := anyOf(t, doc, config.KindNode), anyOf(t, doc, config.KindGroup)
	instance, disk := anyOf(t, doc, config.KindInstance), anyOf(t, doc, config.KindDisk)
	for _, c := range []struct {
		name            string
		change          func(*Tx) error
		kind            config.Kind
		key             string
		object, cluster int64
	}{
		{"cluster tag", addTag("x"), config.KindCluster, "", 1, 1},
		{"node tag", func(tx *Tx) error {
			return Edit(tx, node, func(o *config.Node) error { o.Tags = append(o.Tags, "x"); return nil })
		}, config.KindNode, node, 1, 1},
		{"group tag", func(tx *Tx) error {
			return Edit(tx, group, func(o *config.Group) error { o.Tags = append(o.Tags, "x"); return nil })
		}, config.KindGroup, group, 1, 0},
		{"instance tag", func(tx *Tx) error {
			return Edit(tx, instance, func(o *config.Instance) error { o.Tags = append(o.Tags, "x"); return nil })
		}, config.KindInstance, instance, 1, 0},
		{"instance renamed", func(tx *Tx) error {
			return Edit(tx, instance, func(o *config.Instance) error { o.Name = "new.example.com"; return nil })
		}, config.KindInstance, instance, 1, 1},
		{"instance edited twice in one change", func(tx *Tx) error {
			Edit(tx, instance, func(o *config.Instance) error { o.AdminState = "down"; return nil })
			return Edit(tx, instance, func(o *config.Instance) error { o.DisksActive = false; return nil })
		}, config.KindInstance, instance, 1, 0},
		{"instance removed", func(tx *Tx) error { tx.Delete(config.KindInstance, instance); return nil }, config.KindInstance, instance, 0, 1},
		{"disk removed", func(tx *Tx) error { tx.Delete(config.KindDisk, disk); return nil }, config.KindDisk, disk, 0, 1},
		{"touched", func(tx *Tx) error { tx.Touch(config.KindGroup, group); return nil }, config.KindGroup, group, 1, 0},
	} {
		d, err := newDraft(doc)
		if err != nil {
			t.Fatal(err)
		}
		next := d.next()
		if err := next.apply(c.change, 1234.5); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		grew := func(kind config.Kind, key string) int64 {
			after := next.doc.Get(kind, key)
			if after == nil {
				return 0
			}
			var was, is int64
			for text, n := range map[string]*int64{number(doc.Get(kind, key), "serial_no"): &was, number(after, "serial_no"): &is} {
				for _, digit := range text {
					*n = *n*10 + int64(digit-'0')
				}
			}
			if number(doc.Get(kind, key), "serial_no") == number(after, "serial_no") {
				return 0
			}
			return is - was
		}
		if got := grew(c.kind, c.key); got != c.object {
			t.Errorf("%s: the object's serial grew by %d, want %d", c.name, got, c.object)
		}
		if got := grew(config.KindCluster, ""); got != c.cluster {
			t.Errorf("%s: the cluster's serial grew by %d, want %d", c.name, got, c.cluster)
		}
		if text := next.doc.Get(c.kind, c.key); text != nil && (number(text, "mtime") != "1234.5" || number(text, "ctime") != number(doc.Get(c.kind, c.key), "ctime")) {
			t.Errorf("%s: times %s, %s", c.name, number(text, "ctime"), number(text, "mtime"))
		}
		for kind := config.KindCluster; kind <= config.KindFilter; kind++ {
			for key, text := range next.doc.All(kind) {
				if touched := kind == c.kind && key == c.key || kind == config.KindCluster; !touched && !bytes.Equal(text, doc.Get(kind, key)) {
					t.Errorf("%s: %s/%s has changed", c.name, kind, key)
				}
			}
		}
	}
}

func TestANewObjectStartsAtOne(t *testing.T) {
	doc := generated(t, 3)
	key := anyOf(t, doc, config.KindInstance)
	const fresh = "30000000-0000-4000-8000-00000000ffff"
	d, _ := newDraft(doc)
	next := d.next()
	err := next.apply(func(tx *Tx) error {
		o, err := config.Load[config.Instance](tx.Document(), key)
		if err != nil {
			return err
		}
		o.UUID, o.Name, o.SerialNo = fresh, "fresh.example.com", 77
		return Put(tx, fresh, o)
	}, 1234.5)
	text := next.doc.Get(config.KindInstance, fresh)
	if err != nil || number(text, "serial_no") != "1" || number(text, "ctime") != "1234.5" {
		t.Errorf("%v: %s", err, text)
	}
}

func TestAFailedChangeLeavesNothing(t *testing.T) {
	doc := generated(t, 3)
	before := doc.Append(nil)
	d, _ := newDraft(doc)
	next := d.next()
	err := next.apply(func(tx *Tx) error {
		addTag("x")(tx)
		tx.Delete(config.KindInstance, anyOf(t, doc, config.KindInstance))
		tx.Set(config.KindFilter, "f", []byte(`{"watermark":0,"priority":0,"predicates":[],"action":"ACCEPT","reason_trail":[]}`))
		return errDisk
	}, 1)
	if !errors.Is(err, errDisk) || !bytes.Equal(next.doc.Append(nil), before) || !bytes.Equal(doc.Append(nil), before) {
		t.Errorf("%v, or something is left", err)
	}
}

func TestAChangeThatBreaksARuleIsRefused(t *testing.T) {
	doc := generated(t, 5)
	node, instance := anyOf(t, doc, config.KindNode), anyOf(t, doc, config.KindInstance)
	for _, c := range []struct {
		name   string
		change func(*Tx) error
		want   string
	}{
		{"a tag", addTag("x"), ""},
		{"admin state", func(tx *Tx) error {
			return Edit(tx, instance, func(o *config.Instance) error { o.AdminState = "down"; return nil })
		}, ""},
		{"a node that is two things", func(tx *Tx) error {
			return Edit(tx, node, func(o *config.Node) error { o.Offline, o.Drained = true, true; return nil })
		}, "only one may be true"},
		{"an instance on no node", func(tx *Tx) error {
			return Edit(tx, instance, func(o *config.Instance) error { o.PrimaryNode = "nowhere"; return nil })
		}, "nowhere"},
		{"the last group", func(tx *Tx) error {
			for key := range doc.All(config.KindGroup) {
				tx.Delete(config.KindGroup, key)
			}
			return nil
		}, "group"},
	} {
		d, _ := newDraft(doc)
		next := d.next()
		if err := next.apply(c.change, 1); err != nil {
			t.Fatal(err)
		}
		err := check(doc, next.doc, next.changed)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}
