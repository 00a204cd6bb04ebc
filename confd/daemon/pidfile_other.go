//go:build !linux

package daemon

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes a whole-file lock without waiting. On the BSDs one kind of
// lock conflicts with the other, even within a process, so one is enough.
func lockFile(file *os.File) error {
	return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
