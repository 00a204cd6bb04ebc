package registry

import "sync/atomic"

// Stats are counts since the registry was opened, but for Held.
type Stats struct {
	Registered uint64 // registrations
	Locked     uint64 // changes that locked or unlocked a score
	Removed    uint64 // services deregistered, flushed or replaced by another address
	Expired    uint64 // services that fell to 0 because they weren't heard of
	Flapped    uint64 // services that came back after they had fallen to 0, or were down
	Held       int    // services that expired but keep their scores by [Damping], at the last look
}

type counters struct {
	registered, locked, removed, expired, flapped atomic.Uint64
	held                                          atomic.Int64
}

// Stats returns the counts.
func (r *Registry) Stats() Stats {
	return Stats{
		Registered: r.stats.registered.Load(), Locked: r.stats.locked.Load(), Removed: r.stats.removed.Load(),
		Expired: r.stats.expired.Load(), Flapped: r.stats.flapped.Load(), Held: int(r.stats.held.Load()),
	}
}

func (n *counters) count(c *Change, before, after *Record) {
	if c.registers() {
		n.registered.Add(1)
	} else {
		n.locked.Add(1)
	}
	if isDown(before) && !isDown(after) {
		n.flapped.Add(1)
	}
}

// isDown says whether a service was told to be down, or has expired.
func isDown(r *Record) bool {
	up, told := r.Tag(TagUp)
	if !told {
		return false
	}
	yes, ok := up.Truth()
	return ok && !yes
}
