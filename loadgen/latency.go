package loadgen

import (
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency is a distribution of times, kept by a histogram with three significant
// digits.
type Latency struct{ *hdrhistogram.Histogram }

// The histogram's range. What takes longer counts as the longest.
const (
	latencyMin    = 1
	latencyMax    = int64(time.Minute)
	latencyDigits = 3
)

func newLatency() Latency { return Latency{hdrhistogram.New(latencyMin, latencyMax, latencyDigits)} }

func (l Latency) add(d time.Duration) { l.addTimes(d, 1) }

// addTimes adds the same time n times.
func (l Latency) addTimes(d time.Duration, n int) {
	// It only fails outside the range.
	_ = l.RecordValues(min(max(int64(d), latencyMin), latencyMax), int64(n))
}

// Quantile returns the time within which the given share (0 to 1) was answered.
func (l Latency) Quantile(share float64) time.Duration {
	return time.Duration(l.ValueAtQuantile(100 * share))
}

// Figures are the usual figures of a distribution of times, in ns.
type Figures struct {
	Count uint64  `json:"count"` // not a time
	Min   int64   `json:"min"`
	Mean  float64 `json:"mean"`
	P50   int64   `json:"p50"`
	P90   int64   `json:"p90"`
	P99   int64   `json:"p99"`
	P999  int64   `json:"p999"`
	Max   int64   `json:"max"`
}

// Figures returns the usual figures.
func (l Latency) Figures() Figures {
	return Figures{
		uint64(l.TotalCount()), l.Min(), l.Mean(), int64(l.Quantile(0.5)), int64(l.Quantile(0.9)),
		int64(l.Quantile(0.99)), int64(l.Quantile(0.999)), l.Max(),
	}
}

// WriteHDR writes the latencies of a run as a HdrHistogram V2 log: one interval,
// the measured time, with values in ns.
func (r *Result) WriteHDR(w io.Writer) error {
	began := r.Started.UnixMilli()
	h := r.Latency.Clone()
	h.SetStartTimeMs(began)
	h.SetEndTimeMs(began + int64(r.Seconds*1000))
	log := hdrhistogram.NewHistogramLogWriter(w)
	for _, write := range []func() error{
		func() error { return log.OutputComment(fmt.Sprintf("[%s, %s]", r.Target, r.Workload)) },
		log.OutputLogFormatVersion,
		func() error { return log.OutputStartTime(began) },
		log.OutputLegend,
		func() error { return log.OutputIntervalHistogram(h) },
	} {
		if err := write(); err != nil {
			return fmt.Errorf("write histogram log: %w", err)
		}
	}
	return nil
}
