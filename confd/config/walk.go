package config

import (
	"bytes"
	"io"
)

// Visitor is told what Walk finds, in the order of the file.
type Visitor interface {
	// Top is called for version, ctime, mtime and serial_no, and for each unknown member at the top, with the canonical text
	// of its value, which is valid during the call. ctime and mtime, if missing, come last, as 0.
	Top(name string, text []byte) error
	// Object is called once for the cluster and for every member of the containers. The object is valid during the call.
	// Of two members of one container with the same key the later one counts; Walk delivers both.
	Object(o *Object) error
}

// A Recaller is a Visitor that has kept what an earlier Walk delivered. A configuration changes by a few objects at a time; those
// that it has left as they were need not be read anew.
type Recaller interface {
	Visitor
	// Recall returns the text and the lengths of the fields of an object of this kind and with this key that had lengths, or
	// nothing. It is called for every member of the containers. Whether the file still has that text is for Walk to see.
	Recall(kind Kind, key []byte) (text []byte, fields []FieldLength)
}

// Walk reads a configuration object by object. It holds a window of the file and the object at hand, and allocates nothing per
// object.
//
// The file is accepted as a whole or not at all: an error may come after objects were delivered, which are then void. The
// first error of the visitor ends the walk and is returned as it is. All others are an *Error or wrap one of r. A layout older
// than 2.14's gives ErrOldLayout wherever in the file it shows, also after objects that are wrong for the present layout.
func Walk(r io.Reader, v Visitor) error {
	w := walker{window: newWindow(r, windowSize), v: v}
	w.recaller, _ = v.(Recaller)
	return w.walk()
}

// walk reads the whole file.
func (w *walker) walk() error {
	if err := w.step((*walker).opening); err != nil {
		return err
	}
	for w.more {
		if err := w.member(); err != nil {
			return err
		}
	}
	if err := w.step((*walker).ending); err != nil {
		return err
	}
	return w.complete()
}

// A walker reads the file in steps. A step reads a member of the file or of a container, with what follows it. It is repeated
// from its start when the window ends inside it.
type walker struct {
	window
	v        Visitor
	recaller Recaller // v, if it is one

	states    [len(topFields)]topState
	top       int    // index of the member at the top at hand, unknownTop
	name      string // its name
	duplicate bool   // it isn't the first of its name
	inside    bool   // a container is open, and a member of it follows
	more      bool   // another member at the top follows

	skip    bool   // the step is repeated because its value has the wrong shape; only JSON matters
	counts  bool   // the step read a value that is there and counts
	object  Object // that was read
	key     []byte // its key, decoded
	same    bool   // the file has the object's canonical text
	recall  bool   // which is the one recalled
	invalid *Error // the first value of the wrong shape; the walk goes on to see whether the layout is old
}

// A topField is a member at the top of the file.
type topField struct {
	name string
	kind Kind   // of the objects that it holds
	leaf *shape // of the value, if it holds no objects
	def  string // of the value
	must bool   // it has no default and must be there
	old  bool   // without it the layout is old
}

// topFields is in the order in which they are written.
var topFields = [...]topField{
	{name: "version", leaf: integer, must: true},
	{name: "cluster", kind: KindCluster, must: true},
	{name: "nodes", kind: KindNode, must: true},
	{name: "nodegroups", kind: KindGroup, must: true, old: true}, // since 2.3
	{name: "instances", kind: KindInstance, must: true},
	{name: "networks", kind: KindNetwork},
	{name: "disks", kind: KindDisk, must: true, old: true}, // since 2.12
	{name: "filters", kind: KindFilter},
	{name: "ctime", leaf: seconds, def: "0"},
	{name: "mtime", leaf: seconds, def: "0"},
	{name: "serial_no", leaf: integer, must: true},
}

const unknownTop = -1

type topState uint8

const (
	topMissing topState = iota
	topNull
	topPresent
)

// step reads a part of the file. A value of the wrong shape is noted and passed over.
func (w *walker) step(read func(*walker) bool) error {
	t := &w.t
	w.skip = false
	for {
		from := t.pos
		t.reset()
		if read(w) {
			return nil
		}
		t.pos = from
		switch {
		case t.starved:
			if err := w.refill(); err != nil {
				return err
			}
		case t.err.Err != nil || w.skip:
			return w.named(t.err)
		default:
			w.skip = true
			if w.invalid == nil {
				w.invalid = w.named(t.err)
			}
		}
	}
}

// named says in an error where it happened.
func (w *walker) named(err *Error) *Error {
	err.Object = w.name
	if len(w.key) > 0 {
		err.Object += "/" + string(w.key)
	}
	return err
}

func (w *walker) opening() bool {
	w.t.space()
	if w.t.in[w.t.pos] != '{' {
		return w.t.unexpected()
	}
	w.t.pos++
	w.t.space()
	w.more = !w.t.closed('}')
	return w.t.pos < w.t.end || w.t.last || w.t.unexpected()
}

func (w *walker) ending() bool {
	w.name, w.key = "", w.key[:0]
	w.t.space()
	if w.t.pos < w.t.end {
		return w.t.malformed("data after the end")
	}
	return w.t.last || w.t.unexpected()
}

// member reads a member at the top and delivers what it holds.
func (w *walker) member() error {
	if err := w.step((*walker).topMember); err != nil {
		return err
	}
	if !w.duplicate && w.top != unknownTop {
		w.states[w.top] = topNull
		if w.counts || w.skip {
			w.states[w.top] = topPresent
		}
	}
	if !w.inside {
		return w.deliver()
	}
	for w.inside {
		if err := w.step((*walker).entry); err != nil {
			return err
		}
		if err := w.deliver(); err != nil {
			return err
		}
	}
	w.key = w.key[:0]
	return w.step((*walker).topSeparator)
}

