package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A workplace is what all parts of a run share: both sides' programs, and a folder. It doesn't change once it is made.
type workplace struct {
	long   bool
	seed   uint64
	folder string // of this run, removed at its end
	module string // the folder of the sources, with what the packages keep for tests
	binary string // gantry
}

// newWorkplace gets the two sides: the peers' packages, and our binary.
func newWorkplace(ctx context.Context, o options, log func(string, ...any)) (*workplace, error) {
	if err := installGaneti(ctx, log); err != nil {
		return nil, err
	}
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "gantry").Output()
	if err != nil {
		return nil, fmt.Errorf("find the sources: %w", err)
	}
	folder, err := os.MkdirTemp("", "gantry-interop-")
	if err != nil {
		return nil, err
	}
	w := &workplace{long: o.long, seed: o.seed, folder: folder, module: strings.TrimSpace(string(module))}
	// The daemons that are tried out as other users must reach what is in it.
	if err = os.Chmod(folder, 0o755); err == nil {
		err = w.build(ctx, o.gantry, log)
	}
	if err != nil {
		w.remove()
		return nil, err
	}
	return w, nil
}

// build makes our binary, unless one is given.
func (w *workplace) build(ctx context.Context, given string, log func(string, ...any)) (err error) {
	if given != "" {
		w.binary, err = filepath.Abs(given)
		return err
	}
	w.binary = filepath.Join(w.folder, "gantry")
	log("building gantry")
	build := exec.CommandContext(ctx, "go", "build", "-o", w.binary, "gantry/tools/gantry")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build gantry: %w\n%s", err, text)
	}
	return nil
}

func (w *workplace) remove() { os.RemoveAll(w.folder) }

// temp makes an empty folder that lives as long as the run and that every user may enter.
func (w *workplace) temp() (string, error) {
	dir, err := os.MkdirTemp(w.folder, "part-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// gantry is the path of our binary.
func (w *workplace) gantry() string { return w.binary }

// testdata is a file or folder that a package of ours keeps for its tests.
func (w *workplace) testdata(path ...string) string {
	return filepath.Join(append([]string{w.module}, path...)...)
}

// times is n, or longFactor times n in a long run.
func (w *workplace) times(n int) int {
	if w.long {
		return n * longFactor
	}
	return n
}
