package netio

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// BenchmarkWait measures the ways of waiting: at peak load, at a tenth of it
// (datagrams one by one at even distances) and in ping-pong (one datagram under
// way: the latency is mostly that of waking up).
//
//	go test ./netio -run '^$' -bench Wait -benchtime 2s
func BenchmarkWait(b *testing.B) {
	servers := []echoServer{{Wait: "ppoll", Lock: true, Yield: never}, {Wait: "ppoll", Yield: never}}
	for _, way := range waysToWait {
		servers = append(servers, echoServer{Wait: way})
	}
	for _, s := range servers {
		name := s.Wait
		if s.Lock {
			name += "-locked"
		}
		if s.Yield == never {
			name += "-unyielding"
		}
		b.Run(name+"/peak", func(b *testing.B) {
			to, stop := startEcho(b, s)
			flood(b, to, 4, 640, 1)
			reportEcho(b, stop())
		})
		b.Run(name+"/tenth", func(b *testing.B) {
			to, stop := startEcho(b, s)
			pingEvery(b, to, 40*time.Microsecond)
			reportEcho(b, stop())
		})
		b.Run(name+"/pingpong", func(b *testing.B) {
			to, stop := startEcho(b, s)
			pingEvery(b, to, 0)
			reportEcho(b, stop())
		})
	}
}

// never is a number of turns that no benchmark reaches.
const never = 1 << 40

// pingEvery sends a datagram at even distances, or with distance 0 each time the
// last is answered, and reports the latencies. It never sleeps itself.
func pingEvery(b *testing.B, to netip.AddrPort, distance time.Duration) {
	c, err := Dial(ClientConfig{Target: to, Offload: OffloadOff})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	payload := make([]byte, payloadSize)
	latencies := make([]time.Duration, 0, 1<<20)
	next := time.Now()
	for b.Loop() {
		for distance > 0 && time.Now().Before(next) {
		}
		sent := time.Now()
		next = next.Add(distance)
		if next.Before(sent) {
			next = sent
		}
		c.Queue(0, payload)
		c.Flush()
		for {
			_, got, err := c.Receive(0)
			if err != nil {
				b.Fatal(err)
			}
			if len(got) > 0 {
				break
			}
			if time.Since(sent) > 10*time.Second {
				b.Fatal("no answer")
			}
		}
		latencies = append(latencies, time.Since(sent))
	}
	slices.Sort(latencies)
	b.ReportMetric(float64(latencies[len(latencies)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(latencies[len(latencies)*99/100].Nanoseconds()), "p99-ns")
}
