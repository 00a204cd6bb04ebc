// Command testsum makes the output of go test -json short, and counts.
//
//	go test -json ./... | go run ./tools/testsum
//
// It prints what failed with its output, a line for each package, and at the
// end "N passed, N failed, N skipped", where each test, subtest and example
// counts. It exits with 1 if a test failed, was skipped, or none ran at all.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	result, err := summarize(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	if !result.good() {
		os.Exit(1)
	}
}

// An event is one line of go test -json: see go doc test2json.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build events
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string
}

// A tally counts tests, and packages that failed without one.
type tally struct{ passed, failed, skipped int }

func (t tally) good() bool { return t.passed > 0 && t.failed == 0 && t.skipped == 0 }

func (t tally) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", t.passed, t.failed, t.skipped)
}

// eventMaxBytes bounds one line: a test's line of output, escaped.
const eventMaxBytes = 16 << 20

// summarize reads events until the end and writes the short form.
func summarize(r io.Reader, w io.Writer) (tally, error) {
	s := summary{w: w, output: map[string]*strings.Builder{}, failedTests: map[string]int{}}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, eventMaxBytes)
	for scanner.Scan() {
		var e event
		if err := json.Unmarshal(scanner.Bytes(), &e); err != nil {
			return s.tally, fmt.Errorf("%w: %s", errNotJSON, scanner.Text())
		}
		s.take(e)
	}
	if err := scanner.Err(); err != nil {
		return s.tally, err
	}
	fmt.Fprintln(w, s.tally)
	return s.tally, nil
}

var errNotJSON = errors.New("not a line of go test -json")

type summary struct {
	w           io.Writer
	tally       tally
	output      map[string]*strings.Builder // of what still runs, by package and test
	failedTests map[string]int              // by package
}

func (s *summary) take(e event) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		if s.output[name] == nil {
			s.output[name] = &strings.Builder{}
		}
		s.output[name].WriteString(e.Output)
	case "build-output":
		io.WriteString(s.w, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e, name)
		} else {
			s.endTest(e, name)
		}
		delete(s.output, name)
	}
}

func (s *summary) endTest(e event, name string) {
	switch e.Action {
	case "pass":
		s.tally.passed++
		return
	case "fail":
		s.tally.failed++
		s.failedTests[e.Package]++
	case "skip":
		s.tally.skipped++
	}
	s.show(name)
}

// endPackage ends a package. One that failed though no test of it did, because
// it doesn't build or dies, counts as a failure of its own.
func (s *summary) endPackage(e event, name string) {
	if e.Action == "fail" && s.failedTests[e.Package] == 0 {
		s.tally.failed++
		s.show(name)
		s.showUnfinished(e.Package)
	}
	if e.Action == "skip" { // no test files: there is nothing that was skipped
		return
	}
	fmt.Fprintf(s.w, "%-4s %s %.1fs\n", e.Action, e.Package, e.Elapsed)
}

func (s *summary) show(name string) {
	if output := s.output[name]; output != nil {
		io.WriteString(s.w, output.String())
	}
}

// showUnfinished shows what the tests said that a dying package took along.
func (s *summary) showUnfinished(pkg string) {
	for name := range s.output {
		if strings.HasPrefix(name, pkg+" ") && name != pkg+" " {
			s.show(name)
			delete(s.output, name)
		}
	}
}
