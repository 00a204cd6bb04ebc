//go:build linux && cgo

package daemon

// A binary with C in it can't make system calls on all threads.
const setsNoNewPrivileges = false
