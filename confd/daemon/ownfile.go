package daemon

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ownFileMode is the mode of PID and log files where they don't exist: their
// owner's alone, as Ganeti's ensure-dirs sets it.
const ownFileMode = 0o600

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
