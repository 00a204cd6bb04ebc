package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	// ownFileMode is the mode of PID and log files where they don't exist:
	// their owner's alone, as Ganeti's ensure-dirs sets it.
	ownFileMode = 0o600
	// Modes of directories that are made where they are missing: anybody may
	// see which daemons run, but not read their logs. Ganeti's ensure-dirs
	// gives them its own owners and modes when it runs.
	runDirMode    = 0o755
	logDirMode    = 0o750
	parentDirMode = 0o755
)

// makeDirs makes the directories that a daemon writes into, where they are
// missing: a virtual node's at first, /var/run's after each boot.
func makeDirs(o *Options, heir *Account) error {
	if o.Syslog != SyslogOnly {
		if err := makeDir(o.Dirs.Log, logDirMode, heir); err != nil {
			return fmt.Errorf("log directory: %w", err)
		}
	}
	if err := makeDir(o.Dirs.Run, runDirMode, heir); err != nil {
		return fmt.Errorf("run directory: %w", err)
	}
	return nil
}

// makeDir makes one directory and its parents. The last is the heir's if there
// is one. One that exists is left as it is.
func makeDir(path string, mode os.FileMode, heir *Account) error {
	err := os.Mkdir(path, mode)
	if errors.Is(err, os.ErrNotExist) && filepath.Dir(path) != path {
		if err := makeDir(filepath.Dir(path), parentDirMode, nil); err != nil {
			return err
		}
		err = os.Mkdir(path, mode)
	}
	switch {
	case errors.Is(err, os.ErrExist):
		return nil
	case err != nil:
		return err
	}
	if heir != nil {
		if err := os.Lchown(path, heir.UID, heir.GID); err != nil {
			return err
		}
	}
	return os.Chmod(path, mode) // whatever the umask left of it
}

// errSuspiciousFile says that root was about to follow a trap.
var errSuspiciousFile = errors.New("not a plain file of the daemon's own")

// openOwn opens, and creates where it is missing, a file that belongs to the
// daemon. heir is the account that will use it once root is given up, nil if
// the user doesn't change. The directories of PID and log files may be written
// by all of Ganeti's users: as root, this neither follows a link nor opens nor
// gives away a file of anybody else's.
func openOwn(path string, flags int, heir *Account) (*os.File, error) {
	flags |= os.O_CREATE | syscall.O_CLOEXEC | syscall.O_NOCTTY
	if heir == nil {
		return os.OpenFile(path, flags, ownFileMode)
	}
	file, err := os.OpenFile(path, flags|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, ownFileMode)
	if err != nil {
		return nil, err
	}
	if err := bequeath(file, heir); err != nil {
		file.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return file, nil
}

// bequeath makes a plain file that root has open the heir's, if it isn't.
func bequeath(file *os.File, heir *Account) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() || status.Nlink > 1 {
		return errSuspiciousFile
	}
	give, err := mayBequeath(int(status.Uid), os.Geteuid(), heir)
	if give {
		return file.Chown(heir.UID, heir.GID)
	}
	return err
}

// mayBequeath decides whether a file of owner's is to be given to the heir.
func mayBequeath(owner, euid int, heir *Account) (give bool, err error) {
	switch owner {
	case heir.UID:
		return false, nil
	case euid:
		return true, nil
	}
	return false, fmt.Errorf("%w: it belongs to user %d, expected %d (%s)", errSuspiciousFile, owner, heir.UID, heir.User)
}
