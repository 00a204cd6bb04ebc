package score

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

func TestPowersAreThoseOfC(t *testing.T) {
	content, err := os.ReadFile("testdata/pow.txt")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var x, y, want float64
		if _, err := fmt.Sscan(line, &x, &y, &want); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got := power(x, y); got != want {
			t.Errorf("power(%v, %v) = %v, want %v", x, y, got, want)
		}
		checked++
	}
	if checked < 1000 {
		t.Errorf("only %d powers", checked)
	}
}

func TestPowersOutOfTheOrdinary(t *testing.T) {
	inf := math.Inf(1)
	for _, test := range [][3]float64{
		{0, 0.5, 0}, {0, -1, 0}, {-8, 2, 64}, {-8, 0.5, math.NaN()}, {1e300, 2, inf}, {1e-300, 2, 0}, {inf, 0.5, inf}, {2, inf, inf}, {2, math.Inf(-1), 0}, {math.NaN(), 1, math.NaN()}, {5, 0, 1}, {1, 1e300, 1},
	} {
		if got := power(test[0], test[1]); got != test[2] && !(math.IsNaN(got) && math.IsNaN(test[2])) {
			t.Errorf("power(%v, %v) = %v, want %v", test[0], test[1], got, test[2])
		}
	}
}
