package client_test

import (
	"testing"
	"time"

	"gantry/confd/client"
)

// What is under way never exceeds the window, which is used in full.
func TestBatchKeepsItsWindow(t *testing.T) {
	for _, window := range []int{1, 7, 100} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, nineIPv4[:1], echoName, nil)
			bursts := make(map[time.Time]int)
			w.servers[0].Copies = func(int) []time.Duration {
				bursts[time.Now()]++
				return []time.Duration{ms}
			}
			results, err := w.client.Batch(t.Context(), numbered(1000), client.BatchOptions{Window: window})
			if err != nil {
				t.Fatal(err)
			}
			checkEcho(t, results)
			most := 0
			for _, n := range bursts {
				most = max(most, n)
			}
			if most != window {
				t.Errorf("up to %d were under way, the window is %d", most, window)
			}
		})
	}
}

// A server that loses what comes too fast is asked more slowly.
func TestBatchNarrowsItsWindow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], echoName, nil)
		const capacity = 10 // requests at an instant
		at, burst := time.Now(), 0
		w.servers[0].Copies = func(int) []time.Duration {
			if now := time.Now(); !now.Equal(at) {
				at, burst = now, 0
			}
			if burst++; burst > capacity {
				return nil
			}
			return []time.Duration{ms}
		}
		results, err := w.client.Batch(t.Context(), numbered(1000), client.BatchOptions{Attempts: 10})
		if err != nil {
			t.Fatal(err)
		}
		checkEcho(t, results)
		if sent := len(w.Sent()); sent > 3000 {
			t.Errorf("1000 queries took %d datagrams", sent)
		}
	})
}
