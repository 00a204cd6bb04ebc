package registry

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed is returned by changes to a registry that was closed.
var ErrClosed = errors.New("registry is closed")

// KnownFor is how long a service that is gone is remembered, so that it isn't locked when it comes back: as long as the reference's.
const KnownFor = 5 * 24 * time.Hour

// maxKnown bounds how many services that are gone are remembered; the ones that left first are forgotten.
const maxKnown = 1 << 20

// Options are how a registry is set up. The zero value keeps nothing and expires to the letter.
type Options struct {
	// State is the file that the registry is kept in; empty keeps it in memory. FILE.lock beside it is locked while the registry is open.
	State string
	// Grace is for how long after the start the services that the state file told of keep their scores without registering.
	Grace time.Duration
	// Damping keeps a mass expiry from emptying a type.
	Damping Damping
	// Log gets what an operator should know. Nil discards it.
	Log *slog.Logger
}

// A Registry holds the services of a namespace.
type Registry struct {
	config  *Config
	options Options
	log     *slog.Logger
	started int64 // seconds since 1970

	types map[string]*services
	ids   sync.Map // of lower-case keys of services to *service

	mu      sync.Mutex       // for all below, and for what services hold
	known   map[string]int64 // services that are gone, and when they went: seconds since 1970
	changes []byte           // the frame that is being made
	journal *journal         // nil if nothing is kept
	closed  bool

	stats counters
}

// services are those of one type.
type services struct {
	Type
	records map[netip.AddrPort]*service
	byID    map[string]*service
	order   []*service // by their first registration; nil where one was removed
	holes   int
	held    int // by damping, at the last look

	version   atomic.Uint64 // counts changes
	published atomic.Pointer[List]
}

// A service is what is known under an address.
type service struct {
	record   atomic.Pointer[Record]
	position int   // in order
	expired  int64 // when expiry took its scores, 0 if it has them; seconds since 1970
}

// A List is the services of a type at some time, in the order in which they first came. It is never changed.
type List struct {
	Records []*Record
	Version uint64 // grows with every change of the type's services, from 0 when the registry was opened
}

// Open makes a registry for a config and reads its state, if there is a file. Errors name the file; they wrap [ErrState] if it
// can't be used.
func Open(config *Config, options Options) (*Registry, error) {
	r := &Registry{
		config: config, options: options, log: options.Log, started: time.Now().Unix(),
		types: make(map[string]*services, len(config.Types)), known: map[string]int64{},
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	for _, t := range config.Types {
		r.types[t.Name] = &services{Type: t, records: map[netip.AddrPort]*service{}, byID: map[string]*service{}}
	}
	if options.State == "" {
		return r, nil
	}
	if err := r.load(); err != nil {
		return nil, fmt.Errorf("state file %s: %w", options.State, err)
	}
	return r, nil
}

// Close ends the registry. What was changed before is durable; changes after it fail.
func (r *Registry) Close() error {
	r.mu.Lock()
	closed := r.closed
	r.closed = true
	r.mu.Unlock()
	if closed || r.journal == nil {
		return nil
	}
	return r.journal.close()
}

// Config returns what the registry was opened with. It must not be changed.
func (r *Registry) Config() *Config { return r.config }

// Apply carries out changes: all of them, or none if one is refused. When it returns without an error, they are durable. An
// error that wraps [ErrState] means that they are done but may be lost with the next crash; other errors wrap [ErrUnknownType],
// [ErrInvalidAddress], [ErrInvalidTag], [ErrTooMany] or [ErrClosed].
func (r *Registry) Apply(changes ...Change) error {
	if len(changes) > MaxBatch {
		return fmt.Errorf("%w services at once: %d, at most %d", ErrTooMany, len(changes), MaxBatch)
	}
	for i := range changes {
		if err := changes[i].check(); err != nil {
			return err
		}
	}
	return r.change(func(now time.Time) error {
		if err := r.admit(changes); err != nil {
			return err
		}
		for i := range changes {
			r.apply(&changes[i], now)
		}
		return nil
	})
}

// Deregister forgets services. Those that aren't known are no error.
func (r *Registry) Deregister(keys ...Key) error {
	if len(keys) > MaxBatch {
		return fmt.Errorf("%w services at once: %d, at most %d", ErrTooMany, len(keys), MaxBatch)
	}
	return r.change(func(now time.Time) error {
		for _, key := range keys {
			if r.types[key.Type] == nil {
				return fmt.Errorf("%w: %.40q", ErrUnknownType, key.Type)
			}
		}
		for _, key := range keys {
			t := r.types[key.Type]
			if s := t.records[key.Address]; s != nil {
				r.remove(t, s, now)
				t.version.Add(1)
			}
		}
		return nil
	})
}

// Flush forgets all services of a type.
func (r *Registry) Flush(typeName string) error {
	return r.change(func(now time.Time) error {
		t := r.types[typeName]
		if t == nil {
			return fmt.Errorf("%w: %.40q", ErrUnknownType, typeName)
		}
		for _, s := range slices.Clone(t.order) { // removing closes holes in it
			if s != nil {
				r.remove(t, s, now)
			}
		}
		t.version.Add(1)
		return nil
	})
}

// change runs a function under the lock, and returns when what it changed is durable.
func (r *Registry) change(do func(now time.Time) error) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return ErrClosed
	}
	err := do(time.Now())
	wait := r.commit()
	r.mu.Unlock()
	if err != nil {
		return err
	}
	return wait()
}

