package daemon

import (
	"os"

	"golang.org/x/sys/unix"
)

// ganetiLocks are the two ways that Ganeti's daemons lock a PID file. The
// record lock is taken for the open file, as one process can't be in its own
// way otherwise.
var ganetiLocks = map[string]func(*os.File) error{
	"flock": func(file *os.File) error { return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) },
	"record lock": func(file *os.File) error {
		return unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	},
}
