package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// Table is a result for people.
type Table struct {
	Header []string
	Rows   [][]string
}

// Goal is a figure that has to be reached.
type Goal struct {
	What      string
	Got, Want float64
	AtMost    bool   // Want is an upper bound, not a lower one
	Unit      string // of both
}

// Met reports whether the goal is reached.
func (g *Goal) Met() bool {
	if g.AtMost {
		return g.Got <= g.Want
	}
	return g.Got >= g.Want
}

// String is the goal in a sentence.
func (g *Goal) String() string {
	bound, verdict := "at least", "met"
	if g.AtMost {
		bound = "at most"
	}
	if !g.Met() {
		verdict = "**missed**"
	}
	return fmt.Sprintf("%s: %.3g%s, goal %s %.3g%s: %s", g.What, g.Got, g.Unit, bound, g.Want, g.Unit, verdict)
}

// Report is what a scenario found.
type Report struct {
	Tables []Table
	Goals  []Goal
	Notes  []string
}

// Scenario is a thing to measure.
type Scenario struct {
	Name  string
	About string
	Needs string // what has to be installed beside Gantry; empty for nothing
	run   func(ctx context.Context, l *Lab) (*Report, error)
}

// Run runs scenarios and writes what they find to w, in Markdown. It returns
// an error that names those that failed or missed a goal.
func (l *Lab) Run(ctx context.Context, w io.Writer, scenarios []Scenario) error {
	if err := l.prepare(); err != nil {
		return err
	}
	l.starter = newStarter()
	defer l.starter.stop()
	var errs []error
	for _, s := range scenarios {
		l.logf("%s: %s", s.Name, s.About)
		report, err := s.run(ctx, l)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Name, err))
			continue
		}
		if err := report.write(w, &s); err != nil {
			return err
		}
		for i := range report.Goals {
			if !report.Goals[i].Met() {
				errs = append(errs, fmt.Errorf("%s: missed: %s", s.Name, report.Goals[i].What))
			}
		}
	}
	return errors.Join(errs...)
}

func (r *Report) write(w io.Writer, s *Scenario) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n\n    gantry bench %s\n\n", s.Name, s.About, s.Name)
	for _, t := range r.Tables {
		t.write(&b)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "%s\n\n", note)
	}
	for i := range r.Goals {
		fmt.Fprintf(&b, "- %s\n", r.Goals[i].String())
	}
	if len(r.Goals) > 0 {
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Table) write(b *strings.Builder) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(t.Header, " | "), strings.Repeat(" --- |", len(t.Header)))
	for _, row := range t.Rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
	b.WriteByte('\n')
}

// Machine describes where the figures come from, in a line.
func Machine() string {
	model := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	kernel := runtime.GOOS
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel += " " + strings.TrimSpace(string(text))
	}
	return fmt.Sprintf("%d cores of %s, %s, %s", runtime.NumCPU(), model, kernel, runtime.Version())
}
