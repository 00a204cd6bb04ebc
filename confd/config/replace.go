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
// is exactly mode. prepare, unless it is nil, is given the file while it is empty and only its owner may read it.
func ReplaceFile(path string, mode fs.FileMode, prepare func(f *os.File) error, write func(w io.Writer) error) (err error) {
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
	if err := errors.Join(fill(f, mode, prepare, write), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

// fill writes a new file and syncs it.
func fill(f *os.File, mode fs.FileMode, prepare func(f *os.File) error, write func(w io.Writer) error) error {
	if prepare != nil {
		if err := prepare(f); err != nil {
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
