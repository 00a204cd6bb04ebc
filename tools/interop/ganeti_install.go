package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// A debianPackages is what apt-get is asked for in one call, and a file that is there once it is installed.
type debianPackages struct {
	names []string
	file  string
}

// ganetiPackages are asked for in this order, and only where their file is missing: asked for all at once, apt-get gives up over
// alternatives (arping is in two packages that exclude each other; the metapackage goes for another version's recommendations).
var ganetiPackages = []debianPackages{
	{[]string{"ganeti-3.0", "ganeti-haskell-3.0"}, realConfdBinary},
	{[]string{"iproute2"}, "/usr/sbin/ip"},
	{[]string{"arping"}, "/usr/bin/arping"},
	{[]string{"ganeti"}, "/usr/sbin/gnt-cluster"},
	{[]string{"ganeti-os-noop"}, "/usr/share/ganeti/os/noop/create"},
	{[]string{"tcpdump"}, tcpdumpBinary},
	{[]string{"tshark"}, tsharkBinary},
	{[]string{"prometheus"}, promtoolBinary},
}

// installGaneti installs the reference where it isn't installed yet.
func installGaneti(ctx context.Context, log func(string, ...any)) error {
	updated := false
	for _, p := range ganetiPackages {
		if fileExists(p.file) {
			continue
		}
		log("installing %v", p.names)
		text, err := aptGet(ctx, "install", p.names)
		if err != nil && !updated {
			// The package lists may be old, or were never fetched.
			updated = true
			if text, err := aptGet(ctx, "update", nil); err != nil {
				return fmt.Errorf("apt-get update: %w\n%s", err, text)
			}
			text, err = aptGet(ctx, "install", p.names)
		}
		if err != nil {
			return fmt.Errorf("install %v: %w\n%s", p.names, err, text)
		}
		if !fileExists(p.file) {
			return fmt.Errorf("%v is installed, but there is no %s", p.names, p.file)
		}
	}
	return nil
}

func aptGet(ctx context.Context, verb string, names []string) ([]byte, error) {
	c := exec.CommandContext(ctx, "apt-get", append([]string{"-y", "-qq", "--no-install-recommends", verb}, names...)...)
	c.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	return c.CombinedOutput()
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
