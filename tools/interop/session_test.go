package main

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// quietSession is that of a part without peers, which writes into the builder.
func quietSession(out *strings.Builder, p part) *session {
	return newSession(&workplace{}, newConsole(out), p)
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
			s := quietSession(&out, test.part)
			s.do(t.Context())
			err := s.console.summary([]*session{s})
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
	s := quietSession(&out, part{run: func(_ context.Context, s *session) error {
		for range 10 * maxPrinted {
			s.same("x", "1", "2")
		}
		return nil
	}})
	s.do(t.Context())
	if n := strings.Count(out.String(), "DIFFERENCE"); n != maxPrinted {
		t.Errorf("%d differences are printed, want %d", n, maxPrinted)
	}
	if err := s.console.summary([]*session{s}); err == nil || err.Error() != "200 differences" {
		t.Errorf("all are counted: %v", err)
	}
}

// Parts that wait run beside the others; those that don't, one after the other.
func TestPartsThatWaitRunBesideTheOthers(t *testing.T) {
	met := make(chan string)
	meet := func(context.Context, *session) error { met <- "x"; return nil }
	waiting := part{name: "waiting", waits: true, run: func(_ context.Context, s *session) error {
		<-met // only another part that runs now can send it
		s.compared(1)
		return nil
	}}
	var out strings.Builder
	c := newConsole(&out)
	sessions := runParts(t.Context(), &workplace{}, c, []part{waiting, {name: "working", run: meet}})
	if len(sessions) != 2 || c.summary(sessions) != nil {
		t.Errorf("it prints\n%s", &out)
	}
}

func TestPartsAreNotRunOnceTheRunIsOver(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("too long"))
	var out strings.Builder
	c := newConsole(&out)
	sessions := runParts(ctx, &workplace{}, c, []part{{name: "late", run: func(context.Context, *session) error { panic("it ran") }}})
	if err := c.summary(sessions); err == nil || !strings.Contains(out.String(), "not run: too long") {
		t.Errorf("%v, and it prints\n%s", err, &out)
	}
}

func TestFreePortsAreNoClients(t *testing.T) {
	for range 20 {
		port, err := freePort(netip.MustParseAddr("127.0.0.1"))
		if err != nil || port < firstServerPort || port > lastServerPort {
			t.Fatalf("port %d, %v", port, err)
		}
	}
}
