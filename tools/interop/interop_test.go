package main

import (
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	all := []part{{name: "a"}, {name: "b"}, {name: "c"}}
	for _, test := range []struct {
		only, want, problem string
	}{
		{only: "", want: "a b c"},
		{only: "b", want: "b"},
		{only: "c,a", want: "a c"},
		{only: "a,d", problem: `no part is named "d"; see --list`},
		{only: ",", problem: `no part is named ""; see --list`},
	} {
		chosen, err := choose(all, test.only)
		if err != nil || test.problem != "" {
			if err == nil || err.Error() != test.problem {
				t.Errorf("choose(%q): error %v, want %q", test.only, err, test.problem)
			}
			continue
		}
		var names []string
		for _, p := range chosen {
			names = append(names, p.name)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("choose(%q) = %s, want %s", test.only, got, test.want)
		}
	}
}

func TestPartsHaveNamesOfTheirOwn(t *testing.T) {
	var names []string
	for _, p := range parts() {
		if p.name == "" || p.about == "" || p.run == nil {
			t.Errorf("part %q lacks something", p.name)
		}
		if slices.Contains(names, p.name) {
			t.Errorf("two parts are named %q", p.name)
		}
		names = append(names, p.name)
	}
}
