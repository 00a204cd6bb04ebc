package balancer

import (
	"fmt"
	"math/bits"
	"slices"
	"sort"

	"gantry/confd/conscience/score"
)

// attempts is how many draws are made before the forbidden services are counted out. Most draws are allowed unless constraints are
// tight: then counting is cheaper than drawing on.
const attempts = 8

// A Source gives 64 random bits. One source belongs to one goroutine at a time, unless it says otherwise: math/rand/v2's *Rand is one.
type Source interface{ Uint64() uint64 }

// Constraints narrow a poll down.
type Constraints struct {
	Avoid []score.Location // no service may stand at one of these
	Known []score.Location // services that are chosen already: they take the places of targets, and new ones keep away from them
	// ForceFair makes the pool's fair limits strict. FairFirst tries that, and then polls without.
	ForceFair, FairFirst bool
}

// A TooManyKnownError says that nothing is left to choose.
type TooManyKnownError struct{ Known, Targets int }

func (e *TooManyKnownError) Error() string {
	return fmt.Sprintf("too many locations already known (%d), maximum %d locations for this storage policy", e.Known, e.Targets)
}

// An UnsatisfiableError says which target no service was found for. Its text is the reference's.
type UnsatisfiableError struct {
	Slot        string // the target's first
	Polled      int    // services found before
	Wanted      int    // targets that aren't known
	Known       int
	InSlot      int // services in the target's first slot
	MinDistance int
	Fair        bool // whether the limits are the fair ones
	Limits      Limits
}

func (e *UnsatisfiableError) Error() string {
	mode := "strict"
	if e.Fair {
		mode = "fair"
	}
	return fmt.Sprintf("no service polled from [%s], %d/%d services polled, %d known services, %d services in slot, min_dist=%d, %s_location_constraint=%s",
		e.Slot, e.Polled, e.Wanted, e.Known, e.InSlot, e.MinDistance, mode, e.Limits)
}

// Poll chooses a service for each of the pool's targets that no known one satisfies, in the order of the targets, and appends them to
// chosen. flawed means that the choice is good enough, but not what the pool wishes for: a service came from a fallback slot, stands
// no further from another than the pool's WarnDistance, or exceeds a fair limit. Errors are a [*TooManyKnownError] or
// an [*UnsatisfiableError].
func (w *World) Poll(source Source, pool *Pool, constraints Constraints, chosen []*Item) (_ []*Item, flawed bool, err error) {
	if constraints.FairFirst && !constraints.ForceFair && pool.Fair[0] != 0 {
		fair := constraints
		fair.ForceFair = true
		if ideal, flawed, err := w.poll(source, pool, &fair, chosen); err == nil {
			return ideal, flawed, nil
		}
	}
	return w.poll(source, pool, &constraints, chosen)
}

func (w *World) poll(source Source, pool *Pool, constraints *Constraints, chosen []*Item) ([]*Item, bool, error) {
	if len(constraints.Known) >= len(pool.targets) {
		return chosen, false, &TooManyKnownError{Known: len(constraints.Known), Targets: len(pool.targets)}
	}
	p := picker{pool: pool, avoid: constraints.Avoid, limits: pool.Strict, farthest: min(w.maxDistance, pool.MaxDistance)}
	if constraints.ForceFair {
		p.limits = pool.Fair
	}
	// Space for the usual poll, so that it allocates nothing.
	var taken [32]score.Location
	var unmatched [32]int
	p.taken = append(taken[:0], constraints.Known...)
	open := unmatched[:0]
	var known []score.Location
	if len(constraints.Known) > 0 {
		known = slices.Clone(constraints.Known)
	}
	for i := range pool.targets {
		if !w.satisfied(&pool.targets[i], &known, true) {
			open = append(open, i)
		}
	}
	start, polled := len(chosen), 0
	for k, number := range open {
		t := &pool.targets[number]
		if !w.satisfied(t, &known, false) {
			s, i := p.choose(source, w, t)
			if s == nil {
				return chosen[:start], false, &UnsatisfiableError{
					Slot: t.slots[0], Polled: polled, Wanted: len(pool.targets) - len(constraints.Known), Known: len(constraints.Known),
					InSlot: w.Len(t.slots[0]), MinDistance: pool.MinDistance, Fair: constraints.ForceFair, Limits: p.limits,
				}
			}
			chosen = append(chosen, s.items[i])
			if k < len(open)-1 || pool.WarnDistance > 0 { // somebody will ask
				p.taken = append(p.taken, s.locations[i])
			}
		}
		polled++
	}
	return chosen, p.flawed || p.tooNear(len(constraints.Known)), nil
}

// satisfied says whether a known location is in the target's slot, and takes it from the known ones. At first only the target's first
// slot counts, but also services that can't be chosen; later it is the other way round.
func (w *World) satisfied(t *target, known *[]score.Location, first bool) bool {
	if len(*known) == 0 {
		return false
	}
	if t.slots[0] == AnySlot {
		*known = (*known)[1:]
		return true
	}
	names := t.slots
	if first {
		names = names[:1]
	}
	for _, name := range names {
		s := w.slots[name]
		if s == nil {
			continue
		}
		for i, location := range *known {
			if s.has(location, first) {
				*known = slices.Delete(*known, i, i+1)
				return true
			}
		}
	}
	return false
}

// A picker is the state of a poll. The source and the world aren't part of it, so that it can stay on the stack.
type picker struct {
	pool     *Pool
	limits   Limits
	farthest int // the distance that is tried first
	avoid    []score.Location
	taken    []score.Location // known, then chosen
	flawed   bool
}

