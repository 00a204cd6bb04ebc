//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and group of another one. Only root may do that for others' files.
func keepOwner(f *os.File, of fs.FileInfo) error {
	owner, known := of.Sys().(*syscall.Stat_t)
	if !known {
		return nil
	}
	if err := f.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
		return fmt.Errorf("keep the owner %d:%d: %w", owner.Uid, owner.Gid, err)
	}
	return nil
}
