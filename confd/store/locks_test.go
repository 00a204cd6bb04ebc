package store

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gantry/confd/daemon"
	"gantry/confd/paths"
)

// lockHelper makes a process of this test binary take a lock as Ganeti's daemons do: its value is the file. It says whether
// it got it, and keeps it until its input ends.
const lockHelper = "GANTRY_TEST_LOCK_HELPER"

func TestMain(m *testing.M) {
	if path := os.Getenv(lockHelper); path != "" {
		holdLikeHaskell(path)
		return
	}
	os.Exit(m.Run())
}

// holdLikeHaskell takes a record lock that belongs to the process.
func holdLikeHaskell(path string) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = unix.FcntlFlock(file.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	}
	fmt.Println(err)
	bufio.NewReader(os.Stdin).ReadString('\n')
	file.Close()
}

// other starts a process that wants a lock, and returns what it got, and what ends it.
func other(t *testing.T, path string) (got string, end func()) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), lockHelper+"="+path)
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), func() {
		input.Close()
		command.Wait()
	}
}

func lockedFiles(t *testing.T) (paths.Dirs, []string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "node1.example.com")
	dirs, err := paths.Virtual(root, "node1.example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{dirs.Run, dirs.Queue} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files := []string{filepath.Join(dirs.Queue, "lock")}
	for _, name := range writers {
		files = append(files, dirs.PIDFile(name))
	}
	return dirs, files
}

func TestGanetisDaemonsKeepTheStoreOut(t *testing.T) {
	dirs, files := lockedFiles(t)
	for _, file := range files {
		got, end := other(t, file)
		if got != "<nil>" {
			t.Fatalf("%s: the other process got %s", file, got)
		}
		locks, err := LockDaemons(dirs, nil)
		if !errors.Is(err, daemon.ErrRunning) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s is held by another: got %v", file, err)
		}
		if locks != nil {
			locks.Unlock()
		}
		end()
	}
	locks, err := LockDaemons(dirs, nil)
	if err != nil {
		t.Fatalf("nobody holds a lock any more: %v", err)
	}
	if err := locks.Unlock(); err != nil {
		t.Error(err)
	}
}

func TestTheStoreKeepsGanetisDaemonsOut(t *testing.T) {
	dirs, files := lockedFiles(t)
	locks, err := LockDaemons(dirs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		got, end := other(t, file)
		if got == "<nil>" {
			t.Errorf("another process got the lock of %s", file)
		}
		end()
	}
	if err := locks.Unlock(); err != nil {
		t.Error(err)
	}
	for _, file := range files {
		if got, end := other(t, file); got != "<nil>" {
			t.Errorf("%s is still locked: %s", file, got)
		} else {
			end()
		}
	}
}
