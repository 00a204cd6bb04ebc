package netio

import (
	"fmt"
	"net/netip"
)

// Feature names an offload of the kernel.
type Feature string

const (
	// CoalescedReceive is UDP_GRO: several datagrams of one peer arrive in one
	// buffer.
	CoalescedReceive Feature = "UDP_GRO"
	// SegmentedSend is UDP_SEGMENT: the kernel cuts one message into datagrams.
	SegmentedSend Feature = "UDP_SEGMENT"
)

// OffloadError tells Config.Notify that an offload is not used, or no longer,
// on the sockets of one address; everything else goes on without it.
type OffloadError struct {
	Addr    netip.AddrPort // the local address of the sockets
	Feature Feature        // what was disabled
	Err     error          // what the kernel said
}

func (e *OffloadError) Error() string {
	return fmt.Sprintf("%s disabled on %s: %v", e.Feature, e.Addr, e.Err)
}

func (e *OffloadError) Unwrap() error { return e.Err }

// BufferError tells Config.Notify that the kernel gave a smaller receive queue
// than was asked for (the limit is net.core.rmem_max, which CAP_NET_ADMIN
// overrides): bursts may be dropped.
type BufferError struct {
	Addr  netip.AddrPort // the local address of the sockets
	Asked int            // bytes
	Got   int            // bytes
}

func (e *BufferError) Error() string {
	return fmt.Sprintf("receive buffer of %s is %d bytes instead of %d: raise net.core.rmem_max",
		e.Addr, e.Got, e.Asked)
}