// choose finds a service for a target: as far as possible from the others, then from the first possible slot. It returns the slot, nil if
// there is none, and the service's number in it.
func (p *picker) choose(source Source, w *World, t *target) (*slot, int) {
	for distance := p.farthest; distance >= p.pool.MinDistance; distance-- {
		for i, name := range t.slots {
			s := w.slots[name]
			if s == nil || len(s.items) == 0 {
				continue
			}
			if number := p.pick(source, s, p.reachable(s, t, distance)); number >= 0 {
				p.flawed = p.flawed || i > 0 || p.pool.Fair != (Limits{}) && p.unfair(s.locations[number])
				return s, number
			}
		}
	}
	return nil, 0
}

// reachable shortens a distance that can't be kept since there are fewer areas than services wanted: the limits spread these then.
func (p *picker) reachable(s *slot, t *target, distance int) int {
	if distance > 1 && t.similar > s.areas[distance-1] {
		return max(distance-1, p.pool.MinDistance)
	}
	return distance
}

// pick draws the number of an allowed service from a slot; -1 if there is none.
func (p *picker) pick(source Source, s *slot, distance int) int {
	for range attempts {
		if i := s.draw(source); p.free() || p.allows(s, s.locations[i], distance) {
			return i
		}
	}
	return p.pickAllowed(source, s, distance)
}

// draw returns the number of an item, each with its weight's share. The shares are off by less than one in 2^64 divided by the
// number of items and the sum of their weights: by one in a billion for ten thousand services.
func (s *slot) draw(source Source) int {
	number, rest := bits.Mul64(source.Uint64(), uint64(len(s.cells)))
	within, _ := bits.Mul64(rest, s.total())
	if c := s.cells[number]; within >= uint64(c.threshold) {
		return int(c.alias)
	}
	return int(number)
}

// free says that any service may be chosen: then its location needn't be fetched from memory.
func (p *picker) free() bool { return len(p.avoid) == 0 && len(p.taken) == 0 }

// allows says whether a service may be chosen for where it stands.
func (p *picker) allows(s *slot, location score.Location, distance int) bool {
	if slices.Contains(p.avoid, location) {
		return false
	}
	var counts [score.Levels]int
	for _, other := range p.taken {
		apart := score.Distance(location, other)
		if apart < distance {
			return false
		}
		for level := apart; level < score.Levels; level++ {
			counts[level]++
		}
	}
	for level := 1; level < score.Levels; level++ {
		if counts[level] > 0 && counts[level] >= p.limit(s, location, level) {
			return false
		}
	}
	return true
}

// limit is how many services of a location's area at a level may be chosen.
func (p *picker) limit(s *slot, location score.Location, level int) int {
	if limit := p.limits[level]; limit != 0 {
		return int(limit)
	}
	from, to := s.area(location, level)
	if from == to {
		return len(p.pool.targets) // nothing to choose there
	}
	return 1 + (len(p.pool.targets)-1)/(len(s.items)/(to-from))
}

// A run is items that stand beside each other: from is the first one's number, to the number behind the last.
type run struct{ from, to int }

// pickAllowed draws among the allowed services only: their weights are those of all, less those of the runs that are forbidden.
func (p *picker) pickAllowed(source Source, s *slot, distance int) int {
	var space [32]run
	runs := p.forbid(space[:0], s, distance)
	allowed := s.total()
	for _, r := range runs {
		allowed -= s.cumulative[r.to] - s.cumulative[r.from]
	}
	if allowed == 0 {
		return -1
	}
	at, _ := bits.Mul64(source.Uint64(), allowed)
	for _, r := range runs {
		if at < s.cumulative[r.from] {
			break
		}
		at += s.cumulative[r.to] - s.cumulative[r.from]
	}
	return sort.Search(len(s.items), func(i int) bool { return s.cumulative[i+1] > at })
}

// forbid appends the runs of items that may not be chosen, in order and apart from each other.
func (p *picker) forbid(runs []run, s *slot, distance int) []run {
	for _, location := range p.avoid {
		runs = s.forbid(runs, location, 0)
	}
	for _, location := range p.taken {
		runs = s.forbid(runs, location, distance-1)
		for level := distance; level < score.Levels; level++ {
			if p.count(location, level) >= p.limit(s, location, level) {
				runs = s.forbid(runs, location, level)
			}
		}
	}
	slices.SortFunc(runs, func(a, b run) int { return a.from - b.from })
	merged := runs[:0]
	for _, r := range runs {
		if n := len(merged); n > 0 && r.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, r.to)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// forbid appends the run of the items in a location's area, if there are any.
func (s *slot) forbid(runs []run, location score.Location, level int) []run {
	if from, to := s.area(location, level); from < to {
		return append(runs, run{from, to})
	}
	return runs
}

// count is how many taken locations are in an area.
func (p *picker) count(location score.Location, level int) (n int) {
	for _, other := range p.taken {
		if other.Area(level) == location.Area(level) {
			n++
		}
	}
	return n
}

// unfair says whether one more service at a location exceeds a fair limit.
func (p *picker) unfair(location score.Location) bool {
	for level := 1; level < score.Levels; level++ {
		if limit := int(p.pool.Fair[level]); limit != 0 && p.count(location, level)+1 > limit {
			return true
		}
	}
	return false
}

// tooNear says whether a chosen service is no further from any other than the pool warns of.
func (p *picker) tooNear(known int) bool {
	if p.pool.WarnDistance == 0 {
		return false
	}
	for i := known; i < len(p.taken); i++ {
		nearest := p.farthest
		for k, other := range p.taken {
			if k != i {
				nearest = min(nearest, score.Distance(p.taken[i], other))
			}
		}
		if nearest <= p.pool.WarnDistance {
			return true
		}
	}
	return false
}
