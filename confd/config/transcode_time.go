package config

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// picos is how many parts the reference divides a second into.
const picos = 1_000_000_000_000

// Converting a time takes longer than reading the rest of a small object, and the same times come again: a disk's parts are as
// old as the disk, often to the last digit. So the times met lately are remembered, in a table that fits into the first cache.
const (
	timeMemos = 64
	// timeMemoText is how long the text of a remembered time may be; wconfd's are shorter.
	timeMemoText = 30
)

// A timeMemo is a time as it was read and as it is written.
type timeMemo struct {
	read, wrote memoText
}

type memoText struct {
	length uint8
	text   [timeMemoText]byte
}

func (m *memoText) bytes() []byte { return m.text[:m.length] }

func (m *memoText) set(text []byte) { m.length = uint8(copy(m.text[:], text)) }

// timeMemo returns the place to remember a time in. The last digits tell times apart.
func (t *transcoder) timeMemo(text []byte) *timeMemo {
	sum := uint8(0)
	for _, c := range text[max(0, len(text)-8):] {
		sum = sum*5 + c
	}
	return &t.times[sum%timeMemos]
}

// time reads a point in time in seconds.
func (t *transcoder) time() bool {
	n, ok := t.number("not a number")
	if !ok {
		return false
	}
	memo := t.timeMemo(n.text)
	if string(n.text) == string(memo.read.bytes()) {
		t.out = append(t.out, memo.wrote.bytes()...)
		return true
	}
	f, _ := strconv.ParseFloat(string(n.text), 64)
	from := len(t.out)
	t.out = appendTime(t.out, f)
	if wrote := t.out[from:]; len(n.text) <= timeMemoText && len(wrote) <= timeMemoText {
		memo.read.set(n.text)
		memo.wrote.set(wrote)
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
	if scaled == 0 {
		return 0, 0
	}
	if scaled < 0 || scaled >= exact {
		return divideAnyTime(scaled)
	}
	mantissa, shift := wholeParts(scaled)
	high, low := uint64(0), mantissa
	if shift >= 0 {
		high, low = mantissa>>(64-uint(shift)), mantissa<<uint(shift)
	} else {
		low >>= uint(-shift)
	}
	quotient, rest := bits.Div64(high, low, picos)
	return float64(quotient), float64(rest)
}

// wholeParts takes apart a double that is no subnormal number: it is mantissa × 2^shift.
func wholeParts(f float64) (mantissa uint64, shift int) {
	const mantissaBits, exponentBias = 52, 1023
	b := math.Float64bits(f)
	return b&(1<<mantissaBits-1) | 1<<mantissaBits, int(b>>mantissaBits) - exponentBias - mantissaBits
}

// divideAnyTime is divideTime for times before 1970 and far away.
func divideAnyTime(scaled float64) (s, p float64) {
	whole, _ := new(big.Float).SetFloat64(scaled).Int(nil)
	quotient, rest := whole.DivMod(whole, big.NewInt(picos), new(big.Int)) // Euclidean: the rest isn't negative
	s, _ = new(big.Float).SetInt(quotient).Float64()
	p, _ = new(big.Float).SetInt(rest).Float64()
	return s, p
}
