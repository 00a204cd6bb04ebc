//go:build !linux

package daemon

import (
	"os"

	"golang.org/x/sys/unix"
)

// ganetiLocks are the ways that Ganeti's daemons lock a PID file.
var ganetiLocks = map[string]func(*os.File) error{
	"flock": func(file *os.File) error { return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) },
}
