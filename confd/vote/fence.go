package vote

import (
	"errors"
	"fmt"
)

// floorStep is how far a claim's floor must be above every serial that it covers. The former master may have written one
// version that it got no majority for; the floor must be above that one too.
const floorStep = 2

var (
	// ErrFenced means that a push or a claim came from a node that isn't, or can't become, the receiver's master.
	ErrFenced = errors.New("fenced")
	// ErrStale means that the receiver has something newer than what it was sent.
	ErrStale = errors.New("older than what is here")
	// ErrRestarted means that the receiver's machine went down since the sender's claim; the sender has to claim again.
	ErrRestarted = errors.New("restarted since")
)

// A Holding is what a node holds: its master, and which version of config.data.
type Holding struct {
	Master string // the node it takes pushes from
	Floor  int64  // that master's claim; 0: it never made one
	Reign  string // that claim's name
	Serial int64  // of config.data; 0: none is here
	Digest string
	// Left: it had a config and was told to remove it. It can't say any more what it knew.
	Left bool
	// Torn: its disk has damaged what is here. It has forgotten for sure.
	Torn bool
	// Boot names the machine's run: it changes when the machine starts, not when the daemon does.
	Boot string
	// Rebooted: nobody has confirmed the copy since the machine started.
	Rebooted bool
}

// A Claim asks a node to take its pushes from the sender, beginning with serial Floor.
type Claim struct {
	From  string
	Floor int64
	Reign string // drawn at random for each claim: two with one floor aren't the same
}

// A Push is what the fence looks at of a new version of config.data.
type Push struct {
	From   string
	Floor  int64 // the sender's claim
	Reign  string
	Boot   string // the receiver's, as it was when it granted the claim
	Serial int64
	Digest string
}

// LowestFloor is the lowest floor of a claim that a node with this holding grants.
func (h Holding) LowestFloor() int64 { return max(h.Floor+1, h.Serial+floorStep) }

// Claim decides whether the node follows the sender from now on. A claim that was granted already is granted again.
// The errors wrap ErrFenced, and then a claim with LowestFloor or more may be granted.
func (h Holding) Claim(c Claim) error {
	if c.From == "" || c.Floor < 1 {
		return fmt.Errorf("claim of %q with floor %d: %w: a claim has a name and a floor of at least 1", c.From, c.Floor, ErrFenced)
	}
	if c == (Claim{h.Master, h.Floor, h.Reign}) || c.Floor >= h.LowestFloor() {
		return nil
	}
	return fmt.Errorf("claim of %s with floor %d: %w: this node holds %s as master (floor %d) and has serial %d; it takes a floor of %d or more",
		c.From, c.Floor, ErrFenced, h.Master, h.Floor, h.Serial, h.LowestFloor())
}

// Push decides whether the node takes a version. The caller holds the lock of the write, so that no claim is granted between
// the decision and the rename. The same version again is taken again. Errors wrap ErrFenced, ErrStale or ErrRestarted.
func (h Holding) Push(p Push) error {
	switch {
	case p.From != h.Master || p.Floor != h.Floor || p.Reign != h.Reign:
		return fmt.Errorf("push of serial %d by %s (floor %d): %w: this node holds %s as master (floor %d)",
			p.Serial, p.From, p.Floor, ErrFenced, h.Master, h.Floor)
	case p.Boot != h.Boot:
		return fmt.Errorf("push of serial %d by %s: this node %w its claim", p.Serial, p.From, ErrRestarted)
	case p.Serial == h.Serial && p.Digest == h.Digest:
		return nil
	case p.Serial <= h.Serial || p.Serial < h.Floor:
		return fmt.Errorf("push of serial %d (%.8s) by %s: %w: serial %d (%.8s), floor %d",
			p.Serial, p.Digest, p.From, ErrStale, h.Serial, h.Digest, h.Floor)
	}
	return nil
}
