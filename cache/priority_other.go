//go:build !linux

package cache

// runOnLowestPriority runs f. Only Linux gives a thread a priority of its own.
func runOnLowestPriority(f func()) { f() }
