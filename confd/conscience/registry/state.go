package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// note adds an entry to the frame that is being made.
func (r *Registry) note(entry func(to []byte) []byte) {
	if r.journal != nil {
		r.changes = entry(r.changes)
	}
}

// commit ends the frame and returns a function that waits until it is durable.
func (r *Registry) commit() (wait func() error) {
	if r.journal == nil || len(r.changes) == 0 {
		return func() error { return nil }
	}
	number := r.journal.append(r.changes)
	r.changes = r.changes[:0]
	return func() error { return r.journal.sync(number) }
}

// snapshot returns a file's content that tells of everything, and takes the place of those that aren't written yet.
func (r *Registry) snapshot() ([]byte, uint64) {
	r.mu.Lock()
	var records []*Record
	for _, t := range r.sorted() {
		for _, s := range t.order {
			if s != nil {
				records = append(records, s.record.Load())
			}
		}
	}
	known := make(map[string]int64, len(r.known))
	for key, gone := range r.known {
		known[key] = gone
	}
	_, upTo := r.journal.take()
	r.mu.Unlock()

	frames := []byte(journalMagic)
	var payload []byte
	add := func(least int) {
		if len(payload) > least {
			frames = appendFrame(frames, payload)
			payload = payload[:0]
		}
	}
	for _, record := range records {
		payload = appendRecord(payload, record)
		add(snapshotFrame)
	}
	for key, gone := range known {
		payload = appendKnown(payload, key, gone)
		add(snapshotFrame)
	}
	add(0)
	return frames, upTo
}

// load reads the state file, if there is one, and makes the registry write to it.
func (r *Registry) load() error {
	lock, err := lockFile(r.options.State + ".lock")
	if err != nil {
		return err
	}
	j := &journal{path: r.options.State, snapshot: r.snapshot, create: createFile, lock: lock}
	if err := r.restore(j); err != nil {
		if j.file != nil {
			err = errors.Join(err, j.file.Close())
		}
		return errors.Join(err, lock.Close())
	}
	return nil
}

// restore reads what the file has. A torn end is kept beside it as FILE.torn, for whoever wants to know.
func (r *Registry) restore(j *journal) error {
	file, err := os.OpenFile(j.path, os.O_RDWR|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		r.journal = j
		return j.replace()
	}
	if err != nil {
		return err
	}
	j.file = file
	skipped := 0
	end, err := readFrames(file, func(payload []byte) error { return r.replay(payload, &skipped) })
	if err != nil {
		return err
	}
	if skipped > 0 {
		r.log.Warn("services of types that no configuration file names are left out", "services", skipped)
	}
	r.journal = j
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() == end {
		j.size = end
		j.limit = max(journalSlack, end*journalGrowth)
		return nil
	}
	kept := j.path + ".torn"
	if err := errors.Join(ignore(os.Remove(kept), fs.ErrNotExist), os.Link(j.path, kept)); err != nil {
		r.log.Warn("the state file's torn end can't be kept", "error", err)
	}
	r.log.Warn("the state file's end is torn, what it said is dropped", "file", j.path, "bytes", info.Size()-end, "kept", kept)
	return j.replace()
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// replay carries out the entries of a frame.
func (r *Registry) replay(payload []byte, skipped *int) error {
	d := decoder{rest: payload}
	for len(d.rest) > 0 && d.err == nil {
		switch what := d.byte(); what {
		case entrySet:
			if record := d.record(); d.err == nil && !r.restoreRecord(record) {
				*skipped++
			}
		case entryRemove:
			typeName, address, gone := d.text(), d.address(), d.signed()
			if t := r.types[typeName]; t != nil && d.err == nil {
				if s := t.records[address]; s != nil {
					key := t.Name + "|" + s.record.Load().Key()
					r.drop(t, s)
					r.know(key, gone)
				}
			}
		case entryKnown:
			if key, gone := d.text(), d.signed(); d.err == nil && gone >= r.started-int64(KnownFor/time.Second) {
				r.know(key, gone)
			}
		default:
			d.fail(fmt.Sprintf("%q begins no entry", what))
		}
	}
	if d.err != nil {
		return fmt.Errorf("%w: %w", ErrState, d.err)
	}
	return nil
}

func (r *Registry) restoreRecord(record *Record) bool {
	t := r.types[record.Type]
	if t == nil {
		return false
	}
	s := t.records[record.Address]
	if s == nil {
		s = t.insert(record.Address)
		delete(r.known, t.Name+"|"+record.Key())
	}
	r.place(t, s, record)
	t.version.Add(1)
	return true
}
