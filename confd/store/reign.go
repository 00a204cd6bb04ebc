package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gantry/confd/ssconf"
	"gantry/confd/vote"
)

var (
	// ErrDeposed means that another node leads, or that a candidate knows something newer: this store has ended and writes
	// no more.
	ErrDeposed = errors.New("no longer the master")
	// ErrConflict means that two candidates have different configs of the same serial.
	ErrConflict = errors.New("two configs with one serial")
)

// A Level is how many of the candidates must have a change before it is acknowledged.
type Level uint8

const (
	// Majority survives the loss of any minority of the candidates.
	Majority Level = iota
	// All survives the loss of all but one, and waits for the slowest.
	All
	// Local survives a crash of the master, not its loss: a failover may lose changes that were acknowledged.
	Local
)

// String returns "majority", "all" or "local".
func (l Level) String() string { return [...]string{"majority", "all", "local"}[l] }

// A version is one config.data on its way to the candidates. Nothing in it changes any more.
type version struct {
	serial int64
	digest string
	data   []byte
	ssconf map[ssconf.Key]string
	sets   vote.Joint // whose majorities it needs
}

// A member is a candidate as the master sees it.
type member struct {
	granted   bool
	grant     Grant
	grantedAt int64 // the newest serial when the grant came: a later one that is committed shows that it came in time
	acked     int64
	fault     error // of the last attempt, nil if it worked
}

// A reign is the time in which one node leads: it claims a floor at a majority, learns the newest config, brings a version of
// its own to a majority, and then one version after the other. It is a state machine without I/O and without locks: next says
// what to send to whom, and granted and pushed take the answers, in any order and number. So it is the same in the store and
// in the simulation.
type reign struct {
	me      string
	floor   int64
	name    string // drawn at random: no other reign has it
	level   Level
	rules   rules
	sets    vote.Joint // whose majorities the claim needs
	own     Grant      // what this node held before
	members map[string]*member

	base      int64    // the serial that it began with; 0 before it has begun
	current   *version // nil before it has begun
	committed int64    // the last serial that enough candidates have
	raise     int64    // a higher floor that somebody asks for
	deposed   error
}

// newReign begins to claim, given what this node holds, the candidates of its config, and the lowest floor to ask for, if it's known.
func newReign(me, name string, own Grant, candidates vote.Voters, floor int64, level Level, r rules) *reign {
	reign := &reign{me: me, name: name, level: level, rules: r, own: own, sets: own.Sets.With(candidates)}
	reign.claimAbove(max(floor, r.floor(own.Holding)))
	return reign
}

// claimAbove begins again with a higher floor. Grants of the lower one are void.
func (r *reign) claimAbove(floor int64) {
	r.floor, r.raise = floor, 0
	r.members = map[string]*member{}
}

func (r *reign) member(name string) *member {
	m := r.members[name]
	if m == nil {
		m = &member{}
		r.members[name] = m
	}
	return m
}

// names are all whom this reign talks to.
func (r *reign) names() []string {
	if r.current != nil {
		return r.current.sets.Names()
	}
	return r.sets.Names()
}

// A message is what one candidate is to be sent: one of the two.
type message struct {
	claim *vote.Claim
	push  *Push
}

// next returns what to send to a candidate, if anything.
func (r *reign) next(name string) (message, bool) {
	if r.deposed != nil || !slices.Contains(r.names(), name) {
		return message{}, false
	}
	m, v := r.member(name), r.current
	switch {
	case !m.granted:
		return message{claim: &vote.Claim{From: r.me, Floor: r.floor, Reign: r.name}}, true
	case v == nil || m.acked >= v.serial && !r.vouches(m):
		return message{}, false
	}
	return message{push: r.pushOf(name, v)}, true
}

// pushOf brings a version to a candidate that granted the claim.
func (r *reign) pushOf(name string, v *version) *Push {
	m := r.member(name)
	return &Push{
		Push: vote.Push{From: r.me, Floor: r.floor, Reign: r.name, Boot: m.grant.Boot, Serial: v.serial, Digest: v.digest},
		Sets: v.sets, Vouch: r.vouches(m), Data: v.data, Ssconf: v.ssconf,
	}
}

// vouches reports whether a candidate whose machine was down can be told that it has missed nothing: a version that was begun
// after it came back has been committed, so nobody else got a majority with what it may have forgotten.
func (r *reign) vouches(m *member) bool { return m.doubtful() && r.committed > m.grantedAt }

// doubtful: it may not know all that it should.
func (m *member) doubtful() bool { return m.grant.Rebooted || m.grant.Torn }

// wantsConfirmation reports whether a new version is needed just to vouch for somebody.
func (r *reign) wantsConfirmation() bool {
	if !r.settled() || r.current == nil {
		return false
	}
	for _, name := range r.names() {
		if m := r.member(name); m.granted && m.doubtful() && !r.vouches(m) {
			return true
		}
	}
	return false
}

// granted takes the answer to a claim.
func (r *reign) granted(name string, floor int64, g Grant, err error) {
	if floor != r.floor || r.deposed != nil {
		return // of a claim that was given up
	}
	m := r.member(name)
	m.fault = err
	switch {
	case errors.Is(err, vote.ErrFenced):
		if r.raise = max(r.raise, r.rules.floor(g.Holding)); r.current != nil {
			r.depose(err)
		}
		return
	case err != nil || m.granted && m.grant.Boot == g.Boot:
		return
	}
	if m.granted = true; r.current != nil {
		m.grantedAt = r.current.serial
		if r.committed < r.floor && g.Serial > r.base && g.Serial < r.floor {
			r.depose(fmt.Errorf("%s has serial %d, newer than the %d that this reign began with", name, g.Serial, r.base))
		}
	}
	m.grant, m.acked = g, 0
}

