package confd

import (
	"math/bits"
	"sync/atomic"
	"time"

	"gantry/confd/metric"
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

// distributions are what a worker counts once a batch. docs/metrics.md says what
// that costs.
type distributions struct {
	sizes         *metric.Histogram // datagrams
	service       *metric.Histogram // nanoseconds
	ahead, behind *metric.Histogram // seconds of skew of the askers' clocks
}

func newDistributions() distributions {
	return distributions{
		sizes:   metric.NewHistogram(sizeLayout),
		service: metric.NewHistogram(serviceLayout),
		ahead:   metric.NewHistogram(skewLayout),
		behind:  metric.NewHistogram(skewLayout),
	}
}

// countBatch counts a batch that was begun at that time and is done now.
func (d *distributions) countBatch(size int, began time.Time) {
	d.sizes.Observe(uint64(size))
	d.service.Observe(uint64(max(0, time.Since(began))))
}

// skewMax is where clock skews are cut off, in seconds: so far off, nobody asks
// how far, and sums of them don't overflow.
const skewMax = 1 << 31

// countSkew counts how far an asker's clock is ahead.
func (d *distributions) countSkew(seconds int64) {
	if seconds > 0 {
		d.ahead.Observe(uint64(min(seconds, skewMax)))
		return
	}
	d.behind.Observe(uint64(min(-seconds, skewMax)))
}
