package replay

import (
	"encoding/json"
	"net/netip"
	"time"

	"gantry/confd/wire"
)

// Result is what a replay found. Its JSON names are stable: new ones may come.
type Result struct {
	Target  string    `json:"target"`
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	Loops   int       `json:"loops"` // that were begun

	// What the capture holds, of all loops.
	Packets         uint64            `json:"packets"`
	Requests        uint64            `json:"requests"`         // authentic ones
	Replies         uint64            `json:"replies"`          // authentic ones
	Repeated        uint64            `json:"repeated"`         // seen more than once, as on two interfaces
	Skipped         map[string]uint64 `json:"skipped"`          // packets that are no datagrams, by capture.Skip
	Unread          map[string]uint64 `json:"unread"`           // datagrams that are neither request nor reply, by wire.Drop
	CapturedSeconds float64           `json:"captured_seconds"` // from the first request to the last, of one loop

	// What became of the requests. Sent = Answered + Lost + Silent.
	Sent     uint64        `json:"sent"`
	Answered uint64        `json:"answered"` // today
	Lost     uint64        `json:"lost"`     // not answered today, but in the capture
	Silent   uint64        `json:"silent"`   // answered neither today nor in the capture
	Wrong    uint64        `json:"wrong"`    // replies of today that answer nothing, or aren't signed
	Refused  uint64        `json:"refused"`  // requests that the system would not send; they are lost, too
	LateMax  time.Duration `json:"late_ns_max"`

	// What Options.Compare found. Answered = Equal + Different + Uncaptured.
	Compared    bool         `json:"compared"`
	Equal       uint64       `json:"equal"`
	Different   uint64       `json:"different"`
	Uncaptured  uint64       `json:"uncaptured"`            // answered today, but the capture has no answer
	Differences []Difference `json:"differences,omitempty"` // the first ones, and of those that are lost
}

// Clean says whether every request that has an answer in the capture has one today
// and, if they were compared, the same.
func (r *Result) Clean() bool { return r.Lost+r.Different+r.Wrong == 0 }

// Difference is a request whose answer of today isn't the captured one.
type Difference struct {
	Time     time.Time      `json:"time"` // of the request in the capture
	Client   netip.AddrPort `json:"client"`
	Server   netip.AddrPort `json:"server"`
	Type     string         `json:"type"`
	Request  string         `json:"request"` // the inner message, as it was captured
	Captured *Answer        `json:"captured"`
	Today    *Answer        `json:"today"` // null: none came
}

// Answer is a reply without what differs by nature: salt and signature.
type Answer struct {
	Status int             `json:"status"`
	Serial int64           `json:"serial"`
	Answer json.RawMessage `json:"answer"`
}

func newAnswer(r *wire.Reply) *Answer {
	return &Answer{Status: r.Status, Serial: r.Serial, Answer: append(json.RawMessage(nil), r.Answer...)}
}
