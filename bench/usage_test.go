package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestProcessorTimeIsThatOfAProcessAndItsDescendants(t *testing.T) {
	proc := t.TempDir()
	for pid, p := range map[int]struct {
		name         string
		parent       int
		user, system int
	}{
		1: {"init", 0, 9000, 9000},
		7: {"nsd: (main) 1 2", 1, 100, 50}, // a name may look like fields
		8: {"server", 7, 1000, 500},
		9: {"child", 8, 1, 2},
		5: {"other", 1, 700, 700},
	} {
		line := fmt.Sprintf("%d (%s) S %d 7 7 0 -1 4194560 1 2 3 4 %d %d 0 0 20 0 1 0\n", pid, p.name, p.parent, p.user, p.system)
		dir := filepath.Join(proc, fmt.Sprint(pid))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "stat"), []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := processorTimeBelow(proc, 7)
	if want := (processorTime{11.01, 5.52}); err != nil || got != want {
		t.Errorf("used %v, %v; want %v", got, err, want)
	}
	if _, err := processorTimeBelow(proc, 6); err == nil {
		t.Error("a process that is gone has used something")
	}
}

func TestProcessorTimeOfNonsenseIsAnError(t *testing.T) {
	for _, text := range []string{"", "1 name S", "1 (name) S 1", "x (name) S 1 1 1 0 0 0 0 0 0 0 1 1", ") ( S"} {
		if _, _, _, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
