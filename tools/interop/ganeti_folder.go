package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// The reference's own folders. All parts but the one with a whole cluster use roots of their own instead.
const (
	ganetiData = "/var/lib/ganeti"
	ganetiRun  = "/var/run/ganeti"
)

// ganetiMark is the lock of a run that uses them, and shows that what lies beside it is that run's. A run that was killed leaves it there.
// It is a folder, because gnt-cluster init refuses to start beside a file.
const ganetiMark = ganetiData + "/.gantry-interop"

// ganetiBackup holds what was in the data folder before.
const ganetiBackup = ganetiData + ".before-gantry-interop"

// A ganetiFolder is the right to use the reference's own folders.
type ganetiFolder struct{ lock *os.File }

// ganetiFolder takes the reference's folders, empty. It refuses where a cluster lives and where another run has them; other files that are
// there come back with release.
func (s *session) ganetiFolder() (*ganetiFolder, error) {
	_, err := os.Stat(ganetiMark)
	if unmarked := errors.Is(err, fs.ErrNotExist); unmarked {
		for _, sign := range []string{"ssconf_cluster_name", "server.pem"} {
			if path := filepath.Join(ganetiData, sign); fileExists(path) {
				return nil, fmt.Errorf("%s: this machine is a node of a cluster, which a run would destroy", path)
			}
		}
		if err := os.Rename(ganetiData, ganetiBackup); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("put aside what is there: %w", err)
		}
	}
	if err := os.MkdirAll(ganetiMark, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.Open(ganetiMark)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("another run uses %s: %w", ganetiData, err)
	}
	return &ganetiFolder{lock}, emptyFolders(filepath.Base(ganetiMark))
}

// emptyFolders removes everything from the data and run folders but the data folder's entry keep.
func emptyFolders(keep string) error {
	var problems []error
	for _, dir := range []string{ganetiData, ganetiRun} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, err)
		}
		for _, e := range entries {
			if dir != ganetiData || e.Name() != keep {
				problems = append(problems, os.RemoveAll(filepath.Join(dir, e.Name())))
			}
		}
	}
	return errors.Join(problems...)
}

// release removes what was put there, and brings back what was there before.
func (f *ganetiFolder) release() error {
	defer f.lock.Close()
	if err := emptyFolders(""); err != nil {
		return err
	}
	if !fileExists(ganetiBackup) {
		return nil
	}
	if err := os.Remove(ganetiData); err != nil {
		return err
	}
	return os.Rename(ganetiBackup, ganetiData)
}
