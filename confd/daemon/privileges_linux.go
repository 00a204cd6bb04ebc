package daemon

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// become sets groups, group and user on all threads: package syscall does
// this for the set*id calls, x/sys/unix for the calling thread only.
func become(account Account) error {
	if err := syscall.Setgroups(account.Groups); err != nil {
		return err
	}
	if err := syscall.Setresgid(account.GID, account.GID, account.GID); err != nil {
		return err
	}
	return syscall.Setresuid(account.UID, account.UID, account.UID)
}

func canRegainRoot() bool { return syscall.Setresuid(-1, 0, -1) == nil }

// forbidNewPrivileges keeps set-user-ID programs and file capabilities from
// giving back what was dropped. A binary built with cgo (the race detector's)
// can't make the call on all threads and goes without.
func forbidNewPrivileges() error {
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
	if errno != 0 && !errors.Is(errno, syscall.ENOTSUP) {
		return errno
	}
	return nil
}
