package netio

import "testing"

// BenchmarkYield measures what the scheduler takes of every turn of a worker.
func BenchmarkYield(b *testing.B) {
	for b.Loop() {
		yield()
	}
}