// pushed takes the answer to a push.
func (r *reign) pushed(name string, p *Push, err error) {
	if p.Floor != r.floor || r.deposed != nil {
		return
	}
	m := r.member(name)
	if m.grant.Boot != p.Boot {
		return // it has restarted in between
	}
	switch m.fault = err; {
	case err == nil:
		m.acked = max(m.acked, p.Serial)
		if p.Vouch {
			m.grant.Rebooted, m.grant.Torn = false, false
		}
	case errors.Is(err, vote.ErrStale) && p.Serial <= m.acked:
		m.fault = nil // it was late, and another came first
	case errors.Is(err, vote.ErrFenced), errors.Is(err, vote.ErrStale):
		r.depose(err)
	case errors.Is(err, vote.ErrRestarted):
		m.granted, m.acked = false, 0
	}
	r.settle()
}

func (r *reign) depose(why error) {
	if r.deposed == nil {
		r.deposed = fmt.Errorf("%s is %w: %w", r.me, ErrDeposed, why)
	}
}

// knows is a candidate's stance to a claim: it counts if it can tell all that it ever knew.
func (r *reign) knows(name string) vote.Stance {
	m := r.member(name)
	switch {
	case m.granted && m.grant.Torn:
		return vote.Forgot
	case !m.granted || m.grant.Left && m.grant.Serial == 0:
		return vote.Silent
	case m.grant.Rebooted:
		return vote.Unsure
	}
	return vote.For
}

// claimed returns who has the newest config of those that granted the claim, which may be this node, and whether they are
// enough.
func (r *reign) claimed() (newest vote.Ballot, granted bool, err error) {
	ballots := []vote.Ballot{ballot(r.me, r.own)}
	for _, name := range r.sets.Names() {
		if m := r.member(name); m.granted {
			ballots = append(ballots, ballot(name, m.grant))
		}
	}
	newest, forked := vote.Newest(ballots)
	if forked != nil {
		return newest, false, fmt.Errorf("serial %d: %w: those of %s and %s", newest.Serial, ErrConflict, newest.Node, forked.Node)
	}
	for _, m := range r.members {
		if m.granted && m.grant.Serial == newest.Serial {
			r.sets = r.sets.Union(m.grant.Sets)
		}
	}
	return newest, r.rules.outcome(r.sets, r.knows) == vote.Won, nil
}

func ballot(node string, g Grant) vote.Ballot {
	return vote.Ballot{Node: node, Master: g.Master, Serial: g.Serial, Digest: g.Digest, Rebooted: g.Rebooted}
}

// begin makes the first version of the reign, whose serial is the floor, from a config with serial base. Its candidates must be
// those of that config: they can be changed when a majority has followed.
func (r *reign) begin(base int64, first *version) { r.base, r.current = base, first }

// acked is a candidate's stance to the current version.
func (r *reign) acked(name string) vote.Stance {
	m := r.member(name)
	switch {
	case !m.granted || m.acked < r.current.serial:
		return vote.Silent
	case r.committed < r.floor && r.knows(name) != vote.For:
		return r.knows(name) // it can't tell whether it knew something newer than what the reign began with
	case m.doubtful():
		return vote.Unsure
	}
	return vote.For
}

// settle notes whether enough candidates have the current version.
func (r *reign) settle() {
	if r.current == nil || r.settled() {
		return
	}
	enough := false
	switch r.level {
	case Local:
		enough = r.member(r.me).acked >= r.current.serial
	case All:
		enough = !slices.ContainsFunc(r.current.sets.Names(), func(name string) bool { return r.acked(name) == vote.Silent })
	default:
		enough = r.rules.outcome(r.current.sets, r.acked) == vote.Won
	}
	if enough {
		r.committed = r.current.serial
	}
}

// include makes the claim need a majority of the newest config's candidates too, of whom this node must be one.
func (r *reign) include(candidates vote.Voters) error {
	if !slices.Contains(candidates, r.me) {
		return fmt.Errorf("%s is %w in the newest config: %s are", r.me, vote.ErrNotCandidate, strings.Join(candidates, ", "))
	}
	r.sets = r.sets.With(candidates)
	return nil
}

func (r *reign) settled() bool { return r.current != nil && r.committed >= r.current.serial }

// nextSets are the sets that a version with these candidates needs, after one that is settled.
func (r *reign) nextSets(before, candidates vote.Voters) vote.Joint {
	return r.rules.sets(vote.Joint{}.With(before), candidates)
}

// propose makes a version the current one. The last one must be settled.
func (r *reign) propose(v *version) { r.current = v }

// missing names the candidates that haven't got the current version, each with its fault.
func (r *reign) missing() string {
	var missing []string
	for _, name := range r.names() {
		m := r.member(name)
		switch {
		case m.granted && (r.current == nil || m.acked >= r.current.serial):
		case m.fault != nil:
			missing = append(missing, fmt.Sprintf("%s (%v)", name, m.fault))
		default:
			missing = append(missing, name+" (hasn't answered)")
		}
	}
	return strings.Join(missing, ", ")
}
