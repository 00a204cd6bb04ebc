package bench

import (
	"fmt"
	"slices"
)

// series is what repeated runs gave, in their order.
type series []float64

// median is the middle value, the mean of the two in the middle for an even
// number; 0 of none.
func (s series) median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	mid := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[mid-1] + sorted[mid]) / 2
	}
	return sorted[mid]
}

// span is the smallest and the largest value; zeros of none.
func (s series) span() (low, high float64) {
	if len(s) == 0 {
		return 0, 0
	}
	return slices.Min(s), slices.Max(s)
}

// text is the series as median and span.
func (s series) text(format string) string {
	low, high := s.span()
	return fmt.Sprintf(format+" ("+format+"-"+format+")", s.median(), low, high)
}

// amounts is the same of large numbers.
func (s series) amounts() string {
	low, high := s.span()
	return amount(s.median()) + " (" + amount(low) + "-" + amount(high) + ")"
}

// over divides runs pair by pair. A run that has no pair is left out.
func (s series) over(base series) series {
	var ratios series
	for i := range min(len(s), len(base)) {
		if base[i] != 0 {
			ratios = append(ratios, s[i]/base[i])
		}
	}
	return ratios
}

// plus adds runs pair by pair.
func (s series) plus(o series) series {
	var sums series
	for i := range min(len(s), len(o)) {
		sums = append(sums, s[i]+o[i])
	}
	return sums
}

// times multiplies every run.
func (s series) times(factor float64) series {
	var products series
	for _, x := range s {
		products = append(products, factor*x)
	}
	return products
}

// at is the series as a point in a plot.
func (s series) at(x float64) Point {
	low, high := s.span()
	return Point{X: x, Y: s.median(), Low: low, High: high}
}
