package config

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// picos is how many parts the reference divides a second into.
const picos = 1_000_000_000_000

// timeMemoLength bounds the times that are remembered; wconfd's are shorter.
const timeMemoLength = 32

// A timeMemo remembers the last time. Objects made together carry the same one.
type timeMemo struct {
	read, wrote             [timeMemoLength]byte
	readLength, wroteLength int
}

// time reads a point in time in seconds.
func (t *transcoder) time() bool {
	n, ok := t.number("not a number")
	if !ok {
		return false
	}
	memo := &t.lastTime
	if string(n.text) == string(memo.read[:memo.readLength]) {
		t.out = append(t.out, memo.wrote[:memo.wroteLength]...)
		return true
	}
	f, _ := strconv.ParseFloat(string(n.text), 64)
	from := len(t.out)
	t.out = appendTime(t.out, f)
	if wrote := t.out[from:]; len(n.text) <= timeMemoLength && len(wrote) <= timeMemoLength {
		memo.readLength, memo.wroteLength = copy(memo.read[:], n.text), copy(memo.wrote[:], wrote)
	}
	return true
}

// appendTime appends a time the way it comes out of the reference, which keeps seconds and picoseconds apart: times near the
// present are so rounded to multiples of 2^18 picoseconds, and a few change in their last digit.
func appendTime(dst []byte, f float64) []byte {
	scaled := f * picos
	if math.IsInf(scaled, 0) {
		return appendDouble(dst, f)
	}
	s, p := divideTime(math.RoundToEven(scaled))
	return appendDouble(dst, s+p/picos)
}

// divideTime divides whole picoseconds into whole seconds, rounded down, and the rest.
func divideTime(scaled float64) (s, p float64) {
	const exact = 1 << 100 // 2^100 picoseconds are 2^60 seconds: the quotient fits into 64 bits
	if scaled < 0 || scaled >= exact {
		return divideAnyTime(scaled)
	}
	mantissa, exponent := math.Frexp(scaled)
	low := uint64(math.Ldexp(mantissa, 53))
	high := uint64(0)
	if shift := exponent - 53; shift >= 0 {
		high, low = low>>(64-uint(shift)), low<<uint(shift)
	} else {
		low >>= uint(-shift)
	}
	quotient, rest := bits.Div64(high, low, picos)
	return float64(quotient), float64(rest)
}

// divideAnyTime is divideTime for times before 1970 and far away.
func divideAnyTime(scaled float64) (s, p float64) {
	whole, _ := new(big.Float).SetFloat64(scaled).Int(nil)
	quotient, rest := whole.DivMod(whole, big.NewInt(picos), new(big.Int)) // Euclidean: the rest isn't negative
	s, _ = new(big.Float).SetInt(quotient).Float64()
	p, _ = new(big.Float).SetInt(rest).Float64()
	return s, p
}
