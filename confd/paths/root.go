package paths

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// The environment variables of Ganeti's virtual clusters.
const (
	RootEnv     = "GANETI_ROOTDIR"
	HostnameEnv = "GANETI_HOSTNAME"
)

// Errors of FromEnvironment and Virtual, for callers that tell them apart.
var (
	ErrNotAbsolute  = errors.New("the root directory must be absolute")
	ErrIncomplete   = errors.New("a virtual node needs both " + RootEnv + " and " + HostnameEnv)
	ErrNameMismatch = errors.New("the last component of the root directory must be the node's name")
	ErrBadName      = errors.New("not usable as a file's name")
)

// FromEnvironment returns the directories that the --root flag and the
// environment ask for. flag is the flag's value, empty if it was not given;
// it takes the place of GANETI_ROOTDIR and, as the two name each other, of
// GANETI_HOSTNAME unless that is set too. getenv is os.Getenv or a test's.
// An empty variable counts as unset.
func FromEnvironment(flag string, getenv func(string) string) (Dirs, error) {
	root, hostname := getenv(RootEnv), getenv(HostnameEnv)
	if flag != "" {
		if !filepath.IsAbs(flag) {
			return Dirs{}, fmt.Errorf("--root %s: %w", flag, ErrNotAbsolute)
		}
		if filepath.Clean(flag) == "/" {
			return Real(), nil
		}
		root = flag
		if hostname == "" {
			hostname = filepath.Base(flag)
		}
	}
	switch {
	case root == "" && hostname == "":
		return Real(), nil
	case root == "" || hostname == "":
		return Dirs{}, fmt.Errorf("%s=%q, %s=%q: %w", RootEnv, root, HostnameEnv, hostname, ErrIncomplete)
	}
	return Virtual(root, hostname)
}

// Real returns the directories of a machine that is one node.
func Real() Dirs { return layout("", "") }

// Virtual returns the directories of one node of a virtual cluster: root is
// the node's own directory, hostname the node's name and root's last
// component.
func Virtual(root, hostname string) (Dirs, error) {
	if !filepath.IsAbs(root) {
		return Dirs{}, fmt.Errorf("root directory %q: %w", root, ErrNotAbsolute)
	}
	if hostname == "" || strings.ContainsRune(hostname, '/') {
		return Dirs{}, fmt.Errorf("node name %q: %w", hostname, ErrBadName)
	}
	root = filepath.Clean(root)
	if filepath.Base(root) != hostname {
		return Dirs{}, fmt.Errorf("root directory %s, node name %q: %w", root, hostname, ErrNameMismatch)
	}
	return layout(root, hostname), nil
}

// Node returns the directories of another node of the same virtual cluster:
// its root lies beside this one's. On a real machine there is no such place.
func (d Dirs) Node(name string) (Dirs, error) {
	if d.Root == "" {
		return Dirs{}, fmt.Errorf("node %q: its files are on another machine", name)
	}
	return Virtual(filepath.Join(filepath.Dir(d.Root), name), name)
}

// Environment returns the variables, each as NAME=value, that make Ganeti's
// tools and daemons use these directories; none on a real machine.
func (d Dirs) Environment() []string {
	if d.Root == "" {
		return nil
	}
	return []string{RootEnv + "=" + d.Root, HostnameEnv + "=" + d.Hostname}
}
