package netiotest

import (
	"fmt"
	"hash/maphash"
	"net/netip"
	"sync"

	"gantry/netio"
)

// Limits that a kernel would set.
const (
	maxPayload  = 65507 // bytes of a datagram over IPv4
	maxSegments = 64    // datagrams in one message
)

// Network connects peers with the transports of one group.
type Network struct {
	addrs      []netip.AddrPort
	seed       maphash.Seed
	transports []*transport

	mu             sync.Mutex
	peers          map[netip.AddrPort]*Peer
	refusesPeer    map[netip.AddrPort]bool
	noSegments     bool
	receiveFailure error
}

// New returns a network on which a group of the given number of workers listens on
// the given addresses, ports included. A wildcard address takes what is sent to
// any address of its family.
func New(workers int, addrs ...netip.AddrPort) *Network {
	n := &Network{
		addrs:       addrs,
		seed:        maphash.MakeSeed(),
		peers:       make(map[netip.AddrPort]*Peer),
		refusesPeer: make(map[netip.AddrPort]bool),
	}
	for range workers {
		n.transports = append(n.transports, newTransport(n))
	}
	return n
}

// Group returns the group. Of cfg only BatchSize and MaxRequest count. It is to be
// called once.
func (n *Network) Group(cfg netio.Config) (*netio.Group, error) {
	var transports []netio.Transport
	for _, t := range n.transports {
		transports = append(transports, t)
	}
	return netio.NewGroup(transports, cfg)
}

// RefuseSegments lets every message with a Segment fail as if the device could not
// cut it, until the group gives up segmenting.
func (n *Network) RefuseSegments() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.noSegments = true
}

// RefusePeer lets every message to a peer fail.
func (n *Network) RefusePeer(peer netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refusesPeer[peer] = true
}

// FailReceive lets the next receive of every worker fail for good.
func (n *Network) FailReceive(err error) {
	n.mu.Lock()
	n.receiveFailure = err
	n.mu.Unlock()
	for _, t := range n.transports {
		t.signal()
	}
}

// deliver queues a buffer at the worker that serves the flow.
func (n *Network) deliver(p packet) error {
	for _, addr := range n.addrs {
		if addr.Port() == p.local.Port() && takes(addr.Addr(), p.local.Addr()) {
			flow := maphash.Comparable(n.seed, [2]netip.AddrPort{p.peer, p.local})
			n.transports[flow%uint64(len(n.transports))].put(p)
			return nil
		}
	}
	return fmt.Errorf("nobody listens on %s", p.local)
}

// takes reports whether a socket bound to an address takes what is sent to
// another: a wildcard takes its family, and that of IPv6 takes IPv4 too.
func takes(bound, to netip.Addr) bool {
	return bound == to || bound.IsUnspecified() && (bound.Is6() || to.Is4())
}

// packet is a buffer under way to a worker.
type packet struct {
	peer, local netip.AddrPort
	data        []byte
	segment     int
}
