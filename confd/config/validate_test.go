package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestValidateFindsEveryBrokenRule(t *testing.T) {
	for _, s := range spoilers {
		t.Run(s.rule, func(t *testing.T) {
			c := newSpoilt(t)
			want := s.spoil(c)
			report, err := Validate(bytes.NewReader(c.Append(nil)))
			if err != nil {
				t.Fatal(err)
			}
			missing := slices.Clone(want)
			for _, p := range report.Problems {
				at := slices.IndexFunc(missing, func(w string) bool { return matches(p, w) })
				if at < 0 {
					t.Errorf("unexpected: %s", p)
					continue
				}
				missing = slices.Delete(missing, at, at+1)
			}
			for _, w := range missing {
				t.Errorf("not found: %s", w)
			}
			if wantError := slices.ContainsFunc(want, func(w string) bool { return !strings.HasPrefix(w, "warning") }); report.ErrorSeen != wantError {
				t.Errorf("an error was seen: %t, want %t", report.ErrorSeen, wantError)
			}
		})
	}
}

// matches tells whether a problem is the one wanted: severity, kind of object and start of the rule, or any part of the line.
func matches(p Problem, want string) bool {
	kind, _, _ := strings.Cut(p.Object, " ")
	line := fmt.Sprintf("%s: %s: %s", p.Severity, kind, p.Rule)
	if strings.HasPrefix(want, "error:") || strings.HasPrefix(want, "warning:") {
		return strings.HasPrefix(line, want)
	}
	return strings.Contains(line, want)
}

func TestProblemsNameObjectAndRule(t *testing.T) {
	c := newSpoilt(t)
	key := find(c, KindInstance, func(i *Instance) bool { return i.Name == "instance7.example.com" })
	change(c, key, func(v *Instance) { v.PrimaryNode, v.Disks = nowhere, nil })
	report, err := Validate(bytes.NewReader(c.Append(nil)))
	if err != nil {
		t.Fatal(err)
	}
	want := "error: instance instance7.example.com (" + key + "): primary_node names no node: " + nowhere
	if len(report.Problems) != 1 || report.Problems[0].String() != want {
		t.Errorf("got %v, want %s", report.Problems, want)
	}
}

func TestReportsCountObjects(t *testing.T) {
	report, err := Validate(bytes.NewReader(generated(t, GenerateOptions{Nodes: 3, Instances: 5, Groups: 2, Networks: 4, Filters: 6, Templates: []string{"diskless"}})))
	if err != nil {
		t.Fatal(err)
	}
	if want := [numKinds]int{1, 3, 2, 5, 4, 0, 6}; report.Objects != want || report.Version != int64(layoutCurrent) || report.SerialNo < 1000 {
		t.Errorf("got %+v", report)
	}
}

func TestValidateReturnsErrorsOfReading(t *testing.T) {
	for _, text := range []string{"", "{", `{"version":3000000}`, `[]`} {
		if report, err := Validate(strings.NewReader(text)); err == nil || report != nil {
			t.Errorf("%q: got %v, %v", text, report, err)
		}
	}
}
