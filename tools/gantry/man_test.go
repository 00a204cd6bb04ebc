package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestManPage(t *testing.T) {
	code, page, _ := call(t, "gantry", "man", "version")
	if code != 0 || !strings.Contains(page, `.TH "GANTRY-VERSION" "1"`) || !strings.Contains(page, "json") {
		t.Errorf("exit %d, %q", code, page)
	}
	if _, page, _ := call(t, "gantry", "man"); !strings.Contains(page, `.TH "GANTRY" "1"`) {
		t.Errorf("%q", page)
	}
}

// Every command has a page, and says in a line what it is for.
func TestManPagesOfAllCommands(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	if code, _, stderr := call(t, "gantry", "man", "--output", dir); code != 0 {
		t.Fatal(stderr)
	}
	var walk func(*cobra.Command)
	walk = func(command *cobra.Command) {
		if !command.IsAvailableCommand() && command.HasParent() {
			return
		}
		name := strings.ReplaceAll(command.CommandPath(), " ", "-") + ".1"
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
		if command.Short == "" {
			t.Errorf("%s says nothing of itself", command.CommandPath())
		}
		for _, child := range command.Commands() {
			walk(child)
		}
	}
	walk(newRootCommand())
}
