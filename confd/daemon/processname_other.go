//go:build !linux

package daemon

// nameProcess has no portable counterpart.
func nameProcess(string) {}
