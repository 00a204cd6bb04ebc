package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gantry/confd/daemon"
	"gantry/confd/paths"
)

// writers are the daemons that write the configuration or the job queue: the master daemon up to Ganeti 2.11, and those that
// took its place. Whoever leads holds the PID files of all, so that none of them starts meanwhile.
var writers = []string{"ganeti-masterd", "ganeti-luxid", "ganeti-wconfd"}

const (
	queueLockMode = 0o640
	// queueLockAttempts bounds the retries when the file goes between opening and locking: luxid removes it when it ends.
	queueLockAttempts = 16
)

// Locks are what keeps Ganeti's own daemons from writing beside a store.
type Locks struct {
	files []*daemon.PIDFile
	queue *os.File
	path  string // of queue
}

// LockDaemons takes the locks of the real ganeti-masterd, ganeti-luxid and ganeti-wconfd, all or none. The error names the
// file that another process has locked and wraps daemon.ErrRunning. heir is the account that the process will change to, nil
// if it won't.
func LockDaemons(dirs paths.Dirs, heir *daemon.Account) (*Locks, error) {
	l := &Locks{path: filepath.Join(dirs.Queue, "lock")}
	for _, name := range writers {
		file, err := daemon.LockPIDFile(dirs.PIDFile(name), heir)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s may write the configuration: %w; stop it first", name, err), l.Unlock())
		}
		l.files = append(l.files, file)
	}
	if err := l.lockQueue(); err != nil {
		return nil, errors.Join(err, l.Unlock())
	}
	return l, nil
}

func (l *Locks) lockQueue() error {
	for range queueLockAttempts {
		file, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, queueLockMode)
		if err != nil {
			return fmt.Errorf("locking the job queue: %w", err)
		}
		if err := lockRecord(file); err != nil {
			file.Close()
			return fmt.Errorf("job queue %s: %w: %w; stop ganeti-luxid first", l.path, daemon.ErrRunning, err)
		}
		if named, err := os.Stat(l.path); err == nil {
			if open, err := file.Stat(); err == nil && os.SameFile(named, open) {
				l.queue = file
				return nil
			}
		}
		file.Close()
	}
	return fmt.Errorf("job queue %s: removed by others %d times while it was locked", l.path, queueLockAttempts)
}

// Unlock gives all locks up. The store must have ended.
func (l *Locks) Unlock() error {
	var errs []error
	if l.queue != nil {
		errs = append(errs, l.queue.Close())
	}
	for _, file := range l.files {
		errs = append(errs, file.Unlock())
	}
	l.files, l.queue = nil, nil
	return errors.Join(errs...)
}
