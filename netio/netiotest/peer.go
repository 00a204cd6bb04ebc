package netiotest

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
)

// Peer is a client with one address.
type Peer struct {
	network *Network
	addr    netip.AddrPort
	arrived chan struct{}

	mu      sync.Mutex
	replies []Reply
}

// Reply is a datagram that a peer received.
type Reply struct {
	From   netip.AddrPort
	Data   []byte
	Shared bool // it left in a message with others
}

// Peer returns the client with the given address, made on first use. One with port
// 0 can send, as an attacker can, but not receive.
func (n *Network) Peer(addr netip.AddrPort) *Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.peers[addr]
	if p == nil {
		p = &Peer{network: n, addr: addr, arrived: make(chan struct{}, 1)}
		n.peers[addr] = p
	}
	return p
}

// Addr returns the peer's address.
func (p *Peer) Addr() netip.AddrPort { return p.addr }

// Send sends one datagram, which is copied.
func (p *Peer) Send(to netip.AddrPort, datagram []byte) error {
	return p.SendCoalesced(to, 0, datagram)
}

// SendCoalesced sends the datagrams that lie in data one after the other, segment
// bytes long each (the last may be shorter), so that they arrive in one buffer. A
// kernel coalesces 64 at most.
func (p *Peer) SendCoalesced(to netip.AddrPort, segment int, data []byte) error {
	if n := len(split(data, segment)); n > maxSegments {
		return fmt.Errorf("%d datagrams are more than a kernel coalesces", n)
	}
	if segment >= len(data) {
		segment = 0
	}
	return p.network.deliver(packet{peer: p.addr, local: to, data: append([]byte{}, data...), segment: segment})
}

// Receive waits for the next reply.
func (p *Peer) Receive(ctx context.Context) (Reply, error) {
	for {
		if r, ok := p.take(); ok {
			return r, nil
		}
		select {
		case <-p.arrived:
		case <-ctx.Done():
			return Reply{}, ctx.Err()
		}
	}
}

func (p *Peer) take() (Reply, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.replies) == 0 {
		return Reply{}, false
	}
	r := p.replies[0]
	p.replies = p.replies[1:]
	return r, true
}

func (p *Peer) put(r Reply) {
	p.mu.Lock()
	p.replies = append(p.replies, r)
	p.mu.Unlock()
	select {
	case p.arrived <- struct{}{}:
	default:
	}
}
