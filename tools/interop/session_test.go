package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// quietSession is one without peers, that writes into the builder.
func quietSession(out *strings.Builder) *session {
	return &session{out: out, started: time.Now()}
}

func TestSessionFailsUnlessAllIsWell(t *testing.T) {
	for _, test := range []struct {
		name    string
		part    part
		problem string
		says    string
	}{
		{
			name: "all equal",
			part: part{run: func(_ context.Context, s *session) error { s.same("x", "1", "1"); return nil }},
			says: "1 compared      0 differences",
		},
		{
			name:    "one differs",
			part:    part{run: func(_ context.Context, s *session) error { s.same("the answer", "1", "2"); return nil }},
			problem: "1 differences", says: "DIFFERENCE  the answer",
		},
		{
			name:    "nothing compared",
			part:    part{run: func(context.Context, *session) error { return nil }},
			problem: "nothing was compared",
		},
		{
			name:    "a part fails",
			part:    part{run: func(_ context.Context, s *session) error { s.compared(5); return errors.New("no peer") }},
			problem: "1 differences", says: "not finished: no peer",
		},
		{
			name: "a documented difference is seen",
			part: part{documented: []string{"p.md#a"}, run: func(_ context.Context, s *session) error { s.compared(1); s.documented("p.md#a"); return nil }},
			says: "1 documented in docs/differences/p.md#a",
		},
		{
			name:    "a documented difference is stale",
			part:    part{documented: []string{"p.md#a"}, run: func(_ context.Context, s *session) error { s.compared(1); return nil }},
			problem: "1 differences", says: "stale: the difference docs/differences/p.md#a was not seen",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			s := quietSession(&out)
			s.runPart(t.Context(), test.part)
			err := s.summary()
			if (err == nil) != (test.problem == "") || err != nil && err.Error() != test.problem {
				t.Errorf("error %v, want %q", err, test.problem)
			}
			if !strings.Contains(out.String(), test.says) {
				t.Errorf("it prints\n%s\nwithout %q", &out, test.says)
			}
		})
	}
}

func TestOnlyTheFirstDifferencesArePrinted(t *testing.T) {
	var out strings.Builder
	s := quietSession(&out)
	s.runPart(t.Context(), part{run: func(_ context.Context, s *session) error {
		for range 10 * maxPrinted {
			s.same("x", "1", "2")
		}
		return nil
	}})
	if n := strings.Count(out.String(), "DIFFERENCE"); n != maxPrinted {
		t.Errorf("%d differences are printed, want %d", n, maxPrinted)
	}
	if err := s.summary(); err == nil || err.Error() != "200 differences" {
		t.Errorf("all are counted: %v", err)
	}
}
