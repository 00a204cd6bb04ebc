package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrUnknownVersion means that a file's version number is not one that Upgrade reads.
var ErrUnknownVersion = errors.New("not a version from 2.0 to 2.17, 3.0 or 3.1")

// Upgrade turns a configuration of any layout from 2.0 to 3.1 into the canonical text of layout 3.0. It recognises what an
// object needs by its shape rather than by the version number, so it also takes files that were changed half-way, and applied to
// its own result it changes nothing. Unknown members are kept; members that older layouts had, or that only 2.17 has, are not.
//
// UUIDs that an old layout lacks are derived from names (see derivedUUID), times that it lacks are 0: the same file gives the
// same result on every machine and at any time. The order of containers is that of the reference's writer, by key.
//
// Errors wrap an *Error or ErrUnknownVersion. Some ten times the file's size is needed while the result is made.
func Upgrade(doc []byte) ([]byte, error) {
	u, err := newUpgrade(doc)
	if err != nil {
		return nil, fmt.Errorf("upgrade configuration: %w", changed(err))
	}
	if err := u.document(); err != nil {
		return nil, fmt.Errorf("upgrade configuration: %w", changed(err))
	}
	return u.out, nil
}

// A changedError is an Error about an object that was changed, and so isn't found at an offset of the file.
type changedError struct{ about *Error }

func changed(err error) error {
	var own *Error
	if !errors.As(err, &own) || own.Offset != noOffset {
		return err
	}
	return changedError{own}
}

// Error is the Error's text without the offset.
func (e changedError) Error() string {
	return strings.TrimSuffix(e.about.Error(), fmt.Sprintf(" (byte %d)", noOffset))
}

// Unwrap returns the Error.
func (e changedError) Unwrap() error { return e.about }

// noOffset is the offset of errors in objects that were changed: they aren't in the file as they stand.
const noOffset = -1

// maxGrowth bounds how much longer a whole file may become when its numbers are written in full: 1e300 has 301 digits. No file of
// the reference grows at all.
const maxGrowth = 4

// An upgrade knows what steps must know of objects other than the one at hand.
type upgrade struct {
	size    int // of the file without white space, in bytes
	version int
	layout  Layout
	origin  string // what derived UUIDs start from: the cluster's uuid, or its name

	cluster value             // upgraded before all others
	scalars map[string][]byte // members at the top that aren't objects of the cluster
	unknown []entry
	members [numKinds][]entry // of the containers, no key twice, in order of the final keys

	nodeIDs     map[string]string   // uuids of nodes that are keyed by their names
	networkIDs  map[string]string   // uuids of networks by name
	diskNodes   map[string][]string // uuids of the nodes of attached disks, by disk uuid
	usedTypes   map[string]bool     // disk templates in use
	onlyGroup   string              // uuid of the group that is made when there is none
	policySizes value               // the cluster's first range of sizes, which completes those of groups

	moved []entry // disks that were inside instances

	parser valueParser
	t      transcoder
	out    []byte
}

// An entry is a member of a container: its key as written, the key it will have, and its value.
type entry struct {
	key, newKey string
	text        []byte
}

func newUpgrade(doc []byte) (*upgrade, error) {
	t := newTranscoder(doc)
	t.out, t.limit = make([]byte, 0, len(doc)), max(MaxObject, maxGrowth*len(doc))
	t.space()
	if !t.freeObject() {
		return nil, t.err
	}
	t.space()
	if t.pos != t.end {
		t.malformed("data after the configuration")
		return nil, t.err
	}
	u := &upgrade{size: len(t.out), scalars: map[string][]byte{}}
	if err := u.sort(t.out); err != nil {
		return nil, err
	}
	if err := u.readVersion(); err != nil {
		return nil, err
	}
	return u, u.survey()
}

// sort puts the members at the top where they belong. The first of repeated ones counts.
func (u *upgrade) sort(doc []byte) error {
	seen := map[string]bool{}
	for key, text := range Members(doc) {
		name := string(Unquote(nil, key))
		if seen[name] {
			continue
		}
		seen[name] = true
		switch at := slices.IndexFunc(topFields[:], func(f topField) bool { return f.name == name }); {
		case at < 0:
			u.unknown = append(u.unknown, entry{key: string(key), text: text})
		case topFields[at].leaf != nil:
			u.scalars[name] = text
		default:
			if err := u.container(topFields[at].kind, text); err != nil {
				return err
			}
		}
	}
	if u.cluster.kind != valueObject {
		return &Error{Object: "cluster", Rule: "missing", Offset: noOffset}
	}
	return nil
}

// container takes in the members of one. Nothing, null and an empty list count as empty; of repeated keys the last counts.
func (u *upgrade) container(kind Kind, text []byte) error {
	switch {
	case text[0] != '{' && kind != KindCluster && (string(text) == "null" || string(text) == "[]"):
		return nil
	case text[0] != '{':
		return &Error{Object: kind.String(), Rule: "not an object", Offset: noOffset}
	case kind == KindCluster:
		u.cluster = u.parser.parse(string(text))
		return nil
	}
	index := map[string]int{}
	for key, item := range Members(text) {
		name := string(Unquote(nil, key))
		if item[0] != '{' {
			return &Error{Object: objectName(kind, name), Rule: "not an object", Offset: noOffset}
		}
		e := entry{key: name, newKey: name, text: item}
		if at, repeated := index[name]; repeated {
			u.members[kind][at] = e
			continue
		}
		index[name] = len(u.members[kind])
		u.members[kind] = append(u.members[kind], e)
	}
	return nil
}

