// Package config reads, holds and writes config.data, the configuration of a Ganeti cluster.
//
// The package knows one layout, that of Ganeti 2.14 to 3.1, as tables: a schema for each kind of object gives its fields in
// the order in which they are written, their types, and what a missing one means. A single transcoder reads the JSON text of
// an object by its schema and appends the canonical text: byte for byte what the reference's own writer would write for that
// object. All else stands on it. [Walk] streams a file and hands over one object after the other, [Document] keeps a whole
// file, and the typed structs (Cluster, Node, Instance and so on) are decoded from canonical text and encoded through it.
//
// Reading is strict about JSON (RFC 8259: a torn file, a number that isn't one, a lone surrogate, invalid UTF-8 are errors)
// and about shapes (a list where an object belongs is an error that names the object), and tolerant about the rest: members in
// any order, unknown members (kept, after the known ones), null for absent, and the documented defaults for what is missing.
// Layouts older than 2.14 are recognised by their shape and refused with [ErrOldLayout]; [Upgrade] turns them into the present one.
//
// Functions without a receiver may be called from several goroutines. Values have no locks: a Document or an Object belongs
// to one goroutine at a time, or to many as long as nobody changes it.
package config
