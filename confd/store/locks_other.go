//go:build !linux

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockRecord takes the kind of lock that luxid takes of the queue's file, without waiting.
func lockRecord(file *os.File) error {
	return unix.FcntlFlock(file.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
}
