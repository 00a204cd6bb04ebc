package loadgen

import (
	"encoding/json"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Result is what a run measured. The JSON names are stable; units come last in
// them.
type Result struct {
	Target   string    `json:"target"`
	Workload string    `json:"workload"`
	Started  time.Time `json:"started"` // of the measured time

	// The options that it ran with.
	Workers     int        `json:"workers"`
	Sockets     int        `json:"sockets"`
	Outstanding int        `json:"outstanding"`
	Coalesce    int        `json:"coalesce"`
	Verify      VerifyMode `json:"verify"`

	Seconds float64 `json:"measured_seconds"`
	Rate    float64 `json:"answers_per_second"` // right answers within the measured time

	// What became of the requests sent since the warm-up: each ends up in one of
	// the three. A request that the system refused to send is lost.
	Sent     uint64 `json:"sent"`
	Answered uint64 `json:"answered"` // rightly
	Wrong    uint64 `json:"wrong"`
	Lost     uint64 `json:"lost"` // nothing came within Options.Timeout

	// Replies that answered nothing that was under way.
	Late      uint64 `json:"late"`      // the request counted as lost by then
	Duplicate uint64 `json:"duplicate"` // the request had its answer
	Foreign   uint64 `json:"foreign"`   // there was no such request, or not on that socket

	WarmupFaults uint64 `json:"warmup_faults"` // everything that was not right during the warm-up

	Refused   uint64            `json:"refused"`     // requests that the system would not send
	MadeInRun uint64            `json:"made_in_run"` // requests not made ahead
	Faults    map[string]uint64 `json:"faults,omitempty"`
	Classes   map[string]uint64 `json:"classes,omitempty"` // right answers by kind of request

	Latency     Latency `json:"latency"`
	LatencyKind string  `json:"latency_kind"` // "service": see the package's doc

	// GeneratorBusy is the share of its time that each worker's thread was
	// running; nil where the system doesn't tell.
	GeneratorBusy []float64 `json:"generator_busy,omitempty"`
}

// Clean says whether every request got its one right answer, also during the
// warm-up.
func (r *Result) Clean() bool {
	return r.Wrong+r.Lost+r.Late+r.Duplicate+r.Foreign+r.WarmupFaults+r.Refused == 0
}

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

func (l Latency) add(d time.Duration) {
	// It only fails outside the range.
	_ = l.RecordValue(min(max(int64(d), latencyMin), latencyMax))
}

// Quantile returns the time within which the given share (0 to 1) was answered.
func (l Latency) Quantile(share float64) time.Duration {
	return time.Duration(l.ValueAtQuantile(100 * share))
}

// MarshalJSON writes the usual figures.
func (l Latency) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Count uint64  `json:"count"`
		Min   int64   `json:"min_ns"`
		Mean  float64 `json:"mean_ns"`
		P50   int64   `json:"p50_ns"`
		P90   int64   `json:"p90_ns"`
		P99   int64   `json:"p99_ns"`
		P999  int64   `json:"p999_ns"`
		Max   int64   `json:"max_ns"`
	}{
		uint64(l.TotalCount()), l.Min(), l.Mean(), int64(l.Quantile(0.5)), int64(l.Quantile(0.9)),
		int64(l.Quantile(0.99)), int64(l.Quantile(0.999)), l.Max(),
	})
}
