package loadgen

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Result is what a run measured. The JSON names are stable; units come last in
// them. docs/load.md describes each.
type Result struct {
	Target   string    `json:"target"`
	Workload string    `json:"workload"`
	Started  time.Time `json:"started"` // of the measured time

	// The options that it ran with.
	Loop        string     `json:"loop"` // "open" or "closed"
	Workers     int        `json:"workers"`
	Sockets     int        `json:"sockets"`
	Outstanding int        `json:"outstanding"` // 0 in an open loop
	Coalesce    int        `json:"coalesce"`
	Verify      VerifyMode `json:"verify"`
	Burst       int        `json:"burst"`              // requests of a worker due at a time; 0 in a closed loop
	Offered     float64    `json:"offered_per_second"` // by an open loop; 0 of a closed one

	Seconds  float64 `json:"measured_seconds"`
	Rate     float64 `json:"answers_per_second"` // right answers within the measured time
	SentRate float64 `json:"sent_per_second"`    // requests sent within the measured time

	// What became of the requests sent since the warm-up: each ends up in one of
	// the three. A request that the system refused to send is lost.
	Sent     uint64 `json:"sent"`
	Answered uint64 `json:"answered"` // rightly
	Wrong    uint64 `json:"wrong"`
	Lost     uint64 `json:"lost"` // nothing came within Options.Timeout

	// Unsent are requests of an open loop that were due and not sent, because the
	// generator was too far behind.
	Unsent uint64 `json:"unsent"`

	// Replies that answered nothing that was under way.
	Late      uint64 `json:"late"`      // the request counted as lost by then
	Duplicate uint64 `json:"duplicate"` // the request had its answer
	Foreign   uint64 `json:"foreign"`   // there was no such request, or not on that socket

	WarmupFaults   uint64            `json:"warmup_faults"` // everything that was not right during the warm-up
	WarmupFaultsBy map[string]uint64 `json:"warmup_faults_by_kind,omitempty"`

	Refused   uint64            `json:"refused"`     // requests that the system would not send
	MadeInRun uint64            `json:"made_in_run"` // requests not made ahead
	Faults    map[string]uint64 `json:"faults,omitempty"`
	Classes   map[string]uint64 `json:"classes,omitempty"` // right answers by kind of request

	LatencyKind string  `json:"latency_kind"` // "service" or "intended": see the package's doc
	Latency     Latency `json:"-"`
	LatencyNS   Figures `json:"latency_ns"`

	// SendDelay is how late the generator itself sent, in an open loop: it is part
	// of the latency.
	SendDelay   Latency `json:"-"`
	SendDelayNS Figures `json:"send_delay_ns"`

	// GeneratorBusy is the share of its time that each worker's thread was
	// running; nil where the system doesn't tell.
	GeneratorBusy []float64 `json:"generator_busy,omitempty"`
	// GeneratorLimited says that one of them was so busy that the rate is the
	// generator's, not the server's.
	GeneratorLimited bool `json:"generator_limited"`
}

// Clean says whether every request got its one right answer, also during the
// warm-up, and an open loop sent all that was due.
func (r *Result) Clean() bool {
	return r.Wrong+r.Lost+r.Unsent+r.Late+r.Duplicate+r.Foreign+r.WarmupFaults+r.Refused == 0
}

// busyLimit is how busy a thread may be for a rate to be the server's: above it,
// what the thread waits for and what it is busy with can't be told apart.
const busyLimit = 0.7

// Busiest is the share of its time that the busiest thread was running; 0 where the
// system doesn't tell.
func (r *Result) Busiest() (share float64) {
	for _, busy := range r.GeneratorBusy {
		share = max(share, busy)
	}
	return share
}

// Blame returns nil if the result is Clean, and otherwise an error that counts what
// was not right.
func (r *Result) Blame() error {
	if r.Clean() {
		return nil
	}
	var counts []string
	for _, c := range []struct {
		n    uint64
		what string
	}{
		{r.Lost, "lost"}, {r.Wrong, "wrong"}, {r.Late, "late"}, {r.Duplicate, "duplicate"}, {r.Foreign, "foreign"},
		{r.Refused, "refused by the system"}, {r.Unsent, "not sent in time"}, {r.WarmupFaults, "not right in the warm-up"},
	} {
		if c.n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return errors.New(strings.Join(counts, ", "))
}
