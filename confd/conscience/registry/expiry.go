package registry

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gantry/confd/conscience/score"
)

// Damping is for the case that many services fall silent at once, which is likelier the network's fault, or this host's, than
// theirs. The zero value is off: all expire.
type Damping struct {
	// Share of a type's services that may expire within Hold, between 0 and 1. Those beyond it keep their last scores, the
	// ones that were heard of last.
	Share float64
	// Hold is for how long they are kept beyond their timeout. 0 switches damping off.
	Hold time.Duration
}

// DefaultDamping and DefaultGrace are what a daemon uses unless it is told otherwise: half of a type's services stay for ten minutes, in
// which somebody can look; agents register every second, so that a minute after a start all that live have done so.
var DefaultDamping = Damping{Share: 0.5, Hold: 10 * time.Minute}

const DefaultGrace = time.Minute

// tick is how often services are looked at for expiry: as often as the reference does.
const tick = time.Second

// Run expires services until ctx is done. It returns nil then.
func (r *Registry) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			r.expireAll()
		}
	}
}

// expireAll expires what is due in all types.
func (r *Registry) expireAll() {
	held := 0
	err := r.change(func(now time.Time) error {
		for _, t := range r.sorted() {
			r.expire(t, now.Unix())
			held += t.held
		}
		return nil
	})
	r.stats.held.Store(int64(held))
	if err != nil {
		r.log.Error("expired services are not on disk", "error", err)
	}
}

// silent says whether a service wasn't heard of for too long: for more whole seconds than its type's timeout.
func (r *Registry) silent(t *services, record *Record, now int64) bool {
	timeout := int64(t.Timeout / time.Second)
	if record.RefreshedAt < r.started && now <= r.started+int64(r.options.Grace/time.Second) {
		return false
	}
	return record.RefreshedAt < now-timeout
}

// expire takes the scores of a type's services that are silent, as far as damping lets it.
func (r *Registry) expire(t *services, now int64) {
	var due []*service
	live, recent := 0, 0
	for _, s := range t.order {
		if s == nil {
			continue
		}
		record := s.record.Load()
		if s.expired != 0 && now-s.expired <= int64(r.options.Damping.Hold/time.Second) {
			recent++
		}
		if record.live() {
			live++
		}
		switch {
		case !r.silent(t, record, now):
		case record.live():
			due = append(due, s)
		case !isMarkedDown(record):
			r.silence(t, s, now)
		}
	}
	held := r.damp(t, due, live, recent, now)
	if held > 0 && t.held == 0 {
		r.log.Warn("many services fell silent at once, some keep their scores", "type", t.Name, "silent", len(due), "held", held, "of", live+recent)
	} else if held == 0 && t.held > 0 {
		r.log.Info("no services keep their scores by damping any more", "type", t.Name)
	}
	t.held = held
}

// damp expires those of the due services that may, and returns how many are left.
func (r *Registry) damp(t *services, due []*service, live, recent int, now int64) (held int) {
	allowed := len(due)
	hold := int64(r.options.Damping.Hold / time.Second)
	if hold > 0 {
		allowed = min(allowed, max(0, int(r.options.Damping.Share*float64(live+recent))-recent))
	}
	// The ones that have been silent for longest go first.
	slices.SortStableFunc(due, func(a, b *service) int {
		return cmp.Compare(a.record.Load().RefreshedAt, b.record.Load().RefreshedAt)
	})
	for i, s := range due {
		since := max(s.record.Load().RefreshedAt+int64(t.Timeout/time.Second), r.started)
		if i >= allowed && now-since <= hold {
			held++
			continue
		}
		r.silence(t, s, now)
		s.expired = now
		r.stats.expired.Add(1)
	}
	return held
}

// isMarkedDown says whether expiry would change nothing of a record without scores to take.
func isMarkedDown(r *Record) bool {
	up, told := r.Tag(TagUp)
	return told && up == score.Bool(false)
}

// silence takes a service's scores, unless they are locked, and marks it down.
func (r *Registry) silence(t *services, s *service, now int64) {
	record := s.record.Load().with([]Tag{{Name: TagUp, Value: score.Bool(false)}}, false)
	for _, sc := range []*Score{&record.Put, &record.Get} {
		if sc.Value > score.Min && !sc.Locked {
			sc.Value = score.Min
		}
	}
	r.set(t, s, record)
	t.version.Add(1)
}
