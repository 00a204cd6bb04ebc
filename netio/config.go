package netio

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"
)

// OffloadMode says whether the kernel's coalescing of datagrams is used.
type OffloadMode uint8

const (
	// OffloadAuto uses UDP_GRO and UDP_SEGMENT where the kernel has them.
	OffloadAuto OffloadMode = iota
	// OffloadOff never asks for them.
	OffloadOff
)

// Config says what a group listens on and how. Only Addrs (or Files) must be
// set.
type Config struct {
	// Addrs are the addresses to listen on, without duplicates or overlaps. An
	// IPv6 address may have a zone, a link-local one must. Port 0 lets the
	// kernel choose one port for all workers.
	Addrs []netip.AddrPort

	// Files are UDP sockets inherited from an earlier group ([Group.Files]), in
	// any order and number: they are dealt to the workers, and where a worker
	// would have none of an address, one is opened. Their addresses join Addrs.
	// Listen duplicates what it uses; the caller closes the files. Linux only.
	Files []*os.File

	// Workers is the number of workers, up to MaxWorkers; 0 is one for each CPU
	// that the process may use.
	Workers int

	// BatchSize is how many buffers one receive may fill, up to MaxBatchSize; 0
	// is DefaultBatchSize.
	BatchSize int

	// ReceiveBuffer is the kernel's receive queue asked for per socket, in
	// bytes; 0 is DefaultReceiveBuffer. What was got is in Stats; less than
	// asked is told to Notify as a *BufferError.
	ReceiveBuffer int

	// MaxRequest is the longest datagram handed to the handler, in bytes, up to
	// MaxDatagram; 0 is MaxDatagram. Longer ones are dropped and counted.
	MaxRequest int

	// Offload allows or forbids UDP_GRO and UDP_SEGMENT.
	Offload OffloadMode

	// Portable selects the implementation over package net even where there is
	// a faster one: for tests, and for finding faults.
	Portable bool

	// Notify, if set, is told once about every thing that works less well than
	// it could: *OffloadError, *BufferError. It is called by Listen and later
	// by workers, so it must not block and must bear concurrent calls.
	Notify func(error)
}

// ErrOverlap is wrapped by the error of a Config whose addresses overlap.
var ErrOverlap = errors.New("addresses overlap")

// withDefaults returns the configuration with every zero field set, or an error
// naming the field that is out of range.
func (c Config) withDefaults() (Config, error) {
	c.Workers = orDefault(c.Workers, runtime.NumCPU())
	c.BatchSize = orDefault(c.BatchSize, DefaultBatchSize)
	c.ReceiveBuffer = orDefault(c.ReceiveBuffer, DefaultReceiveBuffer)
	c.MaxRequest = orDefault(c.MaxRequest, MaxDatagram)
	if c.Notify == nil {
		c.Notify = func(error) {}
	}
	const maxInt32 = 1<<31 - 1
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"workers", c.Workers, MaxWorkers},
		{"batch size", c.BatchSize, MaxBatchSize},
		{"receive buffer", c.ReceiveBuffer, maxInt32},
		{"longest request", c.MaxRequest, MaxDatagram},
	} {
		if f.value < 1 || f.value > f.max {
			return c, fmt.Errorf("netio: %s %d is not within 1 and %d", f.name, f.value, f.max)
		}
	}
	return c, checkAddrs(c.Addrs)
}

func orDefault(value, standard int) int {
	if value == 0 {
		return standard
	}
	return value
}

// checkAddrs rejects addresses that cannot be bound together. Two sockets of one
// group could share such addresses, but which of them gets a datagram would be
// the kernel's secret.
func checkAddrs(addrs []netip.AddrPort) error {
	for i, a := range addrs {
		if !a.Addr().IsValid() {
			return fmt.Errorf("netio: address %d is not set", i)
		}
		if a.Addr().Is4In6() {
			return fmt.Errorf("netio: %s: use the plain IPv4 address", a)
		}
		for _, b := range addrs[:i] {
			if overlap(a, b) {
				return fmt.Errorf("netio: %s and %s: %w", b, a, ErrOverlap)
			}
		}
	}
	return nil
}

// bothFamilies reports whether the socket of an address takes IPv4 as well: that
// of the IPv6 wildcard does, unless an IPv4 address on its port is bound beside it.
func bothFamilies(addr netip.AddrPort, addrs []netip.AddrPort) bool {
	return addr.Addr() == netip.IPv6Unspecified() && !slices.ContainsFunc(addrs, func(a netip.AddrPort) bool {
		return a.Addr().Is4() && a.Port() == addr.Port()
	})
}

func overlap(a, b netip.AddrPort) bool {
	if a.Port() != b.Port() || a.Port() == 0 || a.Addr().Is4() != b.Addr().Is4() {
		return false
	}
	return a.Addr() == b.Addr() || a.Addr().IsUnspecified() || b.Addr().IsUnspecified()
}
