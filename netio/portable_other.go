//go:build !linux

package netio

import (
	"net"
	"net/netip"
)

// Package net hides which address a datagram was sent to, so here a socket bound
// to a wildcard address answers from the one that the system's routes prefer.
// Hosts with several addresses should bind each of them.

const portableControlRoom = 0

func portablePacketInfo(*net.UDPConn, netip.Addr) error { return nil }

func portableAnswer(_, _ []byte, _ netip.AddrPort) ([]byte, netip.Addr) { return nil, netip.Addr{} }
