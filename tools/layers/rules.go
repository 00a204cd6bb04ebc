package main

import (
	"fmt"
	"slices"
	"strings"
)

const module = "gantry"

// A rule is where one package, with all below it that have no rule of their
// own, stands.
type rule struct {
	name  string
	layer int // it may import what stands in lower layers, and its own folders
	// only narrows that down to these packages, where it isn't nil.
	only []string
	// never are packages that it must do without; its folders may have them, for tests' sake.
	never []string
}

// rules are the layers of the module, from the ground up.
var rules = []rule{
	{name: "netio", layer: 0},
	{name: "confd/wire", layer: 0, never: []string{"net", "os", "syscall", "time"}}, // no I/O, no clock
	{name: "confd/config", layer: 0, never: []string{"net", "syscall"}},
	{name: "confd/ssconf", layer: 0},
	{name: "confd/paths", layer: 0},
	{name: "confd/metric", layer: 0},
	{name: "confd/vote", layer: 0, never: []string{"net", "os", "syscall", "time"}}, // pure functions

	{name: "cache", layer: 1, only: []string{"confd/config", "confd/wire"}},
	{name: "confd/daemon", layer: 1, only: []string{"confd/metric", "confd/paths"}},

	{name: "confd/store", layer: 2, only: []string{"confd/config", "confd/ssconf", "confd/vote", "confd/paths", "confd/daemon"}},
	{name: "confd/client", layer: 2, only: []string{"netio", "confd/wire", "confd/ssconf", "confd/paths"}},
	{name: "confd", layer: 2},

	{name: "loadgen", layer: 3},
	{name: "bench", layer: 4},
	{name: "tools", layer: 5},
}

// check returns a line for each import that breaks a rule.
func check(packages []goPackage, rules []rule) []string {
	var problems []string
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		from := ruleFor(name, rules)
		if from == nil {
			problems = append(problems, fmt.Sprintf("%s: stands in no layer; give it one in tools/layers", name))
			continue
		}
		for _, imported := range p.Imports {
			if problem := from.refuses(name, imported, rules); problem != "" {
				problems = append(problems, fmt.Sprintf("%s imports %s: %s", name, strings.TrimPrefix(imported, module+"/"), problem))
			}
		}
	}
	return problems
}

// ruleFor returns the rule with the longest name that the package is or lies below.
func ruleFor(name string, rules []rule) *rule {
	var best *rule
	for i, r := range rules {
		if covers(r.name, name) && (best == nil || len(r.name) > len(best.name)) {
			best = &rules[i]
		}
	}
	return best
}

func covers(folder, name string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }

// refuses returns why the rule forbids a package an import, empty if it doesn't.
func (r *rule) refuses(importer, imported string, rules []rule) string {
	name, own := strings.CutPrefix(imported, module+"/")
	if !own {
		if importer == r.name && slices.Contains(r.never, imported) {
			return "it must do without"
		}
		return ""
	}
	to := ruleFor(name, rules)
	switch {
	case to == nil:
		return "that stands in no layer"
	case to == r:
		return ""
	case to.layer >= r.layer:
		return fmt.Sprintf("imports go down, not from layer %d to %d", r.layer, to.layer)
	case r.only != nil && !slices.ContainsFunc(r.only, func(allowed string) bool { return covers(allowed, name) }):
		return "of ours it may import only " + strings.Join(r.only, ", ")
	}
	return ""
}
