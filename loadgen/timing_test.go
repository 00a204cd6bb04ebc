package loadgen

import (
	"testing"

	"gantry/confd/wire"
)

// BenchmarkSign measures what a request costs that is not made ahead.
func BenchmarkSign(b *testing.B) {
	s := benchmarkSource(b)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		s.sign(0)
		n += chunkSize
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/request")
}

func benchmarkSource(b *testing.B) *confdSource {
	return newTestSource(b, Options{Ahead: 1})
}

// BenchmarkJudge measures what a reply costs, by how much of it is verified.
func BenchmarkJudge(b *testing.B) {
	for _, mode := range []VerifyMode{VerifyAll, VerifySample, VerifyNone} {
		b.Run(string(mode), func(b *testing.B) {
			s := benchmarkSource(b)
			s.verify = mode
			const batch = 64
			var requests, replies [][]byte
			for range batch {
				requests = append(requests, append([]byte(nil), s.Next(0)...))
			}
			sealer := wire.NewSealer(batch)
			parsed := wire.NewParser(batch).Parse(requests, s.keys, s.chunks[0].signedAt)
			for i := range parsed {
				if parsed[i].Drop != wire.DropNone {
					b.Fatal(parsed[i].Drop)
				}
				msg := wire.AppendReplyTail(append(wire.AppendReplyHead(nil, wire.StatusOK), `"192.0.2.1"`...), []byte("7"))
				reply := sealer.Append(nil, &parsed[i], msg, nil)
				sealer.Sign(reply)
				replies = append(replies, reply)
			}
			verdicts := make([]Verdict, batch)
			b.ReportAllocs()
			for b.Loop() {
				s.Judge(0, replies, verdicts)
			}
			for i, v := range verdicts {
				if v.Fault != FaultNone || v.Request != uint64(i) {
					b.Fatalf("reply %d: %+v", i, v)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/reply")
		})
	}
}
