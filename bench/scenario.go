package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Scenario is a thing to measure.
type Scenario struct {
	Name  string
	About string
	Needs string // what has to be installed beside Gantry; empty for nothing
	// Peers says that without its peers the scenario has no sense.
	Peers bool
	// Length is how long each run measures; 0 if the scenario itself knows when a
	// run is over. Quick is the same for a lab in a hurry, which leaves the scenario
	// out if it is 0.
	Length, Quick time.Duration

	run func(ctx context.Context, l *Lab) (*Report, error)
}

// length is how long the scenario's runs measure in a lab.
func (s *Scenario) length(l *Lab) time.Duration {
	switch {
	case l.Duration > 0:
		return l.Duration
	case l.Quick:
		return s.Quick
	}
	return s.Length
}

// StandardRuns is how often each contender runs: the fewest that show how much
// the figures scatter.
const StandardRuns = 5

// command is the command that makes a scenario's figures again.
func (l *Lab) command(name string) string {
	words := []string{"gantry bench"}
	if l.Quick {
		words = append(words, "--quick")
	}
	if !l.Peers {
		words = append(words, "--peers=false")
	}
	if l.Runs != StandardRuns {
		words = append(words, fmt.Sprintf("--runs %d", l.Runs))
	}
	if l.Duration > 0 {
		words = append(words, fmt.Sprintf("--duration %v", l.Duration))
	}
	return strings.TrimSpace(strings.Join(append(words, name), " "))
}

// below says what the figures of a scenario's tables are.
func (l *Lab) below(s *Scenario) string {
	text := fmt.Sprintf("medians of %d runs", l.Runs)
	if l.Runs == 1 {
		text = "a single run"
	}
	if length := s.length(l); length > 0 {
		text += fmt.Sprintf(", %v each", length)
	}
	return text
}

// Output is where a lab reports to.
type Output struct {
	Report io.Writer
	// Plots is a folder for the plots, and Address is what the report calls it, a
	// relative path with slashes. Without a folder nothing is drawn.
	Plots, Address string
}

// fewestCores is what a lab takes: one for the server, one for the generator.
const fewestCores = 2

// Run runs scenarios and writes what they find, in Markdown. It returns an error
// that names those that failed or missed a goal; what needs a peer that is not
// installed is left out, with a line that says so, and no error. When ctx is done
// it ends what it started and returns soon.
func (l *Lab) Run(ctx context.Context, out Output, scenarios []Scenario) error {
	if n := runtime.NumCPU(); n < fewestCores {
		return fmt.Errorf("this machine has %d core; measuring takes %d, one for the server and one for the generator", n, fewestCores)
	}
	if err := l.prepare(); err != nil {
		return err
	}
	l.starter = newStarter()
	defer l.starter.stop()
	if _, err := io.WriteString(out.Report, l.heading(ctx)); err != nil {
		return err
	}
	var errs []error
	for i := range scenarios {
		s := &scenarios[i]
		l.logf("%s: %s", s.Name, s.About)
		began := time.Now()
		report, err := l.perform(ctx, s)
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", s.Name, context.Cause(ctx))
		}
		l.logf("  took %.0f s", time.Since(began).Seconds())
		var section string
		var missing *missingError
		switch {
		case errors.As(err, &missing):
			l.logf("  left out: %v", missing)
			section = fmt.Sprintf("## %s\n\n%s\n\nLeft out: %v.\n\n", s.Name, s.About, missing)
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", s.Name, err))
			section = fmt.Sprintf("## %s\n\n%s\n\n**This scenario failed**; `%s` says why.\n\n", s.Name, s.About, l.command(s.Name))
		default:
			pictures, err := out.draw(s.Name, report.Plots)
			if err != nil {
				errs = append(errs, err)
			}
			section = report.markdown(s, l.command(s.Name), l.below(s), pictures)
			errs = append(errs, report.missed(s.Name)...)
		}
		if _, err := io.WriteString(out.Report, section); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// missed is an error for each goal that is not met.
func (r *Report) missed(scenario string) (errs []error) {
	for i := range r.Goals {
		if !r.Goals[i].Met() {
			errs = append(errs, fmt.Errorf("%s: missed: %s", scenario, r.Goals[i].What))
		}
	}
	return errs
}

// draw draws a scenario's plots and returns their addresses; with an error, of
// those before it.
func (o *Output) draw(scenario string, plots []Plot) (addresses []string, err error) {
	if o.Plots == "" {
		return nil, nil
	}
	if err := os.MkdirAll(o.Plots, 0o755); err != nil {
		return nil, err
	}
	for i := range plots {
		name := scenario + ".svg"
		if i > 0 {
			name = fmt.Sprintf("%s-%d.svg", scenario, i+1)
		}
		drawing, err := plots[i].SVG()
		if err != nil {
			return addresses, fmt.Errorf("plot of %s: %w", scenario, err)
		}
		if err := os.WriteFile(filepath.Join(o.Plots, name), drawing, 0o644); err != nil {
			return addresses, err
		}
		addresses = append(addresses, path.Join(o.Address, name))
	}
	return addresses, nil
}
