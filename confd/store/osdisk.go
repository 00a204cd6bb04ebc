package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// directory is the Disk of a real directory.
type directory struct {
	path     string
	lockPath string
	gid      int
}

// Directory returns the disk of a data directory. The file at lockPath is locked while a copy is written; all processes of a
// node name the same one. Files are created for the group gid, which may read config.data; -1 keeps the process's own.
func Directory(path, lockPath string, gid int) Disk { return &directory{path, lockPath, gid} }

func (d *directory) at(name string) string { return filepath.Join(d.path, name) }

func (d *directory) Lock() (func(), error) {
	file, err := os.OpenFile(d.lockPath, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the copy: %w", err)
	}
	for {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("locking %s: %w", d.lockPath, err)
	}
	return func() { file.Close() }, nil
}

func (d *directory) ReadFile(name string) ([]byte, error) { return os.ReadFile(d.at(name)) }

func (d *directory) Identity(name string) (string, error) {
	var stat unix.Stat_t
	if err := unix.Stat(d.at(name), &stat); err != nil {
		return "", &fs.PathError{Op: "stat", Path: d.at(name), Err: err}
	}
	return fmt.Sprint(stat.Dev, stat.Ino, stat.Size, stat.Mtim.Sec, stat.Mtim.Nsec, stat.Ctim.Nsec), nil
}

func (d *directory) Create(name string, mode fs.FileMode) (File, error) {
	file, err := os.OpenFile(d.at(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	err = file.Chmod(mode) // whatever the umask
	if err == nil && d.gid >= 0 {
		err = file.Chown(-1, d.gid)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(d.at(name)))
	}
	return file, nil
}

func (d *directory) Rename(from, to string) error { return os.Rename(d.at(from), d.at(to)) }

func (d *directory) Remove(name string) error { return os.Remove(d.at(name)) }

func (d *directory) Sync() error {
	file, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
