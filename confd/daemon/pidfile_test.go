package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

func TestPIDFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daemon.pid")
	// A file that a daemon left behind when it was killed.
	if err := os.WriteFile(path, []byte("123456789\n123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pid, err := LockPIDFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	own := strconv.Itoa(os.Getpid())
	if text, err := os.ReadFile(path); err != nil || string(text) != own+"\n" {
		t.Errorf("it holds %q, %v", text, err)
	}
	second, err := LockPIDFile(path, nil)
	if !errors.Is(err, ErrRunning) {
		t.Errorf("locked a second time: %v, %v", second, err)
	} else if want := "PID file " + path + ": already running, process " + own; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if err := pid.Unlock(); err != nil {
		t.Fatal(err)
	}
	if exists(path) {
		t.Error("it is still there")
	}
	third, err := LockPIDFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := third.Unlock(); err != nil {
		t.Error(err)
	}
}

// Ganeti's Python daemons lock the whole file, its Haskell daemons a record of
// it. Neither may start beside ours.
func TestPIDFileKeepsGanetiOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daemon.pid")
	pid, err := LockPIDFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pid.Unlock(); err != nil {
			t.Error(err)
		}
	}()
	for name, lock := range ganetiLocks {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := lock(file); !errors.Is(err, syscall.EAGAIN) {
			t.Errorf("%s: error %v, want %v", name, err, syscall.EAGAIN)
		}
		file.Close()
	}
}

func TestPIDFileYieldsToGaneti(t *testing.T) {
	for name, lock := range ganetiLocks {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "daemon.pid")
			holder, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer holder.Close()
			if _, err := holder.WriteString("4711\n"); err != nil {
				t.Fatal(err)
			}
			if err := lock(holder); err != nil {
				t.Fatal(err)
			}
			if _, err := LockPIDFile(path, nil); !errors.Is(err, ErrRunning) {
				t.Errorf("error %v, want %v", err, ErrRunning)
			}
			if text, err := os.ReadFile(path); err != nil || string(text) != "4711\n" {
				t.Errorf("the holder's file now holds %q, %v", text, err)
			}
		})
	}
}

// A daemon that stops removes its file while the next one waits for the lock.
// The next one must not end up with a lock on a file that nobody can find.
func TestLockOfARemovedFileDoesNotCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daemon.pid")
	file, err := openOwn(path, os.O_RDWR, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	late := &PIDFile{path: path, file: file}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if held, err := late.lockAndWrite(); held || err != nil {
		t.Errorf("held %v, error %v; want neither", held, err)
	}
	winner, err := LockPIDFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	// And the late one must not remove the winner's file.
	if err := late.Unlock(); err != nil {
		t.Error(err)
	}
	if !exists(path) {
		t.Error("the winner's file is gone")
	}
	if err := winner.Unlock(); err != nil {
		t.Error(err)
	}
}

func TestUnusablePIDFile(t *testing.T) {
	if _, err := LockPIDFile(filepath.Join(t.TempDir(), "missing", "daemon.pid"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want %v", err, os.ErrNotExist)
	}
}
