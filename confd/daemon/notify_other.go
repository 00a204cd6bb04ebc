//go:build !linux

package daemon

// systemd is Linux's alone.

func notifyReady()     {}
func notifyStopping()  {}
func notifyReloading() {}
