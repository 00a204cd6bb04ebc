package daemon

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func write(t *testing.T, f *logFile, line string) {
	t.Helper()
	if _, err := f.Write([]byte(line)); err != nil {
		t.Fatal(err)
	}
}

func expectContent(t *testing.T, path, want string) {
	t.Helper()
	if text, err := os.ReadFile(path); err != nil || string(text) != want {
		t.Errorf("%s holds %q, %v; want %q", filepath.Base(path), text, err, want)
	}
}

func TestLogFileFollowsItsName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daemon.log")
	clock := time.Unix(1e9, 0)
	f, err := openLogFile(path, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.now = func() time.Time { return clock }
	f.checked = clock

	write(t, f, "first\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, f, "second\n")
	if exists(path) {
		t.Error("it looked for a rotation before its time")
	}
	clock = clock.Add(rotationCheck)
	write(t, f, "third\n")
	expectContent(t, path+".1", "first\nsecond\n")
	expectContent(t, path, "third\n")

	if err := os.Rename(path, path+".2"); err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(); err != nil {
		t.Fatal(err)
	}
	write(t, f, "fourth\n")
	expectContent(t, path+".2", "third\n")
	expectContent(t, path, "fourth\n")
}

// A log that can't be opened anew is no reason to lose lines.
func TestLogFileGoesOnWithTheOldFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "daemon.log")
	f, err := openLogFile(path, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Rename(dir, dir+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(); err == nil {
		t.Error("reopened in a directory that isn't there")
	}
	f.now = func() time.Time { return time.Now().Add(rotationCheck) }
	write(t, f, "still here\n")
	expectContent(t, filepath.Join(dir+".moved", "daemon.log"), "still here\n")
}

func TestClosedLogFileRefusesLines(t *testing.T) {
	f, err := openLogFile(filepath.Join(t.TempDir(), "daemon.log"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("late\n")); err == nil {
		t.Error("it took a line")
	}
	if err := f.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}
