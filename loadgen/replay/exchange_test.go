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
	for _, size := range []int{0, 50_000} {
		o := &Options{Timeout: time.Hour, Shown: 1}
		result := &Result{}
		x := newExchanges(o, result)
		const requests = maxExchanges + 1000
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
		if result.Answered != requests/2 || result.Uncaptured != requests/2 || result.Silent != requests/2 || x.bytes != 0 || x.unanswered != 0 {
			t.Errorf("%+v, %d bytes, %d under way", result, x.bytes, x.unanswered)
		}
	}
}
