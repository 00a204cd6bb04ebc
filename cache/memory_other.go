//go:build !linux

package cache

// adviseHuge does nothing: only Linux is told which memory to give large pages.
func adviseHuge[T any]([]T) {}
