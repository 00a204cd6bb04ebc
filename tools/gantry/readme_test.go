package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A step is one command of the README's tour, with the output that it shows.
type step struct {
	command string
	output  string // empty: whatever it may be
}

// tour returns the steps of the blocks that are marked to run.
func tour(page string) []step {
	var steps []step
	for _, block := range regexp.MustCompile("(?s)<!-- runs -->\n```console\n(.*?)```").FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				steps = append(steps, step{command: strings.TrimSuffix(command, "\n")})
				continue
			}
			steps[len(steps)-1].output += line
		}
	}
	return steps
}

// tourPatience is for all steps together; one of them puts on load for a second.
const tourPatience = time.Minute

// The README's tour works as it stands there, but for its directory and port,
// which other runs of this test must not share.
func TestReadmeTour(t *testing.T) {
	page := readDoc(t, "README.md")
	dir := t.TempDir()
	page = strings.ReplaceAll(page, "/tmp/tour", dir)
	page = strings.ReplaceAll(page, "11814", strconv.Itoa(freePort(t)))
	steps := tour(page)
	if len(steps) < 8 {
		t.Fatalf("the tour has only %d steps", len(steps))
	}
	t.Cleanup(func() { stopDaemonBelow(t, dir) })

	ctx, cancel := context.WithTimeout(t.Context(), tourPatience)
	defer cancel()
	shell := exec.CommandContext(ctx, "sh")
	shell.Env = append(os.Environ(), "PATH="+install(t)+":"+os.Getenv("PATH"))
	shell.Stdin = strings.NewReader(script(steps))
	var output bytes.Buffer
	shell.Stdout, shell.Stderr = &output, &output
	if err := shell.Run(); err != nil {
		t.Fatalf("%v; it said:\n%s", err, output.String())
	}
	parts := strings.Split(output.String(), marker+"\n")
	for i, step := range steps {
		if step.output != "" && parts[i] != step.output {
			t.Errorf("%s\nsays    %q\nREADME: %q", step.command, parts[i], step.output)
		}
	}
}

// marker ends a step's output.
const marker = "-- end of step --"

// script runs the steps in one shell, up to the first that fails.
func script(steps []step) string {
	var text strings.Builder
	text.WriteString("set -e\n")
	for _, step := range steps {
		fmt.Fprintf(&text, "%s\necho '%s'\n", step.command, marker)
	}
	return text.String()
}

// stopDaemonBelow waits until the tour's daemon has ended; it kills one that a
// failed tour left behind.
func stopDaemonBelow(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*/var/run/ganeti/*.pid"))
	if err != nil {
		t.Error(err)
	}
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			continue // it has just ended
		}
		defer file.Close()
		text, err := io.ReadAll(file)
		if err != nil {
			t.Error(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			t.Error(err)
			continue
		}
		if t.Failed() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		kill := time.AfterFunc(patience, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil { // waits
			t.Error(err)
		}
		if !kill.Stop() {
			t.Error("the tour's daemon did not end")
		}
	}
}
