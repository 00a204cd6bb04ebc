package metric

import (
	"math"
	"math/bits"
	"slices"
)

// A Layout says how the values of a Histogram, which are whole numbers from 0,
// are sorted into cells: one for zero, and one from each bound to the next, where
// the bounds are those of all buckets of both forms of the histogram.
type Layout struct {
	scale  float64 // values in one of the exported unit
	schema int32   // of the native form: its buckets' bounds are powers of 2^(2^-schema)

	bounds []uint64               // the largest value of each cell, ascending
	native []int                  // by cell: the number of its native bucket
	first  [64 << headBits]uint16 // by head: the first cell that may hold values with it

	classic []classicBucket
}

// headBits is how many bits below a value's highest one its head has: as many
// as there are native buckets from a value to its double in the finest layout
// that is used, so that a value is at most a few cells further.
const headBits = 3

// head is a value's length in bits, and the bits below its highest one.
func head(v uint64) int {
	zeros := bits.LeadingZeros64(v | 1)
	return (63-zeros)<<headBits | int(v<<zeros>>(63-headBits)&(1<<headBits-1))
}

type classicBucket struct {
	bound float64 // in the exported unit
	cells int     // how many lie at or below it
}

// NewLayout makes a layout for values of which scale make one of the exported
// unit: 1e9 if they are nanoseconds and seconds are exported. Of the native form
// the schema is given (3: each bucket ends 9 % above the one before; 0: at its
// double), of the classic one the bounds, as values, ascending.
func NewLayout(schema int32, scale float64, classic ...uint64) *Layout {
	l := &Layout{scale: scale, schema: schema}
	perDouble := math.Exp2(float64(schema))
	lowest := int(math.Floor(-math.Log2(scale) * perDouble)) // the bucket of a value of 1, or the one before
	number := lowest
	l.bounds, l.native = []uint64{0}, []int{lowest}
	for rest := classic; l.bounds[len(l.bounds)-1] < math.MaxUint64; {
		bound := l.nativeBound(number)
		if len(rest) > 0 && rest[0] < bound {
			bound = rest[0]
		}
		if bound > l.bounds[len(l.bounds)-1] {
			l.bounds, l.native = append(l.bounds, bound), append(l.native, number)
		}
		if len(rest) > 0 && rest[0] == bound {
			rest = rest[1:]
		}
		if bound == l.nativeBound(number) {
			number++
		}
	}
	for _, bound := range classic {
		cell, _ := slices.BinarySearch(l.bounds, bound)
		l.classic = append(l.classic, classicBucket{float64(bound) / scale, cell + 1})
	}
	for h := range l.first {
		length, mantissa := h>>headBits, uint64(1<<headBits|h&(1<<headBits-1))
		least := mantissa >> max(0, headBits-length) << max(0, length-headBits)
		if h == 0 {
			least = 0 // which shares the head of 1
		}
		cell, _ := slices.BinarySearch(l.bounds, least)
		l.first[h] = uint16(cell)
	}
	return l
}

// nativeBound is the largest value in a native bucket.
func (l *Layout) nativeBound(number int) uint64 {
	bound := math.Exp2(float64(number)/math.Exp2(float64(l.schema))) * l.scale
	if bound >= math.MaxUint64 {
		return math.MaxUint64
	}
	return uint64(bound)
}

// cell returns the cell that holds a value.
func (l *Layout) cell(v uint64) int {
	i := int(l.first[head(v)])
	for l.bounds[i] < v {
		i++
	}
	return i
}
