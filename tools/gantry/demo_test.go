package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	code, stdout, stderr := call(t, "gantry", "demo")
	if code != 0 || stderr != "" || !strings.Contains(stdout, "All of it worked") {
		t.Errorf("exit code %d, it said\n%s%s", code, stdout, stderr)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("it left %q behind, %v", left, err)
	}
}

// A demo that doesn't work says which step didn't, and fails.
func TestDemoThatFails(t *testing.T) {
	dir := t.TempDir()
	// The temporary folder's name makes a node's log directory impossible.
	t.Setenv("TMPDIR", filepath.Join(dir, "missing"))
	if code, _, stderr := call(t, "gantry", "demo"); code != 1 || !strings.HasPrefix(stderr, "gantry: demo: ") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, it said %q", code, stderr)
	}
}

func TestDaemonThatDiesEndsTheDemo(t *testing.T) {
	dirs := newNode(t)
	if err := os.Remove(dirs.HMACKey()); err != nil {
		t.Fatal(err)
	}
	d, err := startDemoDaemon(dirs)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.waitReady(t.Context(), true); err == nil {
		t.Error("it became ready without a key")
	}
	if words := d.lastWords(); !strings.Contains(words, "gantry: key file: open "+dirs.HMACKey()) {
		t.Errorf("its last words were %q", words)
	}
}
