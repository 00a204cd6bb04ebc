package main

import (
	"strings"
)

// name is a name or key to look up among objects with these names and keys, and what was done to it.
func (g *queryGenerator) name(names, keys []string) (name, about string) {
	full, key := oneOf(g, names), oneOf(g, keys)
	switch g.IntN(16) {
	case 0, 1, 2, 3, 4:
		return full, "exact"
	case 5, 6:
		return key, "uuid"
	case 7, 8, 9:
		return g.firstLabels(full), "partial"
	case 10:
		return strings.ToUpper(full), "upper case"
	case 11:
		return oneOf(g, []string{"", ".", "missing", "missing.example.com", "10.0.0.1", "node", "instance", full + ".", "." + full, full + "." + full, " " + full, full + " "}), "missing"
	case 12:
		return full[:g.IntN(len(full)+1)], "cut"
	case 13:
		return oneOf(g, []string{oneOf(g, g.tree.nodes), oneOf(g, g.tree.instances), oneOf(g, g.tree.nodeKeys), oneOf(g, g.tree.instanceKeys), oneOf(g, g.tree.disks), oneOf(g, g.tree.otherKeys)}), "of another kind"
	case 14:
		return strings.ToUpper(key), "upper-case uuid"
	default:
		return g.spoil(full), "spoiled"
	}
}

// firstLabels cuts a name at one of its dots.
func (g *queryGenerator) firstLabels(name string) string {
	labels := strings.Split(name, ".")
	return strings.Join(labels[:1+g.IntN(len(labels))], ".")
}

// spoilers are what is put into names: everything that the error texts write in a way of their own, and a little that isn't ASCII.
var spoilers = []string{
	`"`, `\`, `\\`, `'`, "`", "\x00", "\x01", "\x07", "\b", "\t", "\n", "\v", "\f", "\r", "\x0e", "\x0eH", "\x0eX", "\x0f", "\x1b", "\x1f", "\x7f", "\x7f1", "\x001", "\x0e\x0e",
	"/", "~", "*", "?", "[a-z]", "%s", "$", " ", "  ", ".", "..", "#", "<&>", "{}", "\\n", "\\u0041", `\"`,
}

// nonASCIISpoilers make the reference's replies unreadable, which is one of the documented differences: they are used rarely.
var nonASCIISpoilers = []string{"é", "é1", "\u0080", "\u00a0", "\u2028", "☃", "\ufeff", "\uffff", "\u0130", "ß1", "日本"}

// spoil puts something odd into a name.
func (g *queryGenerator) spoil(name string) string {
	what := oneOf(g, spoilers)
	if g.oneIn(8) {
		what = oneOf(g, nonASCIISpoilers)
	}
	at := g.IntN(len(name) + 1)
	for at > 0 && at < len(name) && name[at]&0xc0 == 0x80 {
		at--
	}
	return name[:at] + what + name[at:]
}

func (g *queryGenerator) link() string {
	switch g.IntN(8) {
	case 0:
		return oneOf(g, []string{"", "nolink", "BR0", "br", "default", "100", "xen-br0"})
	case 1:
		return g.spoil(oneOf(g, g.tree.links))
	default:
		return oneOf(g, g.tree.links)
	}
}

func (g *queryGenerator) ip() string {
	switch g.IntN(8) {
	case 0, 1:
		return oneOf(g, []string{"", "10.0.0.1", "203.0.113.77", "::1", "0", "10.0.0.01", "10.0.0.1 ", "pool", "default"})
	case 2:
		return g.spoil(oneOf(g, g.tree.ips))
	default:
		return oneOf(g, g.tree.ips)
	}
}
