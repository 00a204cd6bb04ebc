package bench

import (
	"fmt"
	"slices"
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
	Plots  []Plot
	Goals  []Goal
	Notes  []string
}

// markdown is the report as a section. command is what made it, and below says
// what each figure is made of. pictures are the addresses of the drawn plots.
func (r *Report) markdown(s *Scenario, command, below string, pictures []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n\n", s.Name, s.About)
	for i := range r.Tables {
		r.Tables[i].write(&b)
		fmt.Fprintf(&b, "`%s`: %s%s\n\n", command, below, r.Tables[i].limits())
	}
	for i, picture := range pictures {
		fmt.Fprintf(&b, "![%s](%s)\n\n", r.Plots[i].Title, picture)
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
	return b.String()
}

// limits says what it means that a generator was the limit, if one was.
func (t *Table) limits() string {
	for _, row := range t.Rows {
		if slices.ContainsFunc(row, func(cell string) bool { return strings.HasSuffix(cell, limited) }) {
			return fmt.Sprintf("; where its core was more than %.0f %% busy the generator was the limit, and the server may do more", 100*busyLimit)
		}
	}
	return ""
}

func (t *Table) write(b *strings.Builder) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(t.Header, " | "), strings.Repeat(" --- |", len(t.Header)))
	for _, row := range t.Rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
	b.WriteByte('\n')
}
