//go:build !unix

package cache

import "io/fs"

// inodeOf is 0: there is none to be had.
func inodeOf(fs.FileInfo) uint64 { return 0 }
