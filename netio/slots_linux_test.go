package netio

import (
	"fmt"
	"testing"
)

// BenchmarkSlots writes a batch of small datagrams into receive buffers and reads
// them again, with the buffers at different distances: what the caches make of
// starts that are a power of two apart.
func BenchmarkSlots(b *testing.B) {
	for _, distance := range []int{payloadSize, 2048, 65536, slotSize} {
		b.Run(fmt.Sprint(distance), func(b *testing.B) {
			memory := make([]byte, DefaultBatchSize*distance)
			data := make([]byte, payloadSize)
			for b.Loop() {
				for i := range DefaultBatchSize {
					copy(memory[i*distance:], data)
				}
				for i := range DefaultBatchSize {
					n := 0
					for _, c := range memory[i*distance:][:payloadSize] {
						n += int(c)
					}
					data[0] = byte(n)
				}
				for i := range DefaultBatchSize {
					n := 0
					for _, c := range memory[i*distance:][:payloadSize] {
						n ^= int(c)
					}
					data[1] = byte(n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*DefaultBatchSize), "ns/datagram")
		})
	}
}
