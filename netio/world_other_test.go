//go:build !linux

package netio_test

import (
	"net"
	"testing"

	"gantry/netio"
)

func systemWorlds() []world {
	return []world{socketWorld("portable", false, func(*netio.Config) {})}
}

// Nothing coalesces here.

func receiveCoalesced(testing.TB, *net.UDPConn) {}

func segmentControl(int) []byte { return nil }

func coalescedSegment([]byte) int { return 0 }
