package main

import (
	"slices"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name, from, imports string
		want                []string
	}{
		{"down", "gantry/confd", "gantry/cache", nil},
		{"to the ground", "gantry/tools/gantry", "gantry/netio", nil},
		{"up", "gantry/netio", "gantry/confd", []string{"netio imports confd: imports go down, not from layer 0 to 2"}},
		{"sideways", "gantry/confd/wire", "gantry/confd/config", []string{"confd/wire imports confd/config: imports go down, not from layer 0 to 0"}},
		{"a daemon below a folder that has rules", "gantry/confd/client", "gantry/confd", []string{"confd/client imports confd: imports go down, not from layer 2 to 2"}},
		{"its own folder", "gantry/netio/netiotest", "gantry/netio", nil},
		{"down, but not what it may need", "gantry/cache", "gantry/netio", []string{"cache imports netio: of ours it may import only confd/config, confd/wire"}},
		{"a library", "gantry/confd/wire", "github.com/valyala/fastjson", nil},
		{"what it must do without", "gantry/confd/wire", "time", []string{"confd/wire imports time: it must do without"}},
		{"what its tests' folder may have", "gantry/confd/wire/wiretest", "time", nil},
		{"one tool another", "gantry/tools/gantry", "gantry/tools/interop", nil}, // both are main: the compiler refuses
		{"nobody's place", "gantry/elsewhere", "fmt", []string{"elsewhere: stands in no layer; give it one in tools/layers"}},
		{"into nobody's place", "gantry/confd", "gantry/elsewhere", []string{"confd imports elsewhere: that stands in no layer"}},
		{"a name that only begins alike", "gantry/netiox", "fmt", []string{"netiox: stands in no layer; give it one in tools/layers"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := check([]goPackage{{ImportPath: test.from, Imports: []string{test.imports}}}, rules)
			if !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// The module itself keeps the rules.
func TestModule(t *testing.T) {
	t.Chdir("../..")
	packages, err := list()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"gantry/netio", "gantry/confd/wire", "gantry/tools/layers"} {
		if !slices.ContainsFunc(packages, func(p goPackage) bool { return p.ImportPath == want }) {
			t.Errorf("go list doesn't know %s", want)
		}
	}
	for _, problem := range check(packages, rules) {
		t.Error(problem)
	}
}
