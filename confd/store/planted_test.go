package store

import (
	"errors"
	"testing"

	"gantry/confd/vote"
)

// plantedSeeds bounds how long a planted bug may stay unseen. All of these are found within a part of it.
const plantedSeeds = 2000

// half takes half of the candidates for a majority.
func half(sets vote.Joint, stance func(string) vote.Stance) vote.Outcome {
	for _, voters := range sets {
		count := 0
		for _, name := range voters {
			if s := stance(name); s == vote.For || s == vote.Unsure {
				count++
			}
		}
		if 2*count < len(voters) {
			return vote.Pending
		}
	}
	return vote.Won
}

// believing takes every candidate that agrees at its word.
func believing(sets vote.Joint, stance func(string) vote.Stance) vote.Outcome {
	return sets.Outcome(func(name string) vote.Stance {
		if s := stance(name); s == vote.Unsure {
			return vote.For
		} else {
			return s
		}
	})
}

// unless takes a decision without the refusals of one kind.
func unless(decide func(vote.Holding, vote.Push) error, kind error) func(vote.Holding, vote.Push) error {
	return func(h vote.Holding, p vote.Push) error {
		if err := decide(h, p); !errors.Is(err, kind) {
			return err
		}
		return nil
	}
}

// A forgetful disk never syncs.
func forgetful(n *simNode) { n.disk.lies = true }

// plantedBugs are mistakes that the simulation has to find. A sound store survives the same plan without them.
var plantedBugs = []struct {
	name string
	seed uint64 // where the search begins: one that was seen to find it
	plan plan
}{
	{"nothing is synced", 0, plan{nodes: 3, disk: forgetful}},
	{"half is taken for a majority", 11, plan{nodes: 4, rules: func(r *rules) { r.outcome = half }}},
	{"nobody has to agree", 4, plan{rules: func(r *rules) {
		r.outcome = func(vote.Joint, func(string) vote.Stance) vote.Outcome { return vote.Won }
	}}},
	{"fencing is off", 0, plan{rules: func(r *rules) { r.push = unless(r.push, vote.ErrFenced) }}},
	{"a stale serial is accepted", 457, plan{rules: func(r *rules) { r.push = unless(r.push, vote.ErrStale) }}},
	{"the old set's majority is forgotten", 941, plan{nodes: 5, reconfig: true, rules: func(r *rules) {
		r.sets = func(_ vote.Joint, candidates vote.Voters) vote.Joint { return vote.Joint{}.With(candidates) }
	}}},
	{"a claim is granted whatever its floor", 7, plan{rules: func(r *rules) {
		r.claim = func(vote.Holding, vote.Claim) error { return nil }
	}}},
	{"the floor is the next serial", 37, plan{rules: func(r *rules) {
		r.floor = func(h vote.Holding) int64 { return max(h.Floor+1, h.Serial+1) }
		r.claim = func(h vote.Holding, c vote.Claim) error {
			if c == (vote.Claim{From: h.Master, Floor: h.Floor, Reign: h.Reign}) || c.Floor >= r.floor(h) {
				return nil
			}
			return vote.ErrFenced
		}
	}}},
	{"a new master goes on with its own config", 0, plan{rules: func(r *rules) {
		r.behind = func(int64, int64) bool { return false }
	}}},
	{"a machine that was down is believed to remember", 783, plan{liars: true, rules: func(r *rules) { r.outcome = believing }}},
	{"a claim outlives the restart of the machine", 229, plan{liars: true, rules: func(r *rules) {
		r.push = unless(r.push, vote.ErrRestarted)
	}}},
	{"a change is acknowledged when the master has it", 5, plan{level: Local}},
}

func TestPlantedBugsAreFound(t *testing.T) {
	for _, bug := range plantedBugs {
		t.Run(bug.name, func(t *testing.T) {
			for seed := bug.seed; seed < bug.seed+plantedSeeds; seed++ {
				if _, err := simulate(seed, bug.plan, nil); err != nil && !errors.Is(err, errNoMaster) {
					t.Logf("seed %d: %v", seed, err)
					return
				}
			}
			t.Errorf("not found in %d seeds", plantedSeeds)
		})
	}
}
