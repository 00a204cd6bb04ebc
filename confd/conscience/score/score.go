package score

import "math"

// Scores lie between Min and Max. None is the score of a service whose expression had no value yet.
const (
	None = -1
	Min  = 0
	Max  = 100
)

// FromValue turns an expression's value into a score: the next lower integer, no more than bound above the previous score, and between
// Min and Max. What isn't a number is Min. A bound below 1 bounds nothing, and neither does a previous score of None. Only rises are
// bounded: a service that becomes worse must be left alone at once.
func FromValue(value float64, previous, bound int) int {
	current := Min
	if !math.IsNaN(value) {
		current = int(math.Floor(clamp(value, Min, Max)))
	}
	if previous >= Min && bound > 0 && current-previous > bound {
		current = previous + bound
	}
	return current
}
