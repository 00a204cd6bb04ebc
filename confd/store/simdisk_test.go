package store

import (
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"
)

var (
	errPower = errors.New("power lost")
	errDisk  = errors.New("input/output error")
)

// A simDisk is a directory in memory that forgets, when the power goes, what wasn't synced: of the names a part from the end,
// of the files what was written since their sync.
type simDisk struct {
	random *rand.Rand
	names  map[string]*simFile
	saved  map[string]*simFile // the names as they survive
	steps  []step              // on the names, since the last sync
	inodes int

	operations int         // so far
	stopAt     int         // the operation before which the power goes; 0: never
	off        bool        // every operation fails
	lies       bool        // a sync does nothing and says that all is well
	failing    int         // one in so many syncs fails; 0: none
	deadNames  atomic.Bool // every sync of the names fails
}

type simFile struct {
	inode         int
	data, durable []byte
}

// A step sets a name, or removes it if file is nil.
type step struct {
	name string
	file *simFile
}

func newSimDisk(random *rand.Rand) *simDisk {
	return &simDisk{random: random, names: map[string]*simFile{}, saved: map[string]*simFile{}}
}

// put places a file that survives everything.
func (d *simDisk) put(name string, data []byte) {
	d.inodes++
	f := &simFile{d.inodes, data, data}
	d.names[name], d.saved[name] = f, f
}

// operate counts an operation, before which the power may go.
func (d *simDisk) operate() error {
	if d.operations++; d.operations == d.stopAt {
		d.off = true
	}
	if d.off {
		return errPower
	}
	return nil
}

// restart is what a machine finds after its power was off. Without power loss nothing is forgotten.
func (d *simDisk) restart(powerLost bool) {
	d.off, d.stopAt = false, 0
	if !powerLost {
		return
	}
	for _, s := range d.steps[:d.random.IntN(len(d.steps)+1)] {
		apply(d.saved, s)
	}
	d.names, d.steps = map[string]*simFile{}, nil
	for _, name := range slices.Sorted(maps.Keys(d.saved)) { // so that a seed always does the same
		f := d.saved[name]
		if len(f.durable) < len(f.data) && d.random.IntN(4) == 0 {
			f.durable = f.data // it was written back in time
		}
		f.data = f.durable
		d.names[name] = f
	}
}

func apply(names map[string]*simFile, s step) {
	if s.file == nil {
		delete(names, s.name)
	} else {
		names[s.name] = s.file
	}
}

func (d *simDisk) set(name string, f *simFile) {
	s := step{name, f}
	apply(d.names, s)
	d.steps = append(d.steps, s)
}

func (d *simDisk) fails() bool { return d.failing > 0 && d.random.IntN(d.failing) == 0 }

func (d *simDisk) Lock() (func(), error) { return func() {}, nil }

func (d *simDisk) ReadFile(name string) ([]byte, error) {
	if d.off {
		return nil, errPower
	}
	f := d.names[name]
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return f.data, nil
}

func (d *simDisk) Identity(name string) (string, error) {
	f := d.names[name]
	switch {
	case d.off:
		return "", errPower
	case f == nil:
		return "", &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return strconv.Itoa(f.inode), nil
}

func (d *simDisk) Create(name string, _ fs.FileMode) (File, error) {
	if err := d.operate(); err != nil {
		return nil, err
	}
	if d.names[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	d.inodes++
	f := &simFile{inode: d.inodes}
	d.set(name, f)
	return openSimFile{d, f}, nil
}

func (d *simDisk) Rename(from, to string) error {
	if err := d.operate(); err != nil {
		return err
	}
	f := d.names[from]
	if f == nil {
		return fs.ErrNotExist
	}
	apply(d.names, step{from, nil})
	d.set(to, f) // both at once: the old name going is no step of its own
	return nil
}

func (d *simDisk) Remove(name string) error {
	if err := d.operate(); err != nil {
		return err
	}
	if d.names[name] == nil {
		return fs.ErrNotExist
	}
	d.set(name, nil)
	return nil
}

func (d *simDisk) Sync() error {
	if err := d.operate(); err != nil {
		return err
	}
	if d.lies {
		return nil
	}
	if d.deadNames.Load() || d.fails() {
		return errDisk
	}
	for _, s := range d.steps {
		apply(d.saved, s)
	}
	d.steps = nil
	return nil
}

type openSimFile struct {
	disk *simDisk
	file *simFile
}

func (f openSimFile) Write(data []byte) (int, error) {
	if err := f.disk.operate(); err != nil {
		f.file.data = slices.Clone(data[:len(data)/2])
		return len(data) / 2, err
	}
	f.file.data = slices.Clone(data)
	return len(data), nil
}

func (f openSimFile) Sync() error {
	if err := f.disk.operate(); err != nil {
		return err
	}
	if f.disk.lies {
		return nil
	}
	if f.disk.fails() {
		return errDisk
	}
	f.file.durable = f.file.data
	return nil
}

func (f openSimFile) Close() error { return f.disk.operate() }
