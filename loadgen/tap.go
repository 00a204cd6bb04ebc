package loadgen

import (
	"net/netip"
	"time"
)

// Tap is shown every datagram of a run as it leaves and as it comes, the warm-up's
// too: a capture is made with one.
//
// Open is called before anything is sent, for each lane of each worker in turn,
// from one goroutine. Sent and Received are called by the worker's own goroutine:
// by one at a time for each worker, by several at once for several workers. They
// hold up the generator, so they must be short. The bytes are valid during the call
// only.
type Tap interface {
	// Open names the two ends of a lane. Both are invalid addresses where the
	// target knows none.
	Open(worker, lane int, local, remote netip.AddrPort)
	// Sent shows a datagram on its way to the system, which may yet refuse it (see
	// Result.Refused). Within a lane they come in the order of sending.
	Sent(worker, lane int, at time.Time, datagram []byte)
	// Received shows a datagram before it is judged.
	Received(worker, lane int, at time.Time, datagram []byte)
}

// Addressed is a Conn whose lanes have addresses.
type Addressed interface {
	Addrs(lane int) (local, remote netip.AddrPort)
}

// openTap names the lanes of a run to its tap.
func openTap(tap Tap, loops []*loop) {
	for worker, l := range loops {
		addressed, _ := l.conn.(Addressed)
		for lane := range l.conn.Lanes() {
			var local, remote netip.AddrPort
			if addressed != nil {
				local, remote = addressed.Addrs(lane)
			}
			tap.Open(worker, lane, local, remote)
		}
	}
}

// tapReceived shows what one receive brought.
func (l *loop) tapReceived(lane int, now time.Duration, replies [][]byte) {
	at := l.start.Add(now)
	for _, r := range replies {
		l.options.Tap.Received(l.worker, lane, at, r)
	}
}
