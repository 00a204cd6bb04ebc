package main

import (
	"bytes"
	"context"
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
	lab := &bench.Lab{
		Gantry: filepath.Join(install(t), "gantry"), Dir: t.TempDir(),
		Runs: 1, Duration: 100 * time.Millisecond, Progress: &progress,
	}
	scenarios := bench.Scenarios()
	if err := lab.Run(context.Background(), &report, scenarios[:1]); err != nil && !strings.Contains(err.Error(), "missed: ") {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, want := range []string{"## peak", "| echo | ", "| confd | ", "| confd, coalesced | ", "of the echo's: "} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, report.String())
		}
	}
}

func TestBenchKnowsItsScenarios(t *testing.T) {
	code, stdout, _ := call(t, "gantry", "bench", "--list")
	if code != 0 || !strings.Contains(stdout, "reload") {
		t.Errorf("exit code %d, scenarios %q", code, stdout)
	}
	if code, _, stderr := call(t, "gantry", "bench", "speed"); code != 1 || !strings.Contains(stderr, `no scenario "speed"`) {
		t.Errorf("exit code %d, error %q", code, stderr)
	}
}
