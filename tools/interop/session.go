package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxPrinted is how many differences a part prints in full; the rest is counted. One fault tends to show in thousands of answers.
const maxPrinted = 20

// A session is one run: what it may use, and what it has found. Its methods may be called from several goroutines.
type session struct {
	long bool
	seed uint64

	out     io.Writer
	started time.Time
	folder  string // of this run, removed at its end
	module  string // the folder of the sources, with what the packages keep for tests
	binary  string // gantry

	mu    sync.Mutex
	part  *partResult
	parts []*partResult
}

// A partResult is what one part has found.
type partResult struct {
	part
	compared    int
	differences int
	seen        map[string]int // documented differences, by anchor
	took        time.Duration
}

func newSession(ctx context.Context, out io.Writer, o options) (*session, error) {
	folder, err := os.MkdirTemp("", "gantry-interop-")
	if err != nil {
		return nil, err
	}
	// The daemons that are tried out as other users must reach what is in it.
	if err := os.Chmod(folder, 0o755); err != nil {
		return nil, err
	}
	s := &session{long: o.long, seed: o.seed, out: out, started: time.Now(), folder: folder, binary: o.gantry}
	if err := s.prepare(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// prepare gets the two sides: the peers' packages, and our binary.
func (s *session) prepare(ctx context.Context) error {
	if err := installGaneti(ctx, s.log); err != nil {
		return err
	}
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "gantry").Output()
	if err != nil {
		return fmt.Errorf("find the sources: %w", err)
	}
	s.module = strings.TrimSpace(string(module))
	if s.binary != "" {
		path, err := filepath.Abs(s.binary)
		s.binary = path
		return err
	}
	s.binary = filepath.Join(s.folder, "gantry")
	s.log("building gantry")
	build := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "gantry/tools/gantry")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build gantry: %w\n%s", err, text)
	}
	return nil
}

func (s *session) close() { os.RemoveAll(s.folder) }

// temp makes an empty folder that lives as long as the run and that every user may enter.
func (s *session) temp() (string, error) {
	dir, err := os.MkdirTemp(s.folder, "part-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// gantry is the path of our binary.
func (s *session) gantry() string { return s.binary }

// testdata is a file or folder that a package of ours keeps for its tests.
func (s *session) testdata(path ...string) string {
	return filepath.Join(append([]string{s.module}, path...)...)
}

// times is n, or longFactor times n in a long run.
func (s *session) times(n int) int {
	if s.long {
		return n * longFactor
	}
	return n
}

func (s *session) runPart(ctx context.Context, p part) {
	result := &partResult{part: p, seen: map[string]int{}}
	s.mu.Lock()
	s.part = result
	s.parts = append(s.parts, result)
	s.mu.Unlock()
	s.log("%s: %s", p.name, p.about)
	started := time.Now()
	if err := p.run(ctx, s); err != nil {
		s.differs("not finished: %v", err)
	}
	result.took = time.Since(started)
	for _, anchor := range p.documented {
		if result.seen[anchor] == 0 && ctx.Err() == nil {
			s.differs("stale: the difference docs/differences/%s was not seen", anchor)
		}
	}
}

// log prints a line of progress.
func (s *session) log(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.print(format, args...)
}

func (s *session) print(format string, args ...any) {
	fmt.Fprintf(s.out, "%7.1fs  %s\n", time.Since(s.started).Seconds(), fmt.Sprintf(format, args...))
}

// compared counts n comparisons.
func (s *session) compared(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part.compared += n
}

// differs reports a difference: it fails the run.
func (s *session) differs(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part.differences++
	switch {
	case s.part.differences <= maxPrinted:
		s.print("DIFFERENCE  "+format, args...)
	case s.part.differences == maxPrinted+1:
		s.print("further differences are only counted")
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
	s.part.seen[anchor]++
}

// summary prints what was found and returns an error unless all is well.
func (s *session) summary() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	compared, differences := 0, 0
	fmt.Fprintln(s.out)
	for _, p := range s.parts {
		compared, differences = compared+p.compared, differences+p.differences
		fmt.Fprintf(s.out, "%-20s %7d compared  %5d differences  %6.1fs\n", p.name, p.compared, p.differences, p.took.Seconds())
		for _, anchor := range slices.Sorted(maps.Keys(p.seen)) {
			fmt.Fprintf(s.out, "    %6d documented in docs/differences/%s\n", p.seen[anchor], anchor)
		}
	}
	fmt.Fprintf(s.out, "%-20s %7d compared  %5d differences  %6.1fs\n", "all", compared, differences, time.Since(s.started).Seconds())
	if differences > 0 {
		return fmt.Errorf("%d differences", differences)
	}
	if compared == 0 {
		return errors.New("nothing was compared")
	}
	return nil
}
