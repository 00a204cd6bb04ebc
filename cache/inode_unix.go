//go:build unix

package cache

import (
	"io/fs"
	"syscall"
)

// inodeOf is the inode's number, which a rename over the file changes.
func inodeOf(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}
