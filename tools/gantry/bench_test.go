package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gantry/bench"
)

// TestBenchRunsAScenario makes the shortest run of the harness with real
// processes. Goals are for real runs: here they may be missed.
func TestBenchRunsAScenario(t *testing.T) {
	var report, progress bytes.Buffer
	plots := t.TempDir()
	lab := &bench.Lab{
		Gantry: filepath.Join(install(t), "gantry"), Dir: t.TempDir(),
		Runs: 1, Duration: 100 * time.Millisecond, Progress: &progress,
	}
	out := bench.Output{Report: &report, Plots: plots, Address: "plots"}
	if err := lab.Run(context.Background(), out, bench.Scenarios()[:1]); err != nil && !strings.Contains(err.Error(), "missed: ") {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, want := range []string{
		"## peak", "| echo | ", "| confd | ", "| confd, coalesced | ", "of the echo's: ",
		"`gantry bench --peers=false --runs 1 --duration 100ms peak`: a single run, 100ms each", "](plots/peak.svg)",
	} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, report.String())
		}
	}
	if drawing, err := os.ReadFile(filepath.Join(plots, "peak.svg")); err != nil || !strings.Contains(string(drawing), "echo, coalesced") {
		t.Errorf("plot %.200q, %v", drawing, err)
	}
}

// TestBenchEndsWhenInterrupted interrupts a run that would take hours.
func TestBenchEndsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var report bytes.Buffer
	lab := &bench.Lab{
		Gantry: filepath.Join(install(t), "gantry"), Dir: t.TempDir(),
		Runs: 1000, Duration: 50 * time.Millisecond, Progress: cancelOn{"run 1 of", cancel},
	}
	if err := lab.Run(ctx, bench.Output{Report: &report}, bench.Scenarios()[:1]); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("error %v", err)
	}
	if strings.Contains(report.String(), "## peak") {
		t.Errorf("reported what was interrupted:\n%s", report.String())
	}
}

// cancelOn is a writer that cancels a context when it is told something.
type cancelOn struct {
	text   string
	cancel context.CancelFunc
}

func (c cancelOn) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(c.text)) {
		c.cancel()
	}
	return len(p), nil
}

func TestBenchKnowsItsScenarios(t *testing.T) {
	code, stdout, _ := call(t, "gantry", "bench", "--list")
	for _, name := range []string{
		"peak", "types", "reference", "size", "latency", "churn", "batch", "workers", "memory", "reload", "scrape", "dns", "calls",
	} {
		if !strings.Contains(stdout, "\n"+name+" ") && !strings.HasPrefix(stdout, name+" ") {
			t.Errorf("scenario %q is not listed", name)
		}
	}
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	if code, _, stderr := call(t, "gantry", "bench", "speed"); code != 1 || !strings.Contains(stderr, `no scenario "speed"`) {
		t.Errorf("exit code %d, error %q", code, stderr)
	}
}

func TestBenchChoosesByItsFlags(t *testing.T) {
	for _, c := range []struct {
		name    string
		options benchOptions
		args    []string
		has     string
		hasNot  string
	}{
		{"all", benchOptions{peers: true}, nil, "peak reference size reload dns calls", ""},
		{"no peers", benchOptions{}, nil, "peak size reload calls", "reference dns"},
		{"quick", benchOptions{peers: true, quick: true}, nil, "peak reference size latency", "reload calls"},
		{"named", benchOptions{quick: true}, []string{"reload"}, "reload", "peak"},
	} {
		chosen, err := c.options.chosen(c.args)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		got := map[string]bool{}
		for _, s := range chosen {
			got[s.Name] = true
		}
		for _, name := range strings.Fields(c.has) {
			if !got[name] {
				t.Errorf("%s: %s is missing", c.name, name)
			}
		}
		for _, name := range strings.Fields(c.hasNot) {
			if got[name] {
				t.Errorf("%s: %s is too much", c.name, name)
			}
		}
	}
}

func TestAReportAddressesItsPlotsFromWhereItIs(t *testing.T) {
	for _, c := range []struct{ report, plots, want string }{
		{"BENCHMARKS.md", "bench/plots", "bench/plots"},
		{"out/report.md", "out/plots", "plots"},
		{"docs/report.md", "bench/plots", "../bench/plots"},
		{"", "plots", "plots"},
		{"report.md", "", ""},
	} {
		o := benchOptions{report: c.report, plots: c.plots}
		if got, err := o.plotsAddress(); got != c.want || err != nil {
			t.Errorf("%q sees %q at %q, %v; want %q", c.report, c.plots, got, err, c.want)
		}
	}
}
