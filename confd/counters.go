package confd

import (
	"math/bits"
	"sync/atomic"

	"gantry/confd/wire"
)

// What a worker counts, as positions in its numbers: a group of them for each
// label's values.
const (
	countRequests = 0                                // by wire.Type
	countStatuses = countRequests + wire.NumTypes    // by wire.Status
	countDrops    = countStatuses + wire.NumStatuses // by wire.Drop
	countTooLarge = countDrops + wire.NumDrops       // answers that fit no datagram
	numCounts     = countTooLarge + 1
)

// counters are a worker's numbers: plain ones that it alone touches, and their
// published copies. Only what a batch changed is published, since an atomic
// store costs as much as a look-up.
type counters struct {
	plain   [numCounts]uint64
	changed uint64 // a bit for each number

	_         [64]byte // keeps the published numbers off the line of the plain ones
	published [numCounts]atomic.Uint64
	_         [64]byte
}

// A bit set must have room for every number.
var _ [64 - numCounts]struct{}

func (c *counters) count(i int) {
	c.plain[i]++
	c.changed |= 1 << i
}

func (c *counters) publish() {
	for ; c.changed != 0; c.changed &= c.changed - 1 {
		i := bits.TrailingZeros64(c.changed)
		c.published[i].Store(c.plain[i])
	}
}
