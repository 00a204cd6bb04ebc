package bench

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// wellFormed fails unless the text is XML.
func wellFormed(t *testing.T, drawing []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(drawing))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, drawing)
		}
	}
}

func TestPlotsAreDrawn(t *testing.T) {
	for _, c := range []struct {
		name string
		plot Plot
		has  []string
	}{
		{"lines", Plot{Title: "A & B", X: "instances", Y: "answers", LogX: true, LogY: true, Lines: []Line{
			{Name: "ours", Points: []Point{{100, 2e5, 1e5, 3e5}, {1e5, 1.9e5, 1e5, 2e5}}},
			{Name: "theirs", Points: []Point{{100, 1e4, 9e3, 2e4}, {1e5, 30, 0, 40}}},
		}}, []string{"A &amp; B", "instances", "answers", "ours", "theirs", ">100k<"}},
		{"bars", Plot{Title: "Rates", Y: "a second", Names: []string{"echo", "confd"}, Lines: []Line{
			{Name: "plain", Points: []Point{{0, 2e5, 1e5, 3e5}, {1, 1e5, 1e5, 1e5}}},
			{Name: "together", Points: []Point{{0, 4e6, 4e6, 4e6}, {1, 7e5, 6e5, 8e5}}},
		}}, []string{"Rates", "a second", "echo", "confd", "plain", "together", ">2M<"}},
		{"a single point", Plot{Title: "One", Lines: []Line{{Points: []Point{{1, 1, 1, 1}}}}}, []string{"One"}},
	} {
		drawing, err := c.plot.SVG()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		wellFormed(t, drawing)
		for _, want := range c.has {
			if !strings.Contains(string(drawing), want) {
				t.Errorf("%s: lacks %q", c.name, want)
			}
		}
		again, err := c.plot.SVG()
		if err != nil || !bytes.Equal(drawing, again) {
			t.Errorf("%s: drawn differently the second time (%v)", c.name, err)
		}
	}
}

func TestPlotsThatCannotBeDrawnAreErrors(t *testing.T) {
	for name, p := range map[string]Plot{
		"nothing":          {Title: "t"},
		"no points":        {Lines: []Line{{Name: "l"}}},
		"below 0":          {LogX: true, LogY: true, Lines: []Line{{Points: []Point{{0, 0, 0, 0}}}}},
		"no name":          {Names: []string{"a"}, Lines: []Line{{Points: []Point{{X: 1, Y: 1}}}}},
		"no number":        {Lines: []Line{{Points: []Point{{X: 1, Y: math.NaN()}}}}},
		"not finite, bars": {Names: []string{"a"}, Lines: []Line{{Points: []Point{{X: 0, Y: math.Inf(1), High: math.Inf(1)}}}}},
	} {
		if _, err := p.SVG(); err == nil {
			t.Errorf("%s: drawn", name)
		}
	}
}

func TestLargeNumbersAreWrittenShort(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.25: "0.25", 1500: "1500", 20000: "20k", 1250000: "1.25M"} {
		if got := short(x); got != want {
			t.Errorf("%v is written %q, want %q", x, got, want)
		}
	}
}
