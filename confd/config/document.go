package config

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
)

// Document is a whole configuration: canonical text of each object, by kind and key. The zero value is an empty one.
type Document struct {
	Version  int64 // of the format: 3000000 for 3.0
	Ctime    Time
	Mtime    Time
	SerialNo int64 // grows at every write of the file
	Extra    Extra // unknown members at the top

	objects [numKinds]map[string][]byte
}

// Parse reads a whole configuration. Errors are those of Walk.
func Parse(doc []byte) (*Document, error) { return Read(bytes.NewReader(doc)) }

// Read reads a whole configuration. Errors are those of Walk.
func Read(r io.Reader) (*Document, error) {
	d := new(Document)
	if err := Walk(r, (*documentReader)(d)); err != nil {
		return nil, err
	}
	return d, nil
}

// documentReader is the visitor that fills a document.
type documentReader Document

func (d *documentReader) Top(name string, text []byte) error {
	switch name {
	case "version":
		d.Version = mustInt(text)
	case "serial_no":
		d.SerialNo = mustInt(text)
	case "ctime":
		d.Ctime = mustTime(text)
	case "mtime":
		d.Mtime = mustTime(text)
	default:
		d.Extra = append(d.Extra, Member{name, bytes.Clone(text)})
	}
	return nil
}

func (d *documentReader) Object(o *Object) error {
	(*Document)(d).put(o.Kind, string(o.Key), bytes.Clone(o.Text))
	return nil
}

// mustInt and mustTime read canonical text of their shapes.
func mustInt(text []byte) int64 {
	n, _ := strconv.ParseInt(string(text), 10, 64)
	return n
}

func mustTime(text []byte) Time {
	f, _ := strconv.ParseFloat(string(text), 64)
	return Time(f)
}

func (d *Document) put(kind Kind, key string, text []byte) {
	if d.objects[kind] == nil {
		d.objects[kind] = map[string][]byte{}
	}
	d.objects[kind][key] = text
}

// Get returns the canonical text of an object, nil if there is none. The cluster's key is empty.
func (d *Document) Get(kind Kind, key string) []byte { return d.objects[kind][key] }

// Len returns the number of objects of a kind.
func (d *Document) Len(kind Kind) int { return len(d.objects[kind]) }

// Set stores an object, given as JSON. Errors are those of AppendCanonical; then nothing is changed.
func (d *Document) Set(kind Kind, key string, object []byte) error {
	text, err := AppendCanonical(nil, kind, key, object)
	if err != nil {
		return err
	}
	if kind == KindCluster {
		key = ""
	}
	d.put(kind, key, text)
	return nil
}

// Delete removes an object, if it is there.
func (d *Document) Delete(kind Kind, key string) { delete(d.objects[kind], key) }

// All iterates over the objects of a kind: key and canonical text, in the order of the keys' bytes.
func (d *Document) All(kind Kind) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		objects := d.objects[kind]
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if !yield(key, objects[key]) {
				return
			}
		}
	}
}

// Clone returns a document that can be changed without changing this one. They share the objects' texts, which never change.
func (d *Document) Clone() *Document {
	clone := *d
	clone.Extra = slices.Clone(d.Extra)
	for kind, objects := range d.objects {
		clone.objects[kind] = maps.Clone(objects)
	}
	return &clone
}

// Load returns the object with a key, nil if there is none. The cluster's key is empty.
func Load[T Typed](d *Document, key string) (*T, error) {
	text := d.Get(kindFor[T](), key)
	if text == nil {
		return nil, nil
	}
	return Decode[T](text)
}

// Store stores an object under a key. Errors are those of Encode; then nothing is changed.
func Store[T Typed](d *Document, key string, v *T) error {
	text, err := encode(v, key)
	if err != nil {
		return err
	}
	d.put(kindFor[T](), key, text)
	return nil
}

// WriteTo writes the document as the reference's wconfd does, byte for byte: without white space, objects in the order of their
// keys, no newline at the end. A document without a cluster isn't one that can be read.
func (d *Document) WriteTo(w io.Writer) (int64, error) {
	out := &countingWriter{w: bufio.NewWriterSize(w, 1<<16)}
	d.write(out)
	if err := out.w.Flush(); err != nil {
		return out.n, fmt.Errorf("writing the configuration: %w", err)
	}
	return out.n, nil
}

// Append appends what WriteTo writes.
func (d *Document) Append(dst []byte) []byte {
	buf := bytes.NewBuffer(dst)
	d.WriteTo(buf) // a buffer takes everything
	return buf.Bytes()
}

// A countingWriter leaves errors to its writer, which remembers the first.
type countingWriter struct {
	w *bufio.Writer
	n int64
}

func (c *countingWriter) text(text string) {
	n, _ := c.w.WriteString(text)
	c.n += int64(n)
}

func (c *countingWriter) bytes(text []byte) {
	n, _ := c.w.Write(text)
	c.n += int64(n)
}

func (d *Document) write(out *countingWriter) {
	var scratch []byte
	separator := "{"
	for i := range topFields {
		f := &topFields[i]
		out.text(separator + `"` + f.name + `":`)
		separator = ","
		if f.leaf != nil {
			scratch = d.appendTop(scratch[:0], f.name)
			out.bytes(scratch)
		} else {
			d.writeObjects(out, f.kind)
		}
	}
	for _, m := range d.Extra {
		out.bytes(append(AppendQuoted(append(scratch[:0], ','), m.Name), ':'))
		out.bytes(m.Value)
	}
	out.text("}")
}

// appendTop appends the value of a member at the top.
func (d *Document) appendTop(dst []byte, name string) []byte {
	switch name {
	case "version":
		return strconv.AppendInt(dst, d.Version, 10)
	case "serial_no":
		return strconv.AppendInt(dst, d.SerialNo, 10)
	case "ctime":
		return appendTime(dst, float64(d.Ctime))
	default:
		return appendTime(dst, float64(d.Mtime))
	}
}

// writeObjects writes the cluster, or a container with all objects of a kind.
func (d *Document) writeObjects(out *countingWriter, kind Kind) {
	if kind == KindCluster {
		if cluster := d.Get(kind, ""); cluster != nil {
			out.bytes(cluster)
		} else {
			out.text("null")
		}
		return
	}
	var scratch []byte
	separator := byte('{')
	for key, text := range d.All(kind) {
		scratch = append(AppendQuoted(append(scratch[:0], separator), key), ':')
		out.bytes(scratch)
		out.bytes(text)
		separator = ','
	}
	if separator == '{' {
		out.text("{")
	}
	out.text("}")
}
