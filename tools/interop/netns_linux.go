package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// enterNetwork puts the calling thread into a network namespace.
func enterNetwork(namespace *os.File) error {
	return os.NewSyscallError("setns", unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET))
}
