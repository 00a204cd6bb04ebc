package vote

import (
	"errors"
	"testing"
)

func TestClaim(t *testing.T) {
	holding := Holding{Master: "a", Floor: 10, Reign: "r", Serial: 14, Digest: "x", Boot: "1"}
	for _, c := range []struct {
		claim   Claim
		granted bool
	}{
		{Claim{"b", 16, "r"}, true},
		{Claim{"b", 15, "r"}, false}, // the old master's next version, which no majority has, may be 15
		{Claim{"b", 10, "r"}, false},
		{Claim{"a", 10, "r"}, true},  // granted before
		{Claim{"a", 10, "s"}, false}, // another claim, though by the same node with the same floor
		{Claim{"a", 11, "r"}, false},
		{Claim{"a", 16, "r"}, true},
		{Claim{"", 99, "r"}, false},
	} {
		if err := holding.Claim(c.claim); (err == nil) != c.granted {
			t.Errorf("%+v: %v", c.claim, err)
		} else if err != nil && !errors.Is(err, ErrFenced) {
			t.Errorf("%+v: %v doesn't say that it is fenced", c.claim, err)
		}
	}
	promised := Holding{Master: "c", Floor: 20, Serial: 14}
	if promised.Claim(Claim{"b", 20, "r"}) == nil || promised.Claim(Claim{"b", 21, "r"}) != nil {
		t.Error("a floor that another has is granted, or one above it isn't")
	}
}

func TestPush(t *testing.T) {
	holding := Holding{Master: "a", Floor: 10, Reign: "r", Serial: 14, Digest: "x", Boot: "1"}
	for _, c := range []struct {
		name string
		push Push
		want error
	}{
		{"next", Push{"a", 10, "r", "1", 15, "y"}, nil},
		{"skipping what was missed", Push{"a", 10, "r", "1", 40, "y"}, nil},
		{"again", Push{"a", 10, "r", "1", 14, "x"}, nil},
		{"the same serial, other content", Push{"a", 10, "r", "1", 14, "y"}, ErrStale},
		{"late", Push{"a", 10, "r", "1", 13, "w"}, ErrStale},
		{"another master", Push{"b", 10, "r", "1", 15, "y"}, ErrFenced},
		{"an earlier reign", Push{"a", 9, "r", "1", 15, "y"}, ErrFenced},
		{"a reign that wasn't claimed here", Push{"a", 11, "r", "1", 15, "y"}, ErrFenced},
		{"another claim of the same floor", Push{"a", 10, "s", "1", 15, "y"}, ErrFenced},
		{"before the restart", Push{"a", 10, "r", "0", 15, "y"}, ErrRestarted},
	} {
		if err := holding.Push(c.push); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if err := (Holding{Master: "a", Floor: 10, Reign: "r", Serial: 3, Boot: "1"}).Push(Push{"a", 10, "r", "1", 9, "y"}); !errors.Is(err, ErrStale) {
		t.Errorf("a version below the floor is taken: %v", err)
	}
}