// topMember reads a member at the top: all of it, or of a container the part before its first member.
func (w *walker) topMember() bool {
	t := &w.t
	if !w.topKey() {
		return false
	}
	w.inside, w.counts = false, !w.duplicate && !w.skip
	holds := w.top != unknownTop && topFields[w.top].leaf == nil
	ok := true
	switch {
	case holds && topFields[w.top].kind != KindCluster && t.in[t.pos] == '{':
		t.pos++
		t.space()
		if t.in[t.pos] != '}' {
			w.inside = true
			return t.pos < t.end || t.unexpected()
		}
		t.pos++
	case !w.counts || w.top == unknownTop:
		ok = t.free()
	case t.in[t.pos] == 'n':
		w.counts = false
		ok = t.literal("null")
	case !holds:
		ok = t.value(topFields[w.top].leaf)
	case topFields[w.top].kind == KindCluster:
		t.key = nil
		ok = t.object(clusterSchema)
	default:
		ok = t.wrong("not an object")
	}
	return ok && w.topSeparator()
}

// topKey reads the key of a member at the top.
func (w *walker) topKey() bool {
	t := &w.t
	t.space() // the window may have ended after the comma
	if !t.keyText() || !t.colon() {
		return false
	}
	w.top, w.duplicate, w.key = unknownTop, false, w.key[:0]
	for i := range topFields {
		if string(t.out[1:len(t.out)-1]) == topFields[i].name {
			w.top, w.name = i, topFields[i].name
			w.duplicate = w.states[i] != topMissing
		}
	}
	if w.top == unknownTop {
		w.name = string(Unquote(nil, t.out))
	}
	t.out = t.out[:0]
	return true
}

func (w *walker) topSeparator() (ok bool) {
	w.more, ok = w.t.separator('}')
	return ok
}

// entry reads a member of a container.
func (w *walker) entry() (ok bool) {
	t := &w.t
	t.space() // the window may have ended after the comma
	if !t.keyText() {
		return false
	}
	w.key = Unquote(w.key[:0], t.out)
	if !t.colon() {
		return false
	}
	t.out = t.out[:0]
	w.counts = !w.duplicate && !w.skip
	switch {
	case !w.counts:
		ok = t.free()
	case t.in[t.pos] == 'n':
		w.counts = false
		ok = t.literal("null")
	default:
		ok = w.entryObject(topFields[w.top].kind)
	}
	if ok {
		w.inside, ok = t.separator('}')
	}
	return ok
}

// entryObject reads an object in a container, which the recaller may know.
func (w *walker) entryObject(kind Kind) bool {
	t := &w.t
	t.key = w.key
	if w.recaller == nil {
		return t.object(schemas[kind])
	}
	if text, fields := w.recaller.Recall(kind, w.key); len(text) > 0 && bytes.HasPrefix(t.in[t.pos:], text) {
		t.pos += len(text)
		t.out, t.spans = append(t.out, text...), appendSpans(t.spans, fields)
		w.same, w.recall = true, true
		return true
	}
	from := t.pos
	w.recall = false
	if !t.object(schemas[kind]) {
		return false
	}
	w.same = bytes.Equal(t.in[from:t.pos], t.out)
	return true
}

// deliver hands what was read to the visitor.
func (w *walker) deliver() error {
	switch {
	case !w.counts || len(w.t.out) == 0: // or an empty container
		return nil
	case w.top == unknownTop || topFields[w.top].leaf != nil:
		if w.invalid != nil {
			return nil
		}
		return w.v.Top(w.name, w.t.out)
	}
	w.object = Object{Kind: topFields[w.top].kind, Text: w.t.out, spans: w.t.spans}
	if w.object.Kind != KindCluster {
		w.object.Key, w.object.verbatim, w.object.Recalled = w.key, w.same, w.recall
	}
	switch {
	case w.keyedByName():
		return w.named(&Error{Rule: "has its name as key", Offset: w.t.origin + int64(w.t.pos), Err: ErrOldLayout})
	case w.invalid != nil:
		return nil
	}
	return w.v.Object(&w.object)
}

// keyedByName reports whether the object's key is its name, as that of nodes and instances was before 2.9.
func (w *walker) keyedByName() bool {
	var name []byte
	switch w.object.Kind {
	case KindNode:
		name = w.object.Value(NodeName)
	case KindInstance:
		name = w.object.Value(InstanceName)
	}
	return len(name) > 2 && string(name[1:len(name)-1]) == string(w.key)
}

// complete looks for what is missing at the top of a file that was read to its end.
func (w *walker) complete() error {
	for _, old := range []bool{true, false} {
		for i := range topFields {
			f := &topFields[i]
			if w.states[i] == topPresent || !f.must || f.old != old {
				continue
			}
			err := &Error{Object: f.name, Rule: "missing", Offset: w.t.origin + int64(w.t.pos)}
			if old {
				err.Err = ErrOldLayout
			}
			return err
		}
		if w.invalid != nil {
			return w.invalid
		}
	}
	for i := range topFields {
		if f := &topFields[i]; f.def != "" && w.states[i] != topPresent {
			if err := w.v.Top(f.name, []byte(f.def)); err != nil {
				return err
			}
		}
	}
	return nil
}
