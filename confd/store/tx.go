package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"gantry/confd/config"
)

// ErrUnchanged may be returned by the function of a change to end it without an error and without a write.
var ErrUnchanged = errors.New("unchanged")

// A Tx is one change in the making. It belongs to the function that it was given to.
type Tx struct {
	doc    *config.Document
	now    config.Time
	before map[ref][]byte // of each object that was touched; nil if it wasn't there
}

// A ref names an object.
type ref struct {
	kind config.Kind
	key  string
}

func compareRefs(a, b ref) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key)) }

func newTx(doc *config.Document, now config.Time) *Tx {
	return &Tx{doc: doc, now: now, before: map[ref][]byte{}}
}

// Document is the configuration with the changes so far. It must be changed through the Tx only.
func (t *Tx) Document() *config.Document { return t.doc }

// Now is the time that the changed objects get.
func (t *Tx) Now() config.Time { return t.now }

// Get returns an object's text, nil if there is none.
func (t *Tx) Get(kind config.Kind, key string) []byte { return t.doc.Get(kind, key) }

// Set adds or replaces an object, given as JSON. Serial numbers and times are seen to when the change is complete.
func (t *Tx) Set(kind config.Kind, key string, object []byte) error {
	t.Touch(kind, key)
	return t.doc.Set(kind, key, object)
}

// Delete removes an object, if it is there.
func (t *Tx) Delete(kind config.Kind, key string) {
	t.Touch(kind, key)
	t.doc.Delete(kind, key)
}

// Touch raises an object's serial number even if nothing else of it changes, as the reference does in places.
func (t *Tx) Touch(kind config.Kind, key string) {
	if kind == config.KindCluster {
		key = ""
	}
	r := ref{kind, key}
	if _, touched := t.before[r]; !touched {
		t.before[r] = t.doc.Get(kind, key)
	}
}

// Put adds or replaces an object.
func Put[T config.Typed](t *Tx, key string, object *T) error {
	t.Touch(kindOf(object), key)
	return config.Store(t.doc, key, object)
}

// Edit changes an object that must be there.
func Edit[T config.Typed](t *Tx, key string, edit func(*T) error) error {
	object, err := config.Load[T](t.doc, key)
	if err != nil {
		return err
	}
	if object == nil {
		return fmt.Errorf("%s: there is no %s", kindOf(object), cmp.Or(key, "object"))
	}
	if err := edit(object); err != nil {
		return err
	}
	return Put(t, key, object)
}

func kindOf[T config.Typed](object *T) config.Kind {
	switch any(object).(type) {
	case *config.Cluster:
		return config.KindCluster
	case *config.Node:
		return config.KindNode
	case *config.Group:
		return config.KindGroup
	case *config.Instance:
		return config.KindInstance
	case *config.Network:
		return config.KindNetwork
	case *config.Disk:
		return config.KindDisk
	}
	return config.KindFilter
}

// complete raises the serial numbers and sets the times of all that changed, and returns what did.
func (t *Tx) complete() ([]ref, error) {
	raise := false
	for r, before := range t.before {
		after := t.doc.Get(r.kind, r.key)
		if before == nil && after == nil {
			delete(t.before, r)
			continue
		}
		raise = raise || raisesCluster(r.kind, before, after)
	}
	if raise {
		t.Touch(config.KindCluster, "")
	}
	var changed []ref
	for r, before := range t.before {
		changed = append(changed, r)
		after := t.doc.Get(r.kind, r.key)
		if after == nil {
			continue
		}
		text, err := stamped(r.kind, before, after, t.now)
		if err == nil {
			err = t.doc.Set(r.kind, r.key, text)
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(changed, compareRefs)
	return changed, nil
}

// undo restores what was there before.
func (t *Tx) undo() {
	for r, before := range t.before {
		if before == nil {
			t.doc.Delete(r.kind, r.key)
		} else if !bytes.Equal(before, t.doc.Get(r.kind, r.key)) {
			t.doc.Set(r.kind, r.key, before) // it was canonical before
		}
	}
}
