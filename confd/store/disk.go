package store

import (
	"errors"
	"io/fs"
)

// A Disk is the directory that a node keeps its copy in. Names are those of files in it. The errors of missing files wrap
// fs.ErrNotExist. It is what tests replace to lose power between any two operations.
type Disk interface {
	// Lock keeps out every other process that writes the copy, until unlock is called. It waits for as long as a write takes.
	Lock() (unlock func(), err error)
	ReadFile(name string) ([]byte, error)
	// Identity changes whenever another file takes the name.
	Identity(name string) (string, error)
	// Create makes a new file, which must not exist yet, for writing.
	Create(name string, mode fs.FileMode) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	// Sync makes all that was created, renamed and removed durable.
	Sync() error
}

// A File is being written.
type File interface {
	Write(data []byte) (int, error)
	// Sync makes what was written durable.
	Sync() error
	Close() error
}

// temporarySuffix ends the names of files that aren't complete yet. The lock is held while one exists, so there is one at
// most, and what a crash left behind is removed before the next.
const temporarySuffix = ".gantry-new"

// replace gives a file a new content that is complete and synced, or leaves it as it is. The rename isn't durable before the
// disk's Sync.
func replace(disk Disk, name string, data []byte, mode fs.FileMode) error {
	temporary := name + temporarySuffix
	file, err := createAnew(disk, temporary, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = disk.Rename(temporary, name)
	}
	if err != nil {
		disk.Remove(temporary) // the failure that matters is the first
	}
	return err
}

// createAnew creates a file in place of what a crash may have left under its name.
func createAnew(disk Disk, name string, mode fs.FileMode) (File, error) {
	file, err := disk.Create(name, mode)
	if errors.Is(err, fs.ErrExist) {
		if err := disk.Remove(name); err != nil {
			return nil, err
		}
		file, err = disk.Create(name, mode)
	}
	return file, err
}
