package replay

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"gantry/confd/wire"
	"gantry/netio"
)

// Options say where a capture is sent, how fast, and what is made of the answers.
// Target and Key must be set.
type Options struct {
	Target netip.AddrPort
	Key    *wire.Key // signs the requests and verifies the answers

	// CaptureKey verifies what was captured; nil is Key. They differ when a
	// capture of one cluster is sent to another.
	CaptureKey *wire.Key

	// Speed multiplies the captured speed; 0 is 1. SpeedMax sends as fast as
	// answers come.
	Speed float64

	Loops       int           // times that the capture is sent, up to MaxLoops; 0 is 1
	KeepRSalt   bool          // send the captured rsalts
	Compare     bool          // compare today's answers with the captured ones
	Sockets     int           // to send from, up to netio.MaxSockets; 0 is DefaultSockets. A captured client keeps to one
	Outstanding int           // requests under way at SpeedMax, up to MaxOutstanding; 0 is DefaultOutstanding
	Timeout     time.Duration // when a request has no answer; 0 is DefaultTimeout
	Shown       int           // differences that are kept in the result, up to MaxShown; 0 is DefaultShown
}

// SpeedMax is the speed without pauses.
var SpeedMax = math.Inf(1)

// Limits and defaults.
const (
	// MaxLoops keeps a mistyped number from running for ever.
	MaxLoops = 1_000_000

	// DefaultSockets lets a server's workers share the load, whichever of them
	// the system gives a socket to.
	DefaultSockets = 16

	// DefaultOutstanding fills the server's batches, and no queue overflows.
	DefaultOutstanding = 256

	// MaxOutstanding leaves room in the table for what has its answer.
	MaxOutstanding = maxExchanges / 4

	// DefaultTimeout is long after any answer could still come.
	DefaultTimeout = time.Second

	// DefaultShown is as many differences as a person reads.
	DefaultShown = 20

	// MaxShown bounds the memory that differences take, at 64 KiB for each of two
	// answers.
	MaxShown = 1000

	// capturedPatience is how long after a request its answer is looked for in
	// the capture, in the capture's time: Ganeti's own client waits so long.
	capturedPatience = 10 * time.Second

	// maxExchanges and maxExchangeBytes bound the table of requests that wait for
	// an answer. The oldest makes room for a new one.
	maxExchanges     = 1 << 16
	maxExchangeBytes = 64 << 20
)

func (o Options) withDefaults() (Options, error) {
	if !o.Target.IsValid() || o.Target.Port() == 0 {
		return o, errors.New("replay: no target to send to")
	}
	if o.Key == nil {
		return o, errors.New("replay: no key to sign with")
	}
	if o.CaptureKey == nil {
		o.CaptureKey = o.Key
	}
	orDefault(&o.Speed, 1)
	orDefault(&o.Loops, 1)
	orDefault(&o.Sockets, DefaultSockets)
	orDefault(&o.Outstanding, DefaultOutstanding)
	orDefault(&o.Timeout, DefaultTimeout)
	orDefault(&o.Shown, DefaultShown)
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"loops", o.Loops, MaxLoops},
		{"sockets", o.Sockets, netio.MaxSockets},
		{"outstanding requests", o.Outstanding, MaxOutstanding},
		{"shown differences", o.Shown, MaxShown},
	} {
		if f.value < 1 || f.value > f.max {
			return o, fmt.Errorf("replay: %s: %d is not within 1 and %d", f.name, f.value, f.max)
		}
	}
	if !(o.Speed > 0) {
		return o, fmt.Errorf("replay: speed %v is not above 0", o.Speed)
	}
	if o.Timeout < 0 {
		return o, fmt.Errorf("replay: negative timeout %s", o.Timeout)
	}
	return o, nil
}

func orDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}
