package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// pointer is a path into the config, and what was done to it.
func (g *queryGenerator) pointer() (path, about string) {
	tokens := g.walk()
	path = joinPointer(tokens)
	switch g.IntN(10) {
	case 0, 1, 2, 3, 4:
		return path, fmt.Sprintf("of depth %d", len(tokens))
	case 5:
		return g.oddIndex(tokens), "with an odd index"
	case 6:
		return g.absentKey(tokens), "to an absent key"
	case 7:
		return g.brokenPointer(path), "broken"
	case 8:
		return path + oneOf(g, []string{"/", "//", "//x", "~", "~2", "~zzz", "/~", "/~2", "/x", "/0", "/x/y", " ", "\t", "/\x00", "~0", "~1"}), "with a tail"
	default:
		return g.spoil(path), "spoiled"
	}
}

// walk goes down from the top and stops at random: tokens as they are in the tree, not yet escaped.
func (g *queryGenerator) walk() []string {
	var tokens []string
	var at any = g.tree.root
	for {
		switch value := at.(type) {
		case map[string]any:
			if len(value) == 0 || g.stopHere(tokens, value) {
				return tokens
			}
			key := g.key(value)
			tokens, at = append(tokens, key), value[key]
		case []any:
			if len(value) == 0 || g.oneIn(3) {
				return tokens
			}
			i := g.IntN(len(value))
			tokens, at = append(tokens, fmt.Sprint(i)), value[i]
		default:
			return tokens
		}
	}
}

// stopHere decides whether a pointer ends at an object. The top has no pointer; the containers of a large config are asked for whole only a few times.
func (g *queryGenerator) stopHere(tokens []string, object map[string]any) bool {
	switch {
	case len(tokens) == 0:
		return false
	case len(tokens) == 1 && len(object) > cheapInstances:
		if g.wholeContainers == 0 || !g.oneIn(20) {
			return false
		}
		g.wholeContainers--
		return true
	default:
		return g.oneIn(4)
	}
}

func (g *queryGenerator) key(object map[string]any) string {
	if len(object) > cheapInstances {
		// Sorting thousands of keys for each walk would take longer than the answers: any large container is one of these.
		for _, keys := range [][]string{g.tree.instanceKeys, g.tree.disks, g.tree.nodeKeys} {
			if key := oneOf(g, keys); object[key] != nil {
				return key
			}
		}
	}
	return oneOf(g, slices.Sorted(maps.Keys(object)))
}

func joinPointer(tokens []string) string {
	var b strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, token := range tokens {
		b.WriteByte('/')
		b.WriteString(escape.Replace(token))
	}
	return b.String()
}

// oddIndices are array indices that are not, or not quite, one.
var oddIndices = []string{
	"00", "01", "007", "0abc", "1abc", "0 ", "0.5", "0x0", "0e1", "-0", "-1", "+0", " 0", "", "a", "9999", "18446744073709551616", "18446744073709551617", "36893488147419103232",
	"9223372036854775808", "340282366920938463463374607431768211456", "1e0", "0\x00", "0\t", "0-", "0,",
}

// oddIndex asks for an element of an array with an odd index; for one of an object if the walk met no array.
func (g *queryGenerator) oddIndex(tokens []string) string {
	odd := oneOf(g, oddIndices)
	for i := len(tokens) - 1; i >= 0; i-- {
		if isIndex(tokens[i]) {
			return joinPointer(tokens[:i]) + "/" + odd + joinPointer(tokens[i+1:])
		}
	}
	arrays := [][]string{{"cluster", "enabled_hypervisors"}, {"cluster", "tags"}, {"cluster", "uid_pool"}, {"cluster", "enabled_disk_templates"}}
	if key := oneOf(g, g.tree.instanceKeys); key != "" {
		arrays = append(arrays, []string{"instances", key, "nics"}, []string{"instances", key, "disks"}, []string{"instances", key, "tags"})
	}
	return joinPointer(oneOf(g, arrays)) + "/" + odd
}

func isIndex(token string) bool {
	return token != "" && strings.Trim(token, "0123456789") == ""
}

// absentKeys are keys of the schema that many objects don't have, that only other objects have, or that nobody has.
var absentKeys = []string{
	"forthcoming", "network_port", "ip", "name", "network", "members", "hv_state_static", "disk_state_static", "hv_state", "params", "spindles", "gateway", "gateway6", "network6",
	"ctime", "mtime", "uuid", "serial_no", "tags", "volume_group_name", "drbd_usermode_helper", "dsahostkeypub", "disk_template", "children", "iv_name", "mode", "nodes", "osparams_private",
	"osparams_secret", "version", "maintenance", "nope", "", "0", "UUID", "length", "__class__",
}

// absentKey replaces the last key of a path.
func (g *queryGenerator) absentKey(tokens []string) string {
	key := oneOf(g, absentKeys)
	if len(tokens) > 0 && g.oneIn(2) {
		tokens = tokens[:len(tokens)-1]
	}
	return joinPointer(tokens) + "/" + key
}

// brokenPointer breaks a path's syntax.
func (g *queryGenerator) brokenPointer(path string) string {
	switch g.IntN(8) {
	case 0:
		return strings.TrimPrefix(path, "/")
	case 1:
		return "/" + path
	case 2:
		return oneOf(g, []string{"", "/", "//", "///", "~", "~0", "/~", "/~0", "/~1", "/~2", "#" + path, " " + path, "/ ", "/version/", "/version//", "/version~", "/version/x"})
	case 3:
		return g.insert(path, "~")
	case 4:
		return g.insert(path, "/")
	case 5:
		return g.insert(path, oneOf(g, []string{"~0", "~1", "~01", "~10", "~00"}))
	case 6:
		return strings.ToUpper(path)
	default:
		return path[:g.IntN(len(path)+1)]
	}
}

func (g *queryGenerator) insert(text, what string) string {
	at := g.IntN(len(text) + 1)
	return text[:at] + what + text[at:]
}
