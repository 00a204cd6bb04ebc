//go:build !linux

package netio

import "net/netip"

// openTransports opens what this system has: sockets over package net.
func openTransports(cfg *Config) ([]Transport, error) { return openPortable(cfg) }

func openConn(local netip.AddrPort, cfg *Config) (connEnd, netip.AddrPort, error) {
	return openPortableConn(local, cfg)
}

func dialSockets(target netip.AddrPort, count int, cfg *Config) (clientWire, error) {
	return dialPortable(target, count, cfg)
}
