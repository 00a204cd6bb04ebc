package bench

import "syscall"

// ownGroup has a process run in a group of its own, so that an interrupt from the
// terminal reaches the harness alone and that ends what it started, and killed
// when the thread that starts it ends, as it does when the harness is killed: it
// must not outlive it.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
