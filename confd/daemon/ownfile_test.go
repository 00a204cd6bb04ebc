package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// reachable lets every user through to a directory of the test's.
func reachable(t *testing.T, dir string) {
	t.Helper()
	for dir := dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func ownerOf(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// The directories of PID and log files belong to all of Ganeti's users. What
// one of them leaves there must not lead root astray.
func TestOpenOwnFollowsNoTrap(t *testing.T) {
	heir := me(t)
	for _, test := range []struct {
		name string
		trap func(path, victim string) error
		want error
	}{
		{"a link", func(path, victim string) error { return os.Symlink(victim, path) }, syscall.ELOOP},
		{"a second name of a file", func(path, victim string) error { return os.Link(victim, path) }, errSuspiciousFile},
		{"a pipe", func(path, _ string) error { return syscall.Mkfifo(path, 0o600) }, errSuspiciousFile},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path, victim := filepath.Join(dir, "file"), filepath.Join(dir, "victim")
			if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := test.trap(path, victim); err != nil {
				t.Fatal(err)
			}
			if file, err := openOwn(path, os.O_RDWR, &heir); !errors.Is(err, test.want) {
				file.Close()
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestOpenOwnKeepsWhatIsThere(t *testing.T) {
	heir := me(t)
	for name, heir := range map[string]*Account{"to be given": &heir, "to be kept": nil} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte("old\n"), 0o640); err != nil {
				t.Fatal(err)
			}
			file, err := openOwn(path, os.O_WRONLY|os.O_APPEND, heir)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if _, err := file.WriteString("new\n"); err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(path); err != nil || string(text) != "old\nnew\n" {
				t.Errorf("it holds %q, %v", text, err)
			}
		})
	}
}

func TestMayBequeath(t *testing.T) {
	heir := &Account{User: "gnt-confd", UID: 105}
	for _, test := range []struct {
		name        string
		owner, euid int
		give        bool
		err         error
	}{
		{"the heir's own", 105, 0, false, nil},
		{"what root just made", 0, 0, true, nil},
		{"a third user's", 106, 0, false, errSuspiciousFile},
		{"the heir reopening its own", 105, 105, false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			give, err := mayBequeath(test.owner, test.euid, heir)
			if give != test.give || !errors.Is(err, test.err) {
				t.Errorf("%v, %v; want %v, %v", give, err, test.give, test.err)
			}
		})
	}
}
