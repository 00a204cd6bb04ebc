package daemon

import (
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strconv"
)

// An Account is the user and the groups that a daemon runs as.
type Account struct {
	User, Group string
	UID, GID    int
	Groups      []int // supplementary groups, GID among them
}

// ErrNoAccount says that the machine has no such user or group.
var ErrNoAccount = errors.New("no such user or group on this machine")

// LookupAccount finds a user, its group and the supplementary groups that
// login would give it. The static binary reads /etc/passwd and /etc/group
// only, where Ganeti's packages create their users.
func LookupAccount(userName, groupName string) (Account, error) {
	found, err := user.Lookup(userName)
	if err != nil {
		return Account{}, accountError("user", userName, err)
	}
	group, err := user.LookupGroup(groupName)
	if err != nil {
		return Account{}, accountError("group", groupName, err)
	}
	names, err := found.GroupIds()
	if err != nil {
		return Account{}, fmt.Errorf("groups of user %s: %w", userName, err)
	}
	account := Account{User: userName, Group: groupName}
	if account.UID, err = strconv.Atoi(found.Uid); err != nil {
		return Account{}, fmt.Errorf("user %s: number %q: %w", userName, found.Uid, err)
	}
	if account.GID, err = strconv.Atoi(group.Gid); err != nil {
		return Account{}, fmt.Errorf("group %s: number %q: %w", groupName, group.Gid, err)
	}
	account.Groups = []int{account.GID}
	for _, name := range names {
		gid, err := strconv.Atoi(name)
		if err != nil {
			return Account{}, fmt.Errorf("groups of user %s: number %q: %w", userName, name, err)
		}
		if !slices.Contains(account.Groups, gid) {
			account.Groups = append(account.Groups, gid)
		}
	}
	return account, nil
}

func accountError(kind, name string, err error) error {
	var noUser user.UnknownUserError
	var noGroup user.UnknownGroupError
	if errors.As(err, &noUser) || errors.As(err, &noGroup) {
		return fmt.Errorf("%s %s: %w; install Ganeti's packages or give --no-user-checks", kind, name, ErrNoAccount)
	}
	return fmt.Errorf("%s %s: %w", kind, name, err)
}
