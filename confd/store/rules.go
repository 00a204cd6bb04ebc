package store

import "gantry/confd/vote"

// rules are the decisions that everything's safety stands on. They are values, so that tests can plant a wrong one and see
// that the simulation finds it; the product has soundRules and no other.
type rules struct {
	claim   func(vote.Holding, vote.Claim) error
	push    func(vote.Holding, vote.Push) error
	floor   func(vote.Holding) int64 // the lowest that a claim may have
	outcome func(vote.Joint, func(string) vote.Stance) vote.Outcome
	// sets are those whose majorities a version needs, given the sets that the version before it leaves behind and its own
	// candidates.
	sets func(committed vote.Joint, candidates vote.Voters) vote.Joint
	// behind reports whether a new master that has one serial, and saw another, has to get that one first.
	behind func(own, newest int64) bool
}

func soundRules() rules {
	return rules{
		claim:   vote.Holding.Claim,
		push:    vote.Holding.Push,
		floor:   vote.Holding.LowestFloor,
		outcome: vote.Joint.Outcome,
		sets:    vote.Joint.With,
		behind:  func(own, newest int64) bool { return newest > own },
	}
}
