package bench

import "syscall"

// dieWithParent has a server killed when the thread that starts it ends, as it
// does when the harness is killed: it must not outlive it.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
