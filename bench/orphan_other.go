//go:build !linux

package bench

import "syscall"

// ownGroup has a process run in a group of its own. That it ends with the harness
// only Linux can see to.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
