package daemon

import (
	"errors"
	"os"
	"os/user"
	"slices"
	"strings"
	"testing"
)

func TestDecidePrivileges(t *testing.T) {
	lookup := func(userName, groupName string) (Account, error) {
		if userName != "gnt-confd" || groupName != "gnt-confd" {
			return Account{}, ErrNoAccount
		}
		return Account{User: userName, Group: groupName, UID: 105, GID: 108}, nil
	}
	missing := Identity{Name: "ganeti-confd", User: "nobody-at-all", Group: "nobody-at-all"}
	for _, test := range []struct {
		name      string
		identity  Identity
		euid      int
		unchecked bool
		want      privileges
		err       error
		message   string
	}{
		{name: "root becomes the daemon's user", identity: Confd, euid: 0, want: dropToAccount},
		{name: "the daemon's user stays", identity: Confd, euid: 105, want: keepAccount},
		{name: "anybody else is refused", identity: Confd, euid: 1000, err: ErrWrongUser, message: "started using wrong user ID (1000), expected 105 (gnt-confd)"},
		{name: "anybody unchecked stays", identity: Confd, euid: 1000, unchecked: true, want: keepUnchecked},
		{name: "root unchecked stays root", identity: Confd, euid: 0, unchecked: true, want: keepUnchecked},
		{name: "root without such a user", identity: missing, euid: 0, err: ErrNoAccount},
		{name: "unchecked, no user is looked for", identity: missing, euid: 0, unchecked: true, want: keepUnchecked},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, account, err := decidePrivileges(test.identity, test.euid, test.unchecked, lookup)
			if got != test.want || !errors.Is(err, test.err) || (err != nil) != (test.err != nil) {
				t.Errorf("%v, %v; want %v, %v", got, err, test.want, test.err)
			}
			if test.message != "" && err.Error() != test.message {
				t.Errorf("error %q, want %q", err, test.message)
			}
			if got != keepUnchecked && account.UID != 105 {
				t.Errorf("account %+v", account)
			}
		})
	}
}

func TestLookupAccount(t *testing.T) {
	account := me(t)
	if account.UID != os.Geteuid() || !slices.Contains(account.Groups, account.GID) {
		t.Errorf("this user is %+v", account)
	}
	for _, name := range [][2]string{{"nobody-at-all", account.Group}, {account.User, "nobody-at-all"}} {
		_, err := LookupAccount(name[0], name[1])
		if !errors.Is(err, ErrNoAccount) || !strings.Contains(err.Error(), "nobody-at-all") {
			t.Errorf("user %s, group %s: error %v", name[0], name[1], err)
		}
	}
}

// otherUser is an account to change to: run by root, one without rights; run
// by anybody else, there is none, and the daemon has to stay who it is.
func otherUser(t *testing.T) Account {
	t.Helper()
	if os.Geteuid() != 0 {
		return me(t)
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(nobody.Gid)
	if err != nil {
		t.Fatal(err)
	}
	account, err := LookupAccount(nobody.Username, group.Name)
	if err != nil {
		t.Fatal(err)
	}
	return account
}

func TestDaemonRunsAsItsUser(t *testing.T) {
	account := otherUser(t)
	for _, foreground := range []bool{true, false} {
		t.Run(map[bool]string{true: "foreground", false: "detached"}[foreground], func(t *testing.T) {
			r := newRecipe(t, "serve")
			r.Options.NoUserChecks = false
			r.Options.Identity.User, r.Options.Identity.Group = account.User, account.Group
			for _, dir := range []string{r.Options.Dirs.Run, r.Options.Dirs.Log} {
				if err := os.Remove(dir); err != nil { // the daemon makes its own
					t.Fatal(err)
				}
			}
			reachable(t, r.Options.Dirs.Root)
			if foreground {
				r.run(t).expect("the daemon answers")
			} else {
				defer r.stopDetached(t, r.startDetached(t))
			}
			seen := r.readReport(t)
			if seen.UID != account.UID || seen.GID != account.GID {
				t.Errorf("it runs as user %d, group %d; want %+v", seen.UID, seen.GID, account)
			}
			if os.Geteuid() == 0 && !sameSet(seen.Groups, account.Groups) {
				t.Errorf("its groups are %d, want %d", seen.Groups, account.Groups)
			}
			for _, path := range []string{r.pidFile(), r.logFile(), r.Options.Dirs.Run, r.Options.Dirs.Log} {
				if owner := ownerOf(t, path); owner != account.UID {
					t.Errorf("%s belongs to user %d, want %d", path, owner, account.UID)
				}
			}
		})
	}
}

func sameSet(a, b []int) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}