func (u *upgrade) readVersion() error {
	n, err := strconv.Atoi(string(u.scalars["version"]))
	if err != nil {
		return &Error{Field: "version", Rule: "not a whole number", Offset: noOffset}
	}
	layout, known := layoutOf(n)
	if !known {
		return fmt.Errorf("version %d: %w", n, ErrUnknownVersion)
	}
	u.version, u.layout = n, layout
	return nil
}

// document writes the new text: members at the top in their order, each with its objects upgraded.
func (u *upgrade) document() error {
	u.scalars["version"] = strconv.AppendInt(nil, int64(layoutCurrent), 10)
	u.out = append(make([]byte, 0, u.size+u.size/4), '{') // old layouts have fewer members
	for i, f := range topFields {
		if i > 0 {
			u.out = append(u.out, ',')
		}
		u.out = append(appendQuotedRaw(u.out, f.name), ':')
		var err error
		if f.leaf != nil {
			err = u.scalar(f)
		} else {
			err = u.objects(f.kind)
		}
		if err != nil {
			return err
		}
	}
	for _, e := range u.unknown {
		if e.key == `"maintenance"` { // 2.17's; the current layout has nothing like it
			continue
		}
		u.out = append(append(append(append(u.out, ','), e.key...), ':'), e.text...)
	}
	u.out = append(u.out, '}')
	return nil
}

func (u *upgrade) scalar(f topField) error {
	text := u.scalars[f.name]
	if text == nil || string(text) == "null" {
		if f.def == "" {
			return &Error{Field: f.name, Rule: "missing", Offset: noOffset}
		}
		u.out = append(u.out, f.def...)
		return nil
	}
	t := newTranscoder(append(slices.Clip(text), ' ')) // a number ends where something follows
	if !t.value(f.leaf) {
		t.within(f.name)
		t.err.Offset = noOffset
		return t.err
	}
	u.out = append(u.out, t.out...)
	return nil
}

// objects writes a kind's objects.
func (u *upgrade) objects(kind Kind) error {
	if kind == KindCluster {
		return u.object(kind, "", &u.cluster)
	}
	if kind == KindDisk { // instances came before; a disk that was in the container already counts more
		u.members[kind] = lastOfEach(append(u.moved, u.members[kind]...))
	}
	u.out = append(u.out, '{')
	for i, e := range u.members[kind] {
		if i > 0 {
			u.out = append(u.out, ',')
		}
		u.out = append(AppendQuoted(u.out, e.newKey), ':')
		v := u.parser.parse(string(e.text))
		if err := u.object(kind, e.newKey, &v); err != nil {
			return err
		}
	}
	u.out = append(u.out, '}')
	return nil
}

// object takes one object through all steps of its kind and writes it.
func (u *upgrade) object(kind Kind, key string, v *value) error {
	dropNulls(v, &shape{kind: shapeObject, fields: schemas[kind]})
	for _, step := range upgradeSteps {
		if step.kind != kind {
			continue
		}
		if err := step.apply(u, v, key); err != nil {
			return &Error{Object: objectName(kind, key), Rule: err.Error(), Offset: noOffset}
		}
	}
	return u.canonical(kind, key, v)
}

// dropNulls removes the nulls that mean the same as nothing, so that steps see one way of being absent. In dictionaries of free
// form a null is a value.
func dropNulls(v *value, s *shape) {
	switch s.kind {
	case shapeList:
		for i := range v.items {
			dropNulls(&v.items[i], s.elem)
		}
	case shapeObject, shapeContainer:
		kept := v.members[:0]
		for _, m := range v.members {
			inner := s.elem
			if s.kind == shapeObject {
				inner = free
				if at, known := s.fields.index[m.key]; known {
					inner = s.fields.fields[at].shape
				}
			}
			if m.value.kind == valueNull && inner.kind != shapeFree {
				continue
			}
			dropNulls(&m.value, inner)
			kept = append(kept, m)
		}
		v.members = kept
	}
}

// canonical writes an object as AppendCanonical does, with a transcoder that lasts.
func (u *upgrade) canonical(kind Kind, key string, v *value) error {
	t := &u.t
	t.reset()
	t.in = v.appendTo(t.in[:0], compactStyle)
	t.pos, t.end, t.last, t.key = 0, len(t.in), true, nil
	t.in = append(t.in, make([]byte, windowPad)...)
	if kind != KindCluster {
		t.key = []byte(key)
	}
	if !t.object(schemas[kind]) {
		t.err.Object, t.err.Offset = objectName(kind, key), noOffset
		return t.err
	}
	u.out = append(u.out, t.out...)
	return nil
}

// lastOfEach sorts members by their final keys and keeps the last of those with the same one.
func lastOfEach(all []entry) []entry {
	slices.SortStableFunc(all, func(a, b entry) int { return strings.Compare(a.newKey, b.newKey) })
	kept := all[:0]
	for i, e := range all {
		if i+1 == len(all) || all[i+1].newKey != e.newKey {
			kept = append(kept, e)
		}
	}
	return kept
}
