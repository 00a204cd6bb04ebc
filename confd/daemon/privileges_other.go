//go:build !linux

package daemon

import "syscall"

// become sets groups, group and user. Started by root, setuid and setgid set
// the real, effective and saved number alike.
func become(account Account) error {
	if err := syscall.Setgroups(account.Groups); err != nil {
		return err
	}
	if err := syscall.Setgid(account.GID); err != nil {
		return err
	}
	return syscall.Setuid(account.UID)
}

func canRegainRoot() bool { return syscall.Setuid(0) == nil }

// forbidNewPrivileges has no counterpart outside Linux.
func forbidNewPrivileges() error { return nil }
