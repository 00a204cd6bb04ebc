package daemon

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes both kinds of lock without waiting. The record lock belongs
// to the open file, not the process: it conflicts with Ganeti's like any
// other, and closing an unrelated descriptor of the same file doesn't lose it.
func lockFile(file *os.File) error {
	record := unix.Flock_t{Type: unix.F_WRLCK, Whence: unix.SEEK_SET}
	if err := unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, &record); err != nil {
		return err
	}
	return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
