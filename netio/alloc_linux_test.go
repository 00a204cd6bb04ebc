package netio

import (
	"testing"
)

// TestNothingIsAllocated exchanges datagrams over all kinds of sockets: neither a
// worker nor a client allocates.
func TestNothingIsAllocated(t *testing.T) {
	for _, c := range []struct {
		name, addr string
		offload    OffloadMode
		lengths    []int
	}{
		{"plain", "127.0.0.1:0", OffloadOff, []int{200, 200, 150, 0, 1000}},
		{"wildcard", "0.0.0.0:0", OffloadAuto, []int{200, 200, 150, 90, 1000}},
		{"plain6", "[::1]:0", OffloadAuto, []int{200, 150, 90, 1000}},
		{"wildcard6", "[::]:0", OffloadAuto, []int{200, 150, 90, 1000}},
		{"coalesced", "127.0.0.1:0", OffloadAuto, []int{100, 100, 100, 100, 100, 100, 50}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRoundTrip(t, c.addr, c.offload)
			memory := make([]byte, 4096)
			var datagrams [][]byte
			for _, n := range c.lengths {
				datagrams = append(datagrams, memory[:n])
				memory = memory[n:]
			}
			if n := testing.AllocsPerRun(200, func() { r.exchange(t, datagrams) }); n != 0 {
				t.Errorf("%g allocations in an exchange", n)
			}
		})
	}
}
