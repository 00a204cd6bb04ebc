package loadgen

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
)

// chooser draws from a number of things, each with a weight.
type chooser struct {
	sums []float64 // of the weights up to and including each; nil: all are alike
	n    int
}

// MaxZipf bounds the exponents of Zipf's law: beyond it the first thing is all
// there is.
const MaxZipf = 10

// newZipf draws from n things by Zipf's law: the k-th with a weight of 1/k^s. With
// s = 0 all are alike.
func newZipf(n int, s float64) (*chooser, error) {
	if !(s >= 0 && s <= MaxZipf) {
		return nil, fmt.Errorf("the exponent of Zipf's law, %g, is not within 0 and %d", s, MaxZipf)
	}
	if s == 0 {
		return &chooser{n: n}, nil
	}
	weights := make([]float64, n)
	for k := range weights {
		weights[k] = math.Pow(float64(k+1), -s)
	}
	return newWeighted(weights), nil
}

// zipfName is what results add to a workload's name.
func zipfName(s float64) string {
	if s == 0 {
		return ""
	}
	return fmt.Sprintf(", drawn by Zipf's law with exponent %g", s)
}

func newWeighted(weights []float64) *chooser {
	c := &chooser{sums: weights, n: len(weights)}
	for i := 1; i < len(weights); i++ {
		weights[i] += weights[i-1]
	}
	return c
}

// pick returns the number of the thing that is drawn, from 0.
func (c *chooser) pick(random *rand.Rand) int {
	if c.sums == nil {
		return random.IntN(c.n)
	}
	at := random.Float64() * c.sums[c.n-1]
	return min(sort.Search(c.n, func(i int) bool { return c.sums[i] > at }), c.n-1)
}
