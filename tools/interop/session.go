package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// maxPrinted is how many differences a part prints in full; the rest is counted. One fault tends to show in thousands of answers.
const maxPrinted = 20

// A console prints lines with the time since it was made. It may be used from several goroutines.
type console struct {
	mu      sync.Mutex
	out     io.Writer
	started time.Time
}

func newConsole(out io.Writer) *console { return &console{out: out, started: time.Now()} }

func (c *console) print(who, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, "%6.1fs  %-17s  %s\n", time.Since(c.started).Seconds(), who, fmt.Sprintf(format, args...))
}

// A session is a part while it runs: what it may use, and what it has found. Its methods may be called from several goroutines.
type session struct {
	*workplace
	part
	console *console

	mu          sync.Mutex
	comparisons int
	differences int
	seen        map[string]int // documented differences, by anchor
	took        time.Duration
}

func newSession(w *workplace, c *console, p part) *session {
	return &session{workplace: w, console: c, part: p, seen: map[string]int{}}
}

// do runs the part.
func (s *session) do(ctx context.Context) {
	s.log("%s", s.about)
	started := time.Now()
	if err := s.run(ctx, s); err != nil {
		s.differs("not finished: %v", err)
	}
	s.took = time.Since(started)
	for _, anchor := range s.part.documented {
		if s.seen[anchor] == 0 && ctx.Err() == nil {
			s.differs("stale: the difference docs/differences/%s was not seen", anchor)
		}
	}
}

// log prints a line of progress.
func (s *session) log(format string, args ...any) { s.console.print(s.name, format, args...) }

// compared counts n comparisons.
func (s *session) compared(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.comparisons += n
}

// differs reports a difference: it fails the run.
func (s *session) differs(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.differences++
	switch {
	case s.differences <= maxPrinted:
		s.console.print(s.name, "DIFFERENCE  "+format, args...)
	case s.differences == maxPrinted+1:
		s.console.print(s.name, "further differences are only counted")
	}
}

// same counts a comparison, and reports a difference if the texts are not equal.
func (s *session) same(what, ours, theirs string) bool {
	s.compared(1)
	if ours == theirs {
		return true
	}
	s.differs("%s\n    ours    %q\n    theirs  %q", what, ours, theirs)
	return false
}

// documented counts a difference that docs/differences lists under anchor (page#heading).
func (s *session) documented(anchor string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[anchor]++
}

// runParts runs the parts and returns them when all are done. Those that mostly wait run beside the others, one after the other like those.
func runParts(ctx context.Context, w *workplace, c *console, chosen []part) []*session {
	var sessions []*session
	var rows sync.WaitGroup
	for _, waits := range []bool{false, true} {
		var row []*session
		for _, p := range chosen {
			if p.waits == waits {
				row = append(row, newSession(w, c, p))
			}
		}
		sessions = append(sessions, row...)
		rows.Go(func() {
			for _, s := range row {
				if ctx.Err() != nil {
					s.differs("not run: %v", context.Cause(ctx))
					continue
				}
				s.do(ctx)
			}
		})
	}
	rows.Wait()
	return sessions
}

// summary prints what all parts found and returns an error unless all is well.
func (c *console) summary(sessions []*session) error {
	comparisons, differences := 0, 0
	fmt.Fprintln(c.out)
	for _, s := range sessions {
		comparisons, differences = comparisons+s.comparisons, differences+s.differences
		fmt.Fprintf(c.out, "%-20s %7d compared  %5d differences  %6.1fs\n", s.name, s.comparisons, s.differences, s.took.Seconds())
		for _, anchor := range slices.Sorted(maps.Keys(s.seen)) {
			fmt.Fprintf(c.out, "    %6d documented in docs/differences/%s\n", s.seen[anchor], anchor)
		}
	}
	fmt.Fprintf(c.out, "%-20s %7d compared  %5d differences  %6.1fs\n", "all", comparisons, differences, time.Since(c.started).Seconds())
	if differences > 0 {
		return fmt.Errorf("%d differences", differences)
	}
	if comparisons == 0 {
		return errors.New("nothing was compared")
	}
	return nil
}
