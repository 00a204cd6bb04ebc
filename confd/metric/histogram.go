package metric

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// spare keeps a histogram's numbers off the cache lines of its neighbours in
// memory, which other cores write: in numbers of eight bytes.
const spare = 8

// A Histogram counts the values that one goroutine observes. Everybody may read
// it.
type Histogram struct {
	layout *Layout
	sum    *atomic.Uint64
	cells  []atomic.Uint64
}

// NewHistogram makes an empty one.
func NewHistogram(l *Layout) *Histogram {
	numbers := make([]atomic.Uint64, spare+1+len(l.bounds)+spare)
	return &Histogram{layout: l, sum: &numbers[spare], cells: numbers[spare+1:][:len(l.bounds)]}
}

// Observe counts a value. It must not be called from two goroutines at once: then
// the loads are plain ones, and only the stores cost anything.
func (h *Histogram) Observe(v uint64) {
	cell := &h.cells[h.layout.cell(v)]
	cell.Store(cell.Load() + 1)
	if v > 0 {
		h.sum.Store(h.sum.Load() + v)
	}
}

// Sum is a sample of a family of distributions: the sums over histograms of one
// layout, which have counted since created.
func (f *Family) Sum(created time.Time, histograms []*Histogram, values ...string) prometheus.Metric {
	l := histograms[0].layout
	var count, sum uint64
	below := make([]uint64, len(l.bounds)+1) // by cell: how many values lie in lower ones
	buckets := map[int]int64{}
	for i := range l.bounds {
		var n uint64
		for _, h := range histograms {
			n += h.cells[i].Load()
		}
		if i > 0 && n > 0 {
			buckets[l.native[i]] += int64(n)
		}
		count += n
		below[i+1] = count
	}
	for _, h := range histograms {
		sum += h.sum.Load()
	}
	both := &bothForms{
		Metric: prometheus.MustNewConstNativeHistogram(f.desc, count, float64(sum)/l.scale, buckets, nil,
			below[1], l.schema, 0, created, values...),
	}
	for _, c := range l.classic {
		both.classic = append(both.classic, &dto.Bucket{CumulativeCount: new(below[c.cells]), UpperBound: new(c.bound)})
	}
	return both
}

// bothForms is a native histogram with a classic one's buckets. What is scraped
// as text shows only those.
type bothForms struct {
	prometheus.Metric
	classic []*dto.Bucket
}

// Write implements prometheus.Metric.
func (b *bothForms) Write(m *dto.Metric) error {
	if err := b.Metric.Write(m); err != nil {
		return err
	}
	m.Histogram.Bucket = b.classic
	return nil
}
