// Package ssconf reads the ssconf_* files: the part of a cluster's
// configuration that every node has, the regular ones too. Each file holds one
// value in plain text: a name, a list with a line an entry, or a map with a
// line "name=value" an entry. The master renders them from the config and
// sends them to all nodes.
//
// A [Store] reads them from a file system or a folder. It keeps nothing
// between calls, so that a reader always sees what the last rename left, and
// may be used by any number of goroutines at once.
package ssconf
