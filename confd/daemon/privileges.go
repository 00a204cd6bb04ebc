package daemon

import (
	"errors"
	"fmt"
	"os"
)

// privileges is what a start does about the user that it runs as.
type privileges int

const (
	keepUnchecked privileges = iota // --no-user-checks: stay whoever we are
	keepAccount                     // already the daemon's user
	dropToAccount                   // root: become the daemon's user
)

// ErrWrongUser says that a daemon was started by a user that is neither its
// own nor root.
var ErrWrongUser = errors.New("started using wrong user ID")

// decidePrivileges is the decision alone, so that every case can be tested
// without being root. lookup is called only if the answer depends on it.
func decidePrivileges(identity Identity, euid int, unchecked bool, lookup func(user, group string) (Account, error)) (privileges, Account, error) {
	if unchecked {
		return keepUnchecked, Account{}, nil
	}
	account, err := lookup(identity.User, identity.Group)
	switch {
	case err != nil:
		return keepUnchecked, Account{}, err
	case account.UID == euid:
		return keepAccount, account, nil
	case euid == 0:
		return dropToAccount, account, nil
	}
	return keepUnchecked, Account{}, fmt.Errorf("%w (%d), expected %d (%s)", ErrWrongUser, euid, account.UID, account.User)
}

// apply makes the decision true for every thread of the process, for good.
func (p privileges) apply(account Account) error {
	if p == dropToAccount {
		if err := become(account); err != nil {
			return fmt.Errorf("become user %s: %w", account.User, err)
		}
		if uid, gid := os.Geteuid(), os.Getegid(); uid != account.UID || gid != account.GID {
			return fmt.Errorf("become user %s: still user %d, group %d", account.User, uid, gid)
		}
		if canRegainRoot() {
			return fmt.Errorf("become user %s: root could be had back", account.User)
		}
	}
	if p == keepUnchecked {
		return nil // a daemon that stays root runs programs that may need more rights
	}
	if err := forbidNewPrivileges(); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	return nil
}
