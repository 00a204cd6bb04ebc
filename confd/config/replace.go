package config

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeBuffer saves system calls when a large file is made piece by piece.
const writeBuffer = 1 << 16

// ReplaceFile puts what write writes in the place of the file at path, which need not exist, or leaves the file as it is: a temporary file in
// the same directory is written and synced, renamed, and the directory is synced. Readers see the old file or the new one. The new one's mode
// is exactly mode; unless owner is nil it also gets that file's owner and group.
func ReplaceFile(path string, mode fs.FileMode, owner fs.FileInfo, write func(w io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".new-*")
	if unnamed := (*fs.PathError)(nil); errors.As(err, &unnamed) {
		return unnamed.Err // the temporary name says nothing to anybody
	}
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails when all went well
	if err := errors.Join(fill(f, mode, owner, write), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

// fill writes a new file and syncs it.
func fill(f *os.File, mode fs.FileMode, owner fs.FileInfo, write func(w io.Writer) error) error {
	if owner != nil {
		if err := keepOwner(f, owner); err != nil {
			return err
		}
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, writeBuffer)
	if err := write(out); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

// syncDirectory makes a rename in a directory durable.
func syncDirectory(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