// admit says why changes can't be applied.
func (r *Registry) admit(changes []Change) error {
	for i := range changes {
		c := &changes[i]
		t := r.types[c.Type]
		if t == nil {
			return fmt.Errorf("%w: %.40q", ErrUnknownType, c.Type)
		}
		s := t.records[c.Address]
		if s == nil {
			if len(t.records)+len(changes) > MaxRecords {
				return fmt.Errorf("%w services of type %s: at most %d", ErrTooMany, c.Type, MaxRecords)
			}
			continue
		}
		// Tags come on top of those that are there.
		old := s.record.Load()
		if fresh(old, c) {
			if err := checkSize(c.Address, old.with(c.Tags, r.config.FlushStats).Tags); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh says whether a change might make a record's tags larger: it brings a new one, or a text.
func fresh(old *Record, c *Change) bool {
	for i := range c.Tags {
		if before, found := old.Tag(c.Tags[i].Name); !found || len(c.Tags[i].Value.Text()) > len(before.Text()) {
			return true
		}
	}
	return false
}

// apply carries out one change.
func (r *Registry) apply(c *Change, now time.Time) {
	t := r.types[c.Type]
	s := t.records[c.Address]
	var old *Record
	switch {
	case s != nil:
		old = s.record.Load()
	case c.unlocks():
		return
	default:
		old = &Record{Type: t.Name, Address: c.Address, Put: Score{Value: -1}, Get: Score{Value: -1}}
	}
	record := old.with(c.Tags, r.config.FlushStats)
	record.ID = ""
	if id, ok := record.Tag(TagServiceID); ok {
		record.ID = string(id.AppendText(nil))
	}
	first := s == nil && c.registers() && t.LockAtFirstRegister && len(c.Tags) > 0 && !r.isKnown(t, record, now)
	if other := t.byID[record.ID]; record.ID != "" && other != nil && other != s {
		// The ID has moved to this address, and its locks with it.
		record.inherit(other.record.Load())
		r.remove(t, other, now)
		first = false
	}
	if len(c.Tags) > 0 {
		record.RefreshedAt = now.Unix()
	}
	t.act(record, c, first, now.UnixMicro())
	if first {
		r.log.Info("first registration of a service, it is locked", "type", t.Name, "address", c.Address, "service_id", record.ID)
	}
	if s == nil {
		s = t.insert(c.Address)
		delete(r.known, t.Name+"|"+record.Key())
	}
	if len(c.Tags) > 0 {
		s.expired = 0
	}
	r.set(t, s, record)
	t.version.Add(1)
	r.stats.count(c, old, record)
}

// inherit takes over the locks of the record that had the service's ID.
func (r *Record) inherit(from *Record) {
	r.LockedAt = from.LockedAt
	for _, pair := range [][2]*Score{{&r.Put, &from.Put}, {&r.Get, &from.Get}} {
		pair[0].Locked = pair[1].Locked
		if pair[1].Locked {
			pair[0].Value = pair[1].Value
		}
	}
}

// isKnown says whether a service that isn't registered was, in the last days.
func (r *Registry) isKnown(t *services, record *Record, now time.Time) bool {
	gone, found := r.known[t.Name+"|"+record.Key()]
	return found && now.Unix()-gone <= int64(KnownFor/time.Second)
}

func (t *services) insert(address netip.AddrPort) *service {
	s := &service{position: len(t.order)}
	t.order = append(t.order, s)
	t.records[address] = s
	return s
}

// set gives a service a new record, and notes it down.
func (r *Registry) set(t *services, s *service, record *Record) {
	r.place(t, s, record)
	r.note(func(to []byte) []byte { return appendRecord(to, record) })
}

// place puts a record where it is found.
func (r *Registry) place(t *services, s *service, record *Record) {
	old := s.record.Swap(record)
	if old == nil || old.ID != record.ID {
		if old != nil {
			r.unname(t, s, old)
		}
		if record.ID != "" {
			t.byID[record.ID] = s
		}
		r.ids.Store(strings.ToLower(record.Key()), s)
	}
}

func (r *Registry) unname(t *services, s *service, record *Record) {
	if t.byID[record.ID] == s {
		delete(t.byID, record.ID)
	}
	r.ids.CompareAndDelete(strings.ToLower(record.Key()), s)
}

// remove forgets a service, but for its name.
func (r *Registry) remove(t *services, s *service, now time.Time) {
	record := s.record.Load()
	r.drop(t, s)
	r.know(t.Name+"|"+record.Key(), now.Unix())
	r.note(func(to []byte) []byte { return appendRemoval(to, record, now.Unix()) })
	r.stats.removed.Add(1)
}

// drop takes a service out of its type.
func (r *Registry) drop(t *services, s *service) {
	record := s.record.Load()
	delete(t.records, record.Address)
	r.unname(t, s, record)
	t.order[s.position] = nil
	t.holes++
	if t.holes > len(t.order)/2 {
		t.order = slices.DeleteFunc(t.order, func(s *service) bool { return s == nil })
		for i, s := range t.order {
			s.position = i
		}
		t.holes = 0
	}
}

// know remembers a service that is gone.
func (r *Registry) know(key string, now int64) {
	if len(r.known) >= maxKnown {
		r.forget(now)
	}
	r.known[key] = now
}

// forget drops the names that are too old and, if that isn't enough, the older half.
func (r *Registry) forget(now int64) {
	times := make([]int64, 0, len(r.known))
	for _, gone := range r.known {
		times = append(times, gone)
	}
	slices.Sort(times)
	limit := max(now-int64(KnownFor/time.Second), times[len(times)/2])
	for key, gone := range r.known {
		if gone <= limit {
			delete(r.known, key)
		}
	}
}

// List returns the services of a type. It takes a lock only if something has changed since the last call.
func (r *Registry) List(typeName string) (*List, error) {
	t := r.types[typeName]
	if t == nil {
		return nil, fmt.Errorf("%w: %.40q", ErrUnknownType, typeName)
	}
	if list := t.published.Load(); list != nil && list.Version == t.version.Load() {
		return list, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	list := &List{Records: make([]*Record, 0, len(t.records)), Version: t.version.Load()}
	for _, s := range t.order {
		if s != nil {
			list.Records = append(list.Records, s.record.Load())
		}
	}
	t.published.Store(list)
	return list, nil
}

// Find returns the service at an address.
func (r *Registry) Find(key Key) (*Record, bool) {
	t := r.types[key.Type]
	if t == nil {
		return nil, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := t.records[key.Address]
	if s == nil {
		return nil, false
	}
	return s.record.Load(), true
}

// Resolve finds a service by its ID or, if it has none, by its address, in any type and in any case. It takes no lock.
func (r *Registry) Resolve(id string) (*Record, bool) {
	found, ok := r.ids.Load(strings.ToLower(id))
	if !ok {
		return nil, false
	}
	return found.(*service).record.Load(), true
}

// Types returns the types in the order of their names. They must not be changed.
func (r *Registry) Types() []Type { return r.config.Types }

// sorted returns the types' services in the order of their names.
func (r *Registry) sorted() []*services {
	all := make([]*services, 0, len(r.types))
	for _, t := range r.types {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *services) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
