package config

import "math"

// Object is one object of a configuration, as Walk hands it over.
type Object struct {
	Kind Kind
	Key  []byte // its key in the container, decoded; nil for the cluster
	Text []byte // canonical text: what the reference would write

	Recalled bool // a Recaller gave Text and the file still has it

	spans    []span
	verbatim bool // the file has just Text
}

// A FieldLength is how many bytes of an object's text a field takes, 0 if the object hasn't got it. The lengths of all fields,
// which stand in order, say where they are.
type FieldLength uint16

// AppendLengths appends the length of each field of the object's kind, and reports whether it did: whether Walk's Recaller may
// return the object from Recall. It may if the file has just Text and no field is too long.
func (o *Object) AppendLengths(dst []FieldLength) ([]FieldLength, bool) {
	if !o.verbatim {
		return dst, false
	}
	start := len(dst)
	for _, s := range o.spans {
		length := s.to - s.from // of an absent field 0
		if length > math.MaxUint16 {
			return dst[:start], false
		}
		dst = append(dst, FieldLength(length))
	}
	return dst, true
}

// appendSpans is the reverse of AppendLengths.
func appendSpans(dst []span, lengths []FieldLength) []span {
	at := int32(0)
	for _, length := range lengths {
		next := at + int32(length)
		dst = append(dst, span{at, next})
		at = next
	}
	return dst
}

// Value returns the canonical text of a field, nil if the object hasn't got it or is of another kind.
func (o *Object) Value(f Field) []byte {
	from, to := o.Span(f)
	if from == to {
		return nil
	}
	return o.Text[from:to]
}

// Span returns where the value of a field is in Text; from equals to if the object hasn't got it or is of another kind.
func (o *Object) Span(f Field) (from, to int) {
	if f.Kind() != o.Kind || f.index() >= len(o.spans) {
		return 0, 0
	}
	s := o.spans[f.index()]
	if !s.present() {
		return 0, 0
	}
	return int(s.from) + len(schemas[o.Kind].fields[f.index()].prefix), int(s.to)
}

// AppendCanonical appends the canonical text of an object, given as JSON. The key is the object's in its container; it stands
// in for a missing uuid and names the object in errors. It is ignored for the cluster.
func AppendCanonical(dst []byte, kind Kind, key string, object []byte) ([]byte, error) {
	if kind >= numKinds {
		return dst, &Error{Rule: "unknown kind of object"}
	}
	t := newTranscoder(object)
	if kind != KindCluster {
		t.key = []byte(key)
	}
	t.space()
	if t.object(schemas[kind]) {
		t.space()
		if t.pos == t.end {
			return append(dst, t.out...), nil
		}
		t.malformed("data after the object")
	}
	t.err.Object = objectName(kind, key)
	return dst, t.err
}

// newTranscoder returns a transcoder for a whole text.
func newTranscoder(text []byte) *transcoder {
	in := make([]byte, len(text)+windowPad)
	copy(in, text)
	return &transcoder{in: in, end: len(text), last: true}
}

// objectName names an object in errors.
func objectName(kind Kind, key string) string {
	if kind == KindCluster || key == "" {
		return kind.String()
	}
	return kind.String() + "/" + key
}
