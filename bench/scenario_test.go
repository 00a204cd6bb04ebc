package bench

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAReportIsMarkdown(t *testing.T) {
	r := Report{
		Tables: []Table{{Header: []string{"a", "b"}, Rows: [][]string{{"1", "2"}}}},
		Plots:  []Plot{{Title: "A plot"}},
		Goals:  []Goal{{What: "x", Got: 1, Want: 1}},
		Notes:  []string{"A note."},
	}
	got := r.markdown(&Scenario{Name: "name", About: "About it."}, "gantry bench name", "medians of 5 runs", []string{"plots/name.svg"})
	want := "## name\n\nAbout it.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n`gantry bench name`: medians of 5 runs\n\n" +
		"![A plot](plots/name.svg)\n\nA note.\n\n- x: 1, goal at least 1: met\n\n"
	if got != want {
		t.Errorf("report\n%s\nwant\n%s", got, want)
	}
}

func TestATableSaysWhereTheGeneratorWasTheLimit(t *testing.T) {
	for share, want := range map[float64]bool{0.6: false, 0.8: true} {
		r := Report{Tables: []Table{{Header: []string{"busy"}, Rows: [][]string{{busyText(share)}}}}}
		if got := strings.Contains(r.markdown(&Scenario{}, "", "", nil), "the generator was the limit"); got != want {
			t.Errorf("at %v the table says so: %v", share, got)
		}
	}
}

// testLab has a folder and a program that is none of Gantry's.
func testLab(t *testing.T) *Lab {
	return &Lab{Gantry: "/bin/true", Dir: t.TempDir(), Runs: StandardRuns, Peers: true, Progress: io.Discard}
}

func TestARunReportsWhatItsScenariosFind(t *testing.T) {
	nothing := &peer{name: "nothingd", program: "/nonexistent/nothingd", pkg: "nothing"}
	found := func(r *Report, err error) func(context.Context, *Lab) (*Report, error) {
		return func(context.Context, *Lab) (*Report, error) { return r, err }
	}
	scenarios := []Scenario{
		{Name: "good", Length: time.Second, run: found(&Report{
			Tables: []Table{{Header: []string{"a"}, Rows: [][]string{{"1"}}}},
			Plots:  []Plot{{Title: "t", Lines: []Line{{Points: []Point{{1, 2, 1, 3}}}}}},
		}, nil)},
		{Name: "missing", run: func(_ context.Context, l *Lab) (*Report, error) { return nil, l.need(nothing) }},
		{Name: "broken", run: found(nil, errors.New("no luck"))},
		{Name: "slow", run: found(&Report{Goals: []Goal{{What: "speed", Got: 1, Want: 2}}}, nil)},
	}
	var report strings.Builder
	plots := filepath.Join(t.TempDir(), "plots")
	err := testLab(t).Run(context.Background(), Output{Report: &report, Plots: plots, Address: "here"}, scenarios)
	if err == nil || err.Error() != "broken: no luck\nslow: missed: speed" {
		t.Errorf("error %v", err)
	}
	for _, want := range []string{
		"# Benchmarks\n", "| kernel | linux",
		"| 1 |\n\n`gantry bench good`: medians of 5 runs, 1s each\n", "![t](here/good.svg)",
		"Left out: nothingd is not installed (Debian's package nothing).",
		"**This scenario failed**; `gantry bench broken` says why.",
		"- speed: 1, goal at least 2: **missed**",
	} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, report.String())
		}
	}
	if drawing, err := os.ReadFile(filepath.Join(plots, "good.svg")); err != nil || !strings.HasPrefix(string(drawing), "<?xml") {
		t.Errorf("plot %.40q, %v", drawing, err)
	}
}

func TestARunEndsItsServersWithTheScenario(t *testing.T) {
	var left *process
	scenario := Scenario{Name: "s", run: func(ctx context.Context, l *Lab) (*Report, error) {
		s, err := l.launch(ctx, &server{name: "sleeper"}, func() error { return nil }, serverCore, nil, "sleep", "600")
		left = s.process
		return &Report{}, err
	}}
	if err := testLab(t).Run(context.Background(), Output{Report: io.Discard}, []Scenario{scenario}); err != nil {
		t.Fatal(err)
	}
	if left.cmd.ProcessState == nil {
		t.Error("a server still runs after its scenario")
	}
}

func TestARunThatIsInterruptedStopsThere(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	scenarios := []Scenario{
		{Name: "first", run: func(ctx context.Context, l *Lab) (*Report, error) {
			cancel()
			return nil, pause(ctx, time.Hour)
		}},
		{Name: "second", run: func(context.Context, *Lab) (*Report, error) {
			t.Error("went on")
			return &Report{}, nil
		}},
	}
	if err := testLab(t).Run(ctx, Output{Report: io.Discard}, scenarios); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAServerThatDoesNotStartIsAnError(t *testing.T) {
	scenario := Scenario{Name: "s", run: func(ctx context.Context, l *Lab) (*Report, error) {
		_, err := l.launch(ctx, &server{name: "failing"}, func() error { return errors.New("not yet") }, serverCore, nil, "sh", "-c", "echo broken; exit 3")
		return nil, err
	}}
	err := testLab(t).Run(context.Background(), Output{Report: io.Discard}, []Scenario{scenario})
	if err == nil || !strings.Contains(err.Error(), "failing: server ended (exit status 3): broken") {
		t.Errorf("error %v", err)
	}
}

func TestTheCommandMakesTheSameFigures(t *testing.T) {
	for _, c := range []struct {
		lab  Lab
		want string
	}{
		{Lab{Runs: StandardRuns, Peers: true}, "gantry bench peak"},
		{Lab{Runs: 7, Quick: true, Peers: true}, "gantry bench --quick --runs 7 peak"},
		{Lab{Runs: StandardRuns, Duration: time.Second}, "gantry bench --peers=false --duration 1s peak"},
	} {
		if got := c.lab.command("peak"); got != c.want {
			t.Errorf("command %q, want %q", got, c.want)
		}
	}
}

func TestALabInAHurryMakesShorterRuns(t *testing.T) {
	s := &Scenario{Length: 3 * time.Second, Quick: time.Second}
	for _, c := range []struct {
		lab  Lab
		want time.Duration
	}{
		{Lab{}, 3 * time.Second}, {Lab{Quick: true}, time.Second}, {Lab{Quick: true, Duration: time.Minute}, time.Minute},
	} {
		if got := s.length(&c.lab); got != c.want {
			t.Errorf("%+v measures for %v, want %v", c.lab, got, c.want)
		}
	}
}
