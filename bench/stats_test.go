package bench

import (
	"slices"
	"strings"
	"testing"
)

func TestMedianAndSpan(t *testing.T) {
	for _, c := range []struct {
		s         series
		median    float64
		low, high float64
	}{
		{nil, 0, 0, 0},
		{series{3}, 3, 3, 3},
		{series{9, 1, 5}, 5, 1, 9},
		{series{4, 1, 3, 2}, 2.5, 1, 4},
	} {
		if got := c.s.median(); got != c.median {
			t.Errorf("median of %v is %v, want %v", c.s, got, c.median)
		}
		if low, high := c.s.span(); low != c.low || high != c.high {
			t.Errorf("span of %v is %v-%v, want %v-%v", c.s, low, high, c.low, c.high)
		}
	}
}

func TestRatiosAreOfRunsThatFollowedEachOther(t *testing.T) {
	got := series{2, 9, 5, 7}.over(series{1, 3, 0})
	if want := (series{2, 3}); !slices.Equal(got, want) {
		t.Errorf("ratios %v, want %v", got, want)
	}
}

func TestAGoalKnowsWhetherItIsMet(t *testing.T) {
	for _, c := range []struct {
		goal Goal
		met  bool
		says string
	}{
		{Goal{What: "share", Got: 0.8, Want: 0.75}, true, "share: 0.8, goal at least 0.75: met"},
		{Goal{What: "share", Got: 0.7, Want: 0.75}, false, "share: 0.7, goal at least 0.75: **missed**"},
		{Goal{What: "time", Got: 31, Want: 30, AtMost: true, Unit: " ms"}, false, "time: 31 ms, goal at most 30 ms: **missed**"},
		{Goal{What: "calls", Got: 0, Want: 0, AtMost: true}, true, "calls: 0, goal at most 0: met"},
	} {
		if c.goal.Met() != c.met || c.goal.String() != c.says {
			t.Errorf("%q, met %v; want %q, %v", c.goal.String(), c.goal.Met(), c.says, c.met)
		}
	}
}

func TestAReportIsMarkdown(t *testing.T) {
	var b strings.Builder
	r := Report{
		Tables: []Table{{Header: []string{"a", "b"}, Rows: [][]string{{"1", "2"}}}},
		Goals:  []Goal{{What: "x", Got: 1, Want: 1}},
		Notes:  []string{"A note."},
	}
	if err := r.write(&b, &Scenario{Name: "name", About: "About it."}); err != nil {
		t.Fatal(err)
	}
	want := "## name\n\nAbout it.\n\n    gantry bench name\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nA note.\n\n- x: 1, goal at least 1: met\n\n"
	if got := b.String(); got != want {
		t.Errorf("report\n%s\nwant\n%s", got, want)
	}
}
