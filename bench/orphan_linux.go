package bench

import "syscall"

// dieWithParent has a server killed when the harness is: it must not outlive it.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
