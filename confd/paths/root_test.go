package paths_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"gantry/confd/paths"

	"pgregory.net/rapid"
)

func environment(root, hostname string) func(string) string {
	return func(name string) string {
		return map[string]string{paths.RootEnv: root, paths.HostnameEnv: hostname}[name]
	}
}

func TestFromEnvironment(t *testing.T) {
	for _, test := range []struct {
		name, flag, root, hostname string
		want                       string // the data directory
		err                        error
	}{
		{name: "a real machine", want: "/var/lib/ganeti"},
		{name: "a virtual node", root: "/srv/v/node1", hostname: "node1", want: "/srv/v/node1/var/lib/ganeti"},
		{name: "the root is cleaned", root: "/srv//v/../v/node1/", hostname: "node1", want: "/srv/v/node1/var/lib/ganeti"},
		{name: "a root without a name", root: "/srv/v/node1", err: paths.ErrIncomplete},
		{name: "a name without a root", hostname: "node1", err: paths.ErrIncomplete},
		{name: "a relative root", root: "v/node1", hostname: "node1", err: paths.ErrNotAbsolute},
		{name: "a root that is another node's", root: "/srv/v/node2", hostname: "node1", err: paths.ErrNameMismatch},
		{name: "a name with a slash", root: "/srv/v/node1", hostname: "v/node1", err: paths.ErrBadName},
		{name: "the machine's root as a virtual one", root: "/", hostname: "node1", err: paths.ErrNameMismatch},
		{name: "the flag names the node", flag: "/srv/v/node1", want: "/srv/v/node1/var/lib/ganeti"},
		{name: "the flag before the variable", flag: "/srv/v/node1", root: "/srv/v/node2", want: "/srv/v/node1/var/lib/ganeti"},
		{name: "the flag against the variables' name", flag: "/srv/v/node1", root: "/srv/v/node2", hostname: "node2", err: paths.ErrNameMismatch},
		{name: "a relative flag", flag: "v/node1", err: paths.ErrNotAbsolute},
		{name: "the flag asks for the real machine", flag: "/", root: "/srv/v/node2", hostname: "node2", want: "/var/lib/ganeti"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dirs, err := paths.FromEnvironment(test.flag, environment(test.root, test.hostname))
			if !errors.Is(err, test.err) || (err != nil) != (test.err != nil) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if dirs.Data != test.want {
				t.Errorf("data in %q, want %q", dirs.Data, test.want)
			}
		})
	}
}

// Ganeti's tools, told these variables, look where we do.
func TestEnvironmentLeadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z0-9][a-z0-9.-]{0,20}[a-z0-9]`).Draw(t, "name")
		other := rapid.StringMatching(`[a-z0-9][a-z0-9.-]{0,20}[a-z0-9]`).Draw(t, "other")
		base := "/" + strings.Join(rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,8}`), 1, 4).Draw(t, "base"), "/")
		dirs, err := paths.Virtual(filepath.Join(base, name), name)
		if err != nil {
			t.Fatal(err)
		}
		again, err := paths.FromEnvironment("", func(variable string) string {
			for _, setting := range dirs.Environment() {
				if value, ok := strings.CutPrefix(setting, variable+"="); ok {
					return value
				}
			}
			return ""
		})
		if err != nil || again != dirs {
			t.Errorf("from its own environment: %+v (%v), want %+v", again, err, dirs)
		}
		neighbour, err := dirs.Node(other)
		if err != nil || neighbour.Root != filepath.Join(base, other) || neighbour.Hostname != other {
			t.Errorf("node %s: %+v (%v)", other, neighbour, err)
		}
	})
}

func TestRealMachineHasNoNeighbours(t *testing.T) {
	if dirs, err := paths.Real().Node("node2"); err == nil {
		t.Errorf("another machine's files at %q", dirs.Root)
	}
	if environment := paths.Real().Environment(); environment != nil {
		t.Errorf("environment %q, want none", environment)
	}
}
