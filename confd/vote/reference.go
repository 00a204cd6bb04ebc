package vote

import (
	"cmp"
	"slices"
)

// A Count is how many nodes voted for a master.
type Count struct {
	Master string // empty: nobody; in the rules before 2.16 also the nodes that didn't answer
	Votes  int
}

// Gather counts as GatherMasterVotes does since 2.16: nodes that didn't answer aren't counted at all, nodes that name nobody
// are. The most votes come first; among equals, who was named first in the order of the ballots.
func Gather(ballots []Ballot) []Count {
	var counts []Count
	for _, b := range ballots {
		if b.Answered() {
			counts = add(counts, b.Master)
		}
	}
	slices.SortStableFunc(counts, func(a, b Count) int { return cmp.Compare(b.Votes, a.Votes) })
	return counts
}

func add(counts []Count, master string) []Count {
	i := slices.IndexFunc(counts, func(c Count) bool { return c.Master == master })
	if i < 0 {
		return append(counts, Count{master, 1})
	}
	counts[i].Votes++
	return counts
}

// Healthy is MajorityHealthy: whether more than half of the nodes named a master, whichever.
func Healthy(nodes int, counts []Count) bool {
	named := 0
	for _, c := range counts {
		if c.Master != "" {
			named += c.Votes
		}
	}
	return 2*named > nodes
}

// Verdict is what an agreement came to.
type Verdict uint8

const (
	// Refused: another is master, or this node can't win any more.
	Refused Verdict = iota
	// Agreed: this node may lead.
	Agreed
	// Again: too many didn't answer; ask again in ten seconds, six times at most.
	Again
)

// String returns "refused", "agreed" or "again".
func (v Verdict) String() string { return [...]string{"refused", "agreed", "again"}[v] }

// Agreement is the rule by which the daemons of 2.12 and later take up the master's role: more than half of all nodes, this
// one included, must name it. Offline nodes count.
func Agreement(me string, ballots []Ballot) Verdict {
	favour, unknown := 0, 0
	for _, b := range ballots {
		switch {
		case !b.Answered():
			unknown++
		case b.Master == me:
			favour++
		}
	}
	switch {
	case 2*favour > len(ballots):
		return Agreed
	case 2*(favour+unknown) > len(ballots):
		return Again
	}
	return Refused
}

// AgreementBefore211 is the rule of the master daemon of 2.0 to 2.10, given the ballots of all nodes but this one: the name
// with the most votes must be its own and have at least half of them. Nodes that don't answer count as a vote for nobody,
// and a tie is decided by the name that sorts last, nobody sorting first.
func AgreementBefore211(me string, others []Ballot) Verdict {
	if len(others) == 0 {
		return Agreed
	}
	var counts []Count
	for _, b := range others {
		if !b.Answered() {
			b.Master = ""
		}
		counts = add(counts, b.Master)
	}
	top := slices.MaxFunc(counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Votes, b.Votes), cmp.Compare(a.Master, b.Master))
	})
	switch {
	case top.Master == "":
		return Again
	case top.Master != me || 2*top.Votes < len(others):
		return Refused
	}
	return Agreed
}
