package score

import "math"

// power is x to the power of y, rounded once. math.Pow is off by an ulp or two, which is a whole point of score wherever the exact
// result is an integer: root(4,390625) must be 25, and root(3,1000000) must be the 99.99999999999997 that C says, since a third is
// no double. So logarithm and exponential are computed with twice the digits.
func power(x, y float64) float64 {
	switch {
	case x == 0:
		return 0 // also of exponents below 0
	case x < 0 || math.IsInf(x, 0) || math.IsNaN(x) || math.IsInf(y, 0) || math.IsNaN(y):
		return math.Pow(x, y)
	}
	exponent := logarithm(x).times(double{high: y})
	if math.Abs(exponent.high) > maxExponent {
		return math.Pow(x, y)
	}
	return exponential(exponent)
}

// maxExponent keeps results normal numbers: beyond e^±700 a score is 100 or 0 whatever the last digit is.
const maxExponent = 700

// A double is the unevaluated sum of two numbers, the second at most half an ulp of the first: about 106 bits.
type double struct{ high, low float64 }

// sum adds two numbers without loss.
func sum(a, b float64) double {
	s := a + b
	t := s - a
	return double{s, (a - (s - t)) + (b - t)}
}

func (a double) plus(b double) double {
	s := sum(a.high, b.high)
	s.low += a.low + b.low
	return sum(s.high, s.low)
}

func (a double) times(b double) double {
	p := a.high * b.high
	return sum(p, math.FMA(a.high, b.high, -p)+(a.high*b.low+a.low*b.high))
}

func (a double) over(b double) double {
	q := a.high / b.high
	rest := a.plus(b.times(double{high: -q}))
	return sum(q, rest.high/b.high)
}

// reciprocals of small integers: products are cheaper than quotients.
var reciprocals = func() (r [2*logarithmTerms + 2]double) {
	for i := range r[1:] {
		r[i+1] = double{high: 1}.over(double{high: float64(i + 1)})
	}
	return r
}()

var ln2 = double{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56}

// logarithmTerms of the series are enough: each adds five bits.
const logarithmTerms = 16

// logarithm of a positive number: log(m·2^k) = k·log 2 + 2·atanh((m-1)/(m+1)), with m near 1.
func logarithm(x float64) double {
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = m*2, k-1
	}
	s := sum(m, -1).over(sum(m, 1))
	square := s.times(s)
	var series double
	for i := logarithmTerms; i > 0; i-- {
		series = series.plus(reciprocals[2*i+1]).times(square)
	}
	series = series.plus(double{high: 1}).times(s)
	return ln2.times(double{high: float64(k)}).plus(series.plus(series))
}

const (
	halvings         = 4  // of the argument, undone by squaring the result
	exponentialTerms = 12 // of the series, of an argument below 1/45
)

// exponential is e to the power of x, rounded to one number.
func exponential(x double) float64 {
	k := math.Round(x.high / ln2.high)
	r := x.plus(ln2.times(double{high: -k}))
	r = double{math.Ldexp(r.high, -halvings), math.Ldexp(r.low, -halvings)}
	result := double{high: 1}
	for i := exponentialTerms; i > 0; i-- {
		result = result.times(r).times(reciprocals[i]).plus(double{high: 1})
	}
	for range halvings {
		result = result.times(result)
	}
	return math.Ldexp(result.high, int(k))
}
