package vote

import "slices"

// Stance is what one candidate said to a question.
type Stance uint8

const (
	// Silent: it hasn't answered.
	Silent Stance = iota
	// Against: it refused.
	Against
	// For: it agreed, and remembers everything that it ever agreed to.
	For
	// Unsure: it agreed, but its machine went down since and its disk may have lost what it was told to keep.
	Unsure
	// Forgot: its disk lost what it was told to keep. It counts as little as one that refuses, but it is one of the few
	// that were allowed to forget.
	Forgot
)

// Outcome is what a set of candidates decided.
type Outcome uint8

const (
	// Pending: answers that are missing can still win it.
	Pending Outcome = iota
	// Won: a majority agreed, whatever the others say.
	Won
	// Lost: no majority can come together any more.
	Lost
)

// String returns "pending", "won" or "lost".
func (o Outcome) String() string { return [...]string{"pending", "won", "lost"}[o] }

// Majority returns how many of n make a majority: any two majorities have one in common.
func Majority(n int) int { return n/2 + 1 }

// Voters is a set of master candidates, by name.
type Voters []string

// Outcome counts a set. No candidates decide nothing: an empty set is Lost.
//
// A disk that lied about a sync shows only when its machine went down, so who is Unsure counts less: each of them asks for
// one more to agree, up to a minority of the set and never more than all. So any two majorities have a candidate in common
// that remembers, as long as the disks of a minority lie.
func (v Voters) Outcome(stance func(candidate string) Stance) Outcome {
	var count [Forgot + 1]int
	for _, candidate := range v {
		count[stance(candidate)]++
	}
	sure, unsure, silent := count[For], count[Unsure], count[Silent]
	switch {
	case v.wins(sure, unsure, count[Forgot]):
		return Won
	case v.wins(sure+silent, unsure, count[Forgot]):
		return Pending
	}
	return Lost
}

func (v Voters) wins(sure, unsure, forgot int) bool {
	majority, forgetful := Majority(len(v)), max(0, (len(v)-1)/2-forgot)
	return len(v) > 0 && (sure >= majority || sure+unsure >= majority+min(forgetful, unsure))
}

// Joint is several sets that have to agree, each by itself: the old candidates and the new ones.
type Joint []Voters

// Outcome is Won when every set is, and Lost when one is. Without any set it is Lost.
func (j Joint) Outcome(stance func(candidate string) Stance) Outcome {
	if len(j) == 0 {
		return Lost
	}
	joint := Won
	for _, voters := range j {
		switch voters.Outcome(stance) {
		case Lost:
			return Lost
		case Pending:
			joint = Pending
		}
	}
	return joint
}

// Names returns every candidate of all sets once, in ascending order.
func (j Joint) Names() []string {
	var names []string
	for _, voters := range j {
		names = append(names, voters...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// With returns the sets and one more, unless it is among them already. Sets are the same in any order of their names.
func (j Joint) With(voters Voters) Joint {
	sorted := slices.Sorted(slices.Values(voters))
	for _, have := range j {
		if slices.Equal(slices.Sorted(slices.Values(have)), sorted) {
			return j
		}
	}
	return append(slices.Clip(j), sorted)
}

// Union returns the sets of both.
func (j Joint) Union(other Joint) Joint {
	for _, voters := range other {
		j = j.With(voters)
	}
	return j
}

// Equal reports whether both have the same sets.
func (j Joint) Equal(other Joint) bool {
	return len(j) == len(other) && len(j.Union(other)) == len(j)
}
