package loadgen_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gantry/loadgen"
	"gantry/loadgen/echo"
	"gantry/netio"
)

// recorder is a tap that counts and compares.
type recorder struct {
	t      *testing.T
	target netip.AddrPort

	mu             sync.Mutex
	lanes          map[[2]int]netip.AddrPort
	sent, received int
	last           map[[2]int]time.Time
}

func (r *recorder) Open(worker, lane int, local, remote netip.AddrPort) {
	if !local.IsValid() || local.Port() == 0 || remote != r.target {
		r.t.Errorf("lane %d of worker %d is from %s to %s", lane, worker, local, remote)
	}
	r.lanes[[2]int{worker, lane}] = local
}

func (r *recorder) Sent(worker, lane int, at time.Time, datagram []byte) {
	r.note(&r.sent, worker, lane, at, datagram)
}

func (r *recorder) Received(worker, lane int, at time.Time, datagram []byte) {
	r.note(&r.received, worker, lane, at, datagram)
}

func (r *recorder) note(count *int, worker, lane int, at time.Time, datagram []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := [2]int{worker, lane}
	if _, ok := r.lanes[key]; !ok || len(datagram) != 100 || at.Before(r.last[key]) {
		r.t.Errorf("%d bytes on lane %d of worker %d at %s", len(datagram), lane, worker, at)
	}
	r.last[key] = at
	*count++
}

// TestTap checks that a tap is shown every lane and every datagram.
func TestTap(t *testing.T) {
	addr := serve(t, netio.Config{}, echo.New)
	tap := &recorder{t: t, target: addr, lanes: map[[2]int]netip.AddrPort{}, last: map[[2]int]time.Time{}}
	r, err := loadgen.Run(context.Background(), loadgen.UDP{Addr: addr}, loadgen.Echo{Size: 100},
		loadgen.Options{Workers: 2, Sockets: 3, Outstanding: 12, Requests: 2000, Tap: tap})
	if err != nil {
		t.Fatal(err)
	}
	addrs := map[netip.AddrPort]bool{}
	for _, a := range tap.lanes {
		addrs[a] = true
	}
	if len(tap.lanes) != 6 || len(addrs) != 6 {
		t.Errorf("the lanes are %v", tap.lanes)
	}
	if !r.Clean() || tap.sent != 2000 || tap.received != 2000 {
		t.Errorf("%d sent and %d received of 2000: %+v", tap.sent, tap.received, r)
	}
}
