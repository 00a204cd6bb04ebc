package vote

import (
	"fmt"
	"strings"
)

// A Ballot is what one node answered when it was asked whom it follows and which config it has.
type Ballot struct {
	Node   string
	Fault  string // why it didn't answer; empty if it did
	Master string // the node that it holds as master; may be empty, which the reference counts as a vote for nobody
	Serial int64  // of its config.data; 0: it has none
	Digest string // of its config.data, as the store makes it; equal exactly if the files are
	// Rebooted: its machine went down and no master has confirmed its copy since.
	Rebooted bool
}

// Answered reports whether the node answered at all.
func (b Ballot) Answered() bool { return b.Fault == "" }

// Stance is how the node counts among those who say what the newest config is.
func (b Ballot) Stance() Stance {
	switch {
	case !b.Answered() || b.Serial == 0:
		return Against
	case b.Rebooted:
		return Unsure
	}
	return For
}

// String tells it in the words that refusals use: "node2 votes node1, has serial 12 (9f86d081)".
func (b Ballot) String() string {
	var text strings.Builder
	switch {
	case !b.Answered():
		return b.Node + " doesn't answer: " + b.Fault
	case b.Master == "":
		fmt.Fprintf(&text, "%s votes nobody", b.Node)
	default:
		fmt.Fprintf(&text, "%s votes %s", b.Node, b.Master)
	}
	if b.Serial == 0 {
		text.WriteString(", has no config")
	} else {
		fmt.Fprintf(&text, ", has serial %d (%.8s)", b.Serial, b.Digest)
	}
	if b.Rebooted {
		text.WriteString(", was down since it was last confirmed")
	}
	return text.String()
}

// tell lists ballots for a message.
func tell(ballots []Ballot) string {
	texts := make([]string, len(ballots))
	for i, b := range ballots {
		texts[i] = b.String()
	}
	return strings.Join(texts, "; ")
}
