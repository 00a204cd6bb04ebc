package bench

import "slices"

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
