package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockRecord takes the kind of lock that luxid takes of the queue's file, without waiting. It belongs to the open file, so
// that closing another descriptor of the same file doesn't lose it.
func lockRecord(file *os.File) error {
	return unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
}
