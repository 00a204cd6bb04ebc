//go:build !linux

package netio

// openTransports opens what this system has: sockets over package net.
func openTransports(cfg *Config) ([]Transport, error) { return openPortable(cfg) }
