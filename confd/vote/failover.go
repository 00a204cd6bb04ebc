package vote

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The reasons for which a failover is refused, for errors.Is.
var (
	// ErrIsMaster: the node is the master already.
	ErrIsMaster = errors.New("already the master")
	// ErrNotCandidate: the node isn't a master candidate.
	ErrNotCandidate = errors.New("not a master candidate")
	// ErrOtherMaster: the nodes follow another master than the one that this node knows.
	ErrOtherMaster = errors.New("the nodes follow another master")
	// ErrNoMajority: no majority of the master candidates says which config it has.
	ErrNoMajority = errors.New("no majority of the master candidates")
	// ErrNotNewest: a candidate has a newer config.
	ErrNotNewest = errors.New("not the newest config")
	// ErrForked: two candidates have different configs of the same serial.
	ErrForked = errors.New("two configs with one serial")
)

// A Case is a failover to be decided.
type Case struct {
	Me         string
	OldMaster  string   // as this node knows it
	Candidates Joint    // as this node's config has them; more than one set while they change
	Ballots    []Ballot // of all nodes, this one included, in the order of the config

	NoVoting     bool  // lead without asking whom the others follow and what they have
	AcceptSerial int64 // lead with this serial though newer ones, or too few, were seen; 0: don't
	FetchNewest  bool  // the newest config may be fetched from whoever has it
}

// A Plan is how a failover goes on.
type Plan struct {
	FetchFrom string   // the node whose config has to be fetched first; empty: this node's own is the newest
	Serial    int64    // of the config to lead with
	Warnings  []string // what may be lost
}

// Failover decides, in the reference's order and beyond it: is it the master already, is it a candidate, do the nodes follow
// the master that it knows (offline ones are asked too; silence isn't counted), and has it the newest config that a
// majority of the candidates knows. A refusal is one line that names each node's vote and serial, and wraps its reason.
func Failover(c Case) (Plan, error) {
	switch {
	case c.Me == c.OldMaster:
		return Plan{}, fmt.Errorf("%s is %w; run this on the node that is to become the master", c.Me, ErrIsMaster)
	case !slices.Contains(c.Candidates.Names(), c.Me):
		return Plan{}, fmt.Errorf("%s is %w; only these can become the master: %s", c.Me, ErrNotCandidate,
			strings.Join(slices.DeleteFunc(c.Candidates.Names(), func(name string) bool { return name == c.OldMaster }), ", "))
	}
	mine := c.ballot(c.Me)
	if mine.Serial == 0 {
		return Plan{}, fmt.Errorf("%s can't lead: it has no config: %s", c.Me, mine)
	}
	if c.NoVoting {
		return Plan{Serial: mine.Serial, Warnings: []string{fmt.Sprintf("leading with serial %d without a vote: "+
			"changes that only other candidates have are lost, and another master may be at work", mine.Serial)}}, nil
	}
	if counts := Gather(c.Ballots); len(counts) > 0 && counts[0].Master != c.OldMaster {
		return Plan{}, c.refuse(ErrOtherMaster, fmt.Sprintf("this node believes that the master is %s, most others follow %q; "+
			"resync this node's configuration", c.OldMaster, counts[0].Master))
	}
	return c.newest(mine)
}

func (c Case) ballot(node string) Ballot {
	for _, b := range c.Ballots {
		if b.Node == node {
			return b
		}
	}
	return Ballot{Node: node, Fault: "not asked"}
}

// candidates returns the candidates' ballots.
func (c Case) candidates() []Ballot {
	names := c.Candidates.Names()
	ballots := make([]Ballot, len(names))
	for i, name := range names {
		ballots[i] = c.ballot(name)
	}
	return ballots
}

func (c Case) newest(mine Ballot) (Plan, error) {
	seen := c.candidates()
	newest, forked := Newest(seen)
	accepted := c.AcceptSerial != 0 && c.AcceptSerial == mine.Serial
	plan := Plan{Serial: mine.Serial}
	if outcome := c.Candidates.Outcome(func(name string) Stance { return c.ballot(name).Stance() }); outcome != Won {
		if !accepted {
			return Plan{}, c.refuse(ErrNoMajority, c.shortage())
		}
		plan.warn("leading with serial %d without a majority: changes that only silent candidates have are lost", mine.Serial)
	}
	switch {
	case forked != nil && !accepted:
		return Plan{}, c.refuse(ErrForked, fmt.Sprintf("%s and %s differ; find out which is right and lead from a node that has it, with --accept-serial %d",
			newest.Node, forked.Node, newest.Serial))
	case newest.Serial > mine.Serial && accepted:
		plan.warn("leading with serial %d: the changes up to serial %d, which %s has, are lost", mine.Serial, newest.Serial, newest.Node)
	case newest.Serial > mine.Serial && c.FetchNewest:
		plan.Serial, plan.FetchFrom = newest.Serial, newest.Node
	case newest.Serial > mine.Serial:
		return Plan{}, c.refuse(ErrNotNewest, fmt.Sprintf("%s has serial %d, this node %d; --fetch-newest gets it first",
			newest.Node, newest.Serial, mine.Serial))
	case forked != nil:
		plan.warn("leading with this node's serial %d: what another candidate has under the same serial is lost", mine.Serial)
	}
	return plan, nil
}

func (p *Plan) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

// shortage says how many are missing, and what to do.
func (c Case) shortage() string {
	var needs []string
	two := false
	for _, voters := range c.Candidates {
		have := 0
		for _, name := range voters {
			if s := c.ballot(name).Stance(); s == For || s == Unsure {
				have++
			}
		}
		needs = append(needs, fmt.Sprintf("%d of %d have told which config they have, %d are needed", have, len(voters), Majority(len(voters))))
		two = two || len(voters) == 2
	}
	text := strings.Join(needs, "; ")
	if slices.ContainsFunc(c.candidates(), func(b Ballot) bool { return b.Rebooted }) {
		text += ", one more for each whose machine was down since it was confirmed"
	}
	if two {
		text += "; of two candidates both are needed, so the way out when one is lost is to make sure that it stays down"
	} else {
		text += "; bring them back"
	}
	return text + fmt.Sprintf(", or say with --accept-serial %d that this node's config is the right one", c.ballot(c.Me).Serial)
}

// refuse names each node's vote and serial.
func (c Case) refuse(reason error, detail string) error {
	return fmt.Errorf("%s can't become the master: %w: %s (%s)", c.Me, reason, detail, tell(c.Ballots))
}

// Newest returns the ballot with the highest serial, of several the first; forked is one with the same serial and another
// digest, nil if there is none. Without any config the ballot's serial is 0.
func Newest(ballots []Ballot) (newest Ballot, forked *Ballot) {
	for _, b := range ballots {
		if !b.Answered() {
			continue
		}
		switch {
		case b.Serial > newest.Serial:
			newest, forked = b, nil
		case b.Serial == newest.Serial && b.Serial > 0 && b.Digest != newest.Digest && forked == nil:
			other := b
			forked = &other
		}
	}
	return newest, forked
}
