package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ErrRunning says that another process holds a PID file's lock.
var ErrRunning = errors.New("already running")

const (
	// pidFileAttempts bounds the retries when each opened file was removed
	// before it could be locked. Every retry needs another daemon to have
	// stopped in that moment.
	pidFileAttempts = 16
	// pidFileMaxBytes is more than any PID file of ours or Ganeti's holds.
	pidFileMaxBytes = 64
)

// A PIDFile is a file that holds this process's number and is locked as long
// as the process lives.
//
// Ganeti has two ways to lock it, and neither sees the other: its Haskell
// daemons take a record lock (fcntl), its Python daemons a whole-file lock
// (flock). Where the two are independent, both are held, so that neither kind
// of daemon starts beside ours, nor ours beside it.
type PIDFile struct {
	path string
	file *os.File
}

// LockPIDFile creates or takes over the PID file at path and writes this
// process's number into it, or fails with ErrRunning if a live process holds
// it. heir is the account that the process will change to, nil if it won't.
func LockPIDFile(path string, heir *Account) (*PIDFile, error) {
	for range pidFileAttempts {
		file, err := openOwn(path, os.O_RDWR, heir)
		if err != nil {
			return nil, fmt.Errorf("PID file: %w", err)
		}
		pid := &PIDFile{path: path, file: file}
		held, err := pid.lockAndWrite()
		if held {
			return pid, nil
		}
		file.Close()
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("PID file %s: removed by others %d times while it was locked", path, pidFileAttempts)
}

// lockAndWrite reports whether the lock is held on the file that path names.
// False without an error: the file was removed between opening and locking.
func (p *PIDFile) lockAndWrite() (held bool, err error) {
	if err := lockFile(p.file); err != nil {
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
			return false, fmt.Errorf("PID file %s: %w%s", p.path, ErrRunning, p.holder())
		}
		return false, fmt.Errorf("lock PID file %s: %w", p.path, err)
	}
	if !p.isCurrent() {
		return false, nil
	}
	text := strconv.Itoa(os.Getpid()) + "\n"
	if _, err := p.file.WriteAt([]byte(text), 0); err != nil {
		return false, fmt.Errorf("PID file: %w", err)
	}
	if err := p.file.Truncate(int64(len(text))); err != nil {
		return false, fmt.Errorf("PID file: %w", err)
	}
	return true, nil
}

// isCurrent tells whether path still names the file that is open.
func (p *PIDFile) isCurrent() bool {
	named, err := os.Lstat(p.path)
	if err != nil {
		return false
	}
	open, err := p.file.Stat()
	return err == nil && os.SameFile(named, open)
}

// holder names the process that the file speaks of, for a message.
func (p *PIDFile) holder() string {
	text, err := io.ReadAll(io.NewSectionReader(p.file, 0, pidFileMaxBytes))
	line, _, _ := strings.Cut(string(text), "\n")
	if pid, parseErr := strconv.Atoi(line); err == nil && parseErr == nil && pid > 0 {
		return ", process " + line
	}
	return ""
}

// Unlock removes the file and gives up its lock. The file is removed first,
// so that nobody finds it unlocked but about to go.
func (p *PIDFile) Unlock() error {
	var err error
	if p.isCurrent() {
		err = os.Remove(p.path)
	}
	return errors.Join(err, p.file.Close())
}
