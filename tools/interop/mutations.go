package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// A place is a member of a JSON tree: where it is, and how to see and change it.
type place struct {
	path   string
	value  any
	set    func(to any)
	remove func() // nil for an element of an array
}

// places are all members of a tree, in an order that depends on nothing else.
func places(path string, value any) []place {
	var all []place
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			p := place{path: path + "/" + key, value: v[key], set: func(to any) { v[key] = to }, remove: func() { delete(v, key) }}
			all = append(append(all, p), places(p.path, v[key])...)
		}
	case []any:
		for i := range v {
			p := place{path: fmt.Sprintf("%s/%d", path, i), value: v[i], set: func(to any) { v[i] = to }}
			all = append(append(all, p), places(p.path, v[i])...)
		}
	}
	return all
}

// A mutation is a change of one place: what becomes of a value, or nothing if it can't be changed so.
type mutation struct {
	name  string
	apply func(p place) bool
}

// changeTo is a mutation of values of one type.
func changeTo[T any](name string, change func(v T) any) mutation {
	return mutation{name, func(p place) bool {
		v, ok := p.value.(T)
		if ok {
			p.set(change(v))
		}
		return ok
	}}
}

// mutations keep a config JSON. They make numbers, texts, lists and objects ones that the reference takes in another way, or refuses.
func mutations() []mutation {
	constant := func(to any) func(place) bool { return func(p place) bool { p.set(to); return true } }
	return []mutation{
		{"null", constant(nil)},
		{"removed", func(p place) bool {
			if p.remove == nil {
				return false
			}
			p.remove()
			return true
		}},
		{"a number", constant(json.Number("7"))},
		{"true", constant(true)},
		{"an empty text", constant("")},
		{"an empty list", constant([]any{})},
		{"an empty object", constant(map[string]any{})},
		changeTo("as a float", func(n json.Number) any { return json.Number(wholePart(n) + "e0") }),
		changeTo("and a half", func(n json.Number) any { return json.Number(wholePart(n) + ".5") }),
		changeTo("wrapped around", func(json.Number) any { return json.Number("18446744073709551618") }),
		changeTo("negative", func(n json.Number) any { return json.Number("-" + strings.TrimPrefix(string(n), "-")) }),
		changeTo("in capitals", func(s string) any { return strings.ToUpper(s) }),
		changeTo("with a blank", func(s string) any { return s + " " }),
		changeTo("with an accent", func(s string) any { return s + "é" }),
		changeTo("repeated", func(l []any) any { return append(append([]any{}, l...), l...) }),
		changeTo("reversed", func(l []any) any { r := slices.Clone(l); slices.Reverse(r); return r }),
		changeTo("with a further member", func(m map[string]any) any {
			m = maps.Clone(m)
			m["later"] = json.Number("1")
			return m
		}),
	}
}

// wholePart is a number's text up to its fraction or exponent.
func wholePart(n json.Number) string {
	end := strings.IndexAny(string(n), ".eE")
	if end < 0 {
		return string(n)
	}
	return string(n)[:end]
}

// mutate changes one to three places of a tree and says how.
func mutate(rng *rand.Rand, root map[string]any) []string {
	var done []string
	for range 1 + rng.IntN(3) {
		all := places("", root)
		p := all[rng.IntN(len(all))]
		m := mutations()[rng.IntN(len(mutations()))]
		if m.apply(p) {
			done = append(done, p.path+" "+m.name)
		}
	}
	return done
}
