package bench

import (
	"slices"
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

func TestSumsAndProductsAreOfEachRun(t *testing.T) {
	if got, want := (series{1, 2, 3}).plus(series{10, 20}), (series{11, 22}); !slices.Equal(got, want) {
		t.Errorf("sums %v, want %v", got, want)
	}
	if got, want := (series{1, 2}).times(3), (series{3, 6}); !slices.Equal(got, want) {
		t.Errorf("products %v, want %v", got, want)
	}
}

func TestASeriesIsWrittenAsMedianAndSpan(t *testing.T) {
	s := series{123456, 99, 204752}
	if got, want := s.amounts(), "123500 (99-204800)"; got != want {
		t.Errorf("amounts %q, want %q", got, want)
	}
	if got, want := (series{0.5, 2, 1}).text("%.1f"), "1.0 (0.5-2.0)"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if got, want := (series{3, 1, 2}).at(7), (Point{X: 7, Y: 2, Low: 1, High: 3}); got != want {
		t.Errorf("point %v, want %v", got, want)
	}
}

func TestABusyGeneratorIsNamedAsTheLimit(t *testing.T) {
	for share, want := range map[float64]string{
		0.35: "35 %", 0.7: "70 %", 0.71: "71 %, **the limit**", 1: "100 %, **the limit**",
	} {
		if got := busyText(share); got != want {
			t.Errorf("%v is written %q, want %q", share, got, want)
		}
	}
}
