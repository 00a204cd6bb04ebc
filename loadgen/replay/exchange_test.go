package replay

import (
	"fmt"
	"testing"
	"time"

	"gantry/confd/wire"
)

// The table of what waits for answers stays within its bounds, and forgets nothing
// that it counted.
func TestExchangesAreBounded(t *testing.T) {
	for _, test := range []struct{ requests, size int }{{maxExchanges + 1000, 0}, {4000, 50_000}} {
		requests, size := test.requests, test.size
		o := &Options{Timeout: time.Hour, Shown: 1}
		result := &Result{}
		x := newExchanges(o, result)
		now := time.Now()
		text := make([]byte, size)
		for i := range requests {
			rsalt := fmt.Sprint(i)
			x.add(&exchange{text: text, sent: now, at: now, place: captureKey{rsalt: rsalt}, under: liveKey{rsalt: rsalt}})
			if i%2 == 0 {
				x.todaysReply(0, &wire.Reply{Salt: []byte(rsalt), Answer: text})
			}
			if len(x.order) > maxExchanges || x.bytes > maxExchangeBytes+2*size || len(x.byLive) != len(x.order) || len(x.byCapture) != len(x.order) {
				t.Fatalf("%d exchanges of %d bytes, %d and %d known", len(x.order), x.bytes, len(x.byLive), len(x.byCapture))
			}
		}
		x.flush()
		if result.Answered != uint64(requests/2) || result.Uncaptured != uint64(requests/2) || result.Silent != uint64(requests/2) || x.bytes != 0 || x.unanswered != 0 {
			t.Errorf("%+v, %d bytes, %d under way", result, x.bytes, x.unanswered)
		}
	}
}
