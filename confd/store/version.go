package store

import (
	"fmt"

	"gantry/confd/config"
	"gantry/confd/ssconf"
	"gantry/confd/vote"
)

// A Renderer makes the contents of the ssconf files that belong to a config. Nil stands for none.
type Renderer func(*config.Document) (map[ssconf.Key]string, error)

// A draft is a configuration that becomes a version.
type draft struct {
	doc        *config.Document
	candidates vote.Voters
	changed    []ref // since the version before
}

// newDraft reads the candidates of a configuration.
func newDraft(doc *config.Document) (*draft, error) {
	candidates, err := candidatesOf(doc)
	return &draft{doc: doc, candidates: candidates}, err
}

// candidatesOf returns the names of the master candidates, in the order of their uuids. The master always is one.
func candidatesOf(doc *config.Document) (vote.Voters, error) {
	master := unquoted(config.Lookup(doc.Get(config.KindCluster, ""), []byte("master_node")))
	var names vote.Voters
	for key, text := range doc.All(config.KindNode) {
		if key == master || string(config.Lookup(text, []byte("master_candidate"))) == "true" {
			names = append(names, unquoted(config.Lookup(text, []byte("name"))))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the configuration has no master candidate")
	}
	return names, nil
}

// next returns a draft that can be changed without changing this one.
func (d *draft) next() *draft { return &draft{doc: d.doc.Clone(), candidates: d.candidates} }

// apply makes one change, whole or not at all.
func (d *draft) apply(change func(*Tx) error, now config.Time) error {
	tx := newTx(d.doc, now)
	err := change(tx)
	var changed []ref
	if err == nil {
		changed, err = tx.complete()
	}
	if err == nil && len(changed) == 0 {
		err = ErrUnchanged
	}
	if err != nil {
		tx.undo()
		return err
	}
	d.changed = append(d.changed, changed...)
	return nil
}

// finish numbers the draft and reads its candidates anew.
func (d *draft) finish(serial int64, now config.Time) (err error) {
	d.doc.SerialNo, d.doc.Mtime = serial, now
	d.candidates, err = candidatesOf(d.doc)
	return err
}

// version renders the draft: the objects that didn't change keep their bytes.
func (d *draft) version(sets vote.Joint, render Renderer) (*version, error) {
	data := d.doc.Append(make([]byte, 0, d.size()))
	v := &version{serial: d.doc.SerialNo, digest: Digest(data), data: data, sets: sets}
	if render != nil {
		files, err := render(d.doc)
		if err != nil {
			return nil, fmt.Errorf("rendering ssconf: %w", err)
		}
		v.ssconf = files
	}
	return v, nil
}

// size is about as many bytes as the configuration has, so that its buffer need not grow.
func (d *draft) size() int {
	const perObject = 1 << 10 // most have less; a buffer too small grows
	size := len(d.doc.Get(config.KindCluster, ""))
	for kind := config.KindNode; kind <= config.KindFilter; kind++ {
		size += d.doc.Len(kind) * perObject
	}
	return size
}

// firstDraft makes the config that a reign begins with: the newest one, with the floor as its serial, and what edit changes.
// The candidates must stay: those who granted the claim must be a majority of them.
func firstDraft(newest *config.Document, floor int64, edit func(*Tx) error, now config.Time) (*draft, error) {
	base, err := newDraft(newest)
	if err != nil {
		return nil, err
	}
	first := base.next()
	if edit != nil {
		if err := first.apply(edit, now); err != nil && err != ErrUnchanged {
			return nil, err
		}
	}
	if err := first.finish(floor, now); err != nil {
		return nil, err
	}
	if !(vote.Joint{}.With(base.candidates)).Equal(vote.Joint{}.With(first.candidates)) {
		return nil, fmt.Errorf("the first change of a new master must leave the master candidates as they are: %v", base.candidates)
	}
	return first, nil
}
