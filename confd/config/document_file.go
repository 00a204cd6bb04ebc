package config

import (
	"fmt"
	"os"
	"path/filepath"
)

// ReadFile reads the configuration in a file.
func ReadFile(path string) (*Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	defer f.Close()
	d, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// WriteFile replaces the file at path by the document, or leaves it as it is: the document is written to a temporary file in the
// same directory and synced, renamed, and the directory is synced. The file's mode is exactly mode.
func WriteFile(path string, d *Document, mode os.FileMode) error {
	if d.Len(KindCluster) == 0 {
		return fmt.Errorf("writing %s: the configuration has no cluster", path)
	}
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+".new-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(tmp.Name()) // fails when all went well
	if err := writeSynced(tmp, d, mode); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return syncDirectory(dir)
}

// writeSynced writes a document to a new file and closes it.
func writeSynced(f *os.File, d *Document, mode os.FileMode) error {
	err := f.Chmod(mode)
	if err == nil {
		_, err = d.WriteTo(f)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// syncDirectory makes a rename in a directory durable.
func syncDirectory(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncing %s: %w", dir, err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("syncing %s: %w", dir, err)
	}
	return nil
}
