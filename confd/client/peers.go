package client

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// A PeerSource knows whom to ask: the confds of a cluster. The client reads it when it is made and at every RefreshPeers, from any
// goroutine. An order is the source's own affair: the client shuffles, unless Config.Order says otherwise.
type PeerSource interface {
	Peers(ctx context.Context) ([]netip.AddrPort, error)
}

// StaticPeers is a source that never changes.
type StaticPeers []netip.AddrPort

// Peers returns the peers as they are.
func (p StaticPeers) Peers(context.Context) ([]netip.AddrPort, error) { return p, nil }

// PeersAt returns the source of servers that all listen on one port, 0 being the service's usual one.
func PeersAt(port uint16, addrs ...netip.Addr) StaticPeers {
	if port == 0 {
		port = ServicePort(context.Background())
	}
	peers := make(StaticPeers, len(addrs))
	for i, addr := range addrs {
		peers[i] = netip.AddrPortFrom(addr, port)
	}
	return peers
}

// ServicePort returns the port that the machine's services file gives to ganeti-confd, or DefaultPort.
func ServicePort(ctx context.Context) uint16 {
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", "ganeti-confd")
	if err != nil {
		return DefaultPort
	}
	return uint16(port)
}

// ParsePeer reads "ADDR", "ADDR:PORT" or "[ADDR]:PORT"; an IPv6 address needs the brackets if a port follows. Names aren't resolved.
func ParsePeer(text string, defaultPort uint16) (netip.AddrPort, error) {
	addrText, port := text, defaultPort
	if strings.HasPrefix(text, "[") || strings.Count(text, ":") == 1 {
		host, portText, err := net.SplitHostPort(text)
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("%w %q: want ADDR or ADDR:PORT", ErrInvalidPeer, text)
		}
		n, err := strconv.ParseUint(portText, 10, 16)
		if err != nil || n == 0 {
			return netip.AddrPort{}, fmt.Errorf("%w %q: %q is no port", ErrInvalidPeer, text, portText)
		}
		addrText, port = host, uint16(n)
	}
	addr, err := netip.ParseAddr(addrText)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%w %q: %q is no IP address", ErrInvalidPeer, text, addrText)
	}
	return netip.AddrPortFrom(addr, port), nil
}

// checkPeers returns the peers as the client compares them, IPv4 addresses in their short form and each once (so that none counts for two), and
// whether they are IPv6.
func checkPeers(given []netip.AddrPort) (peers []netip.AddrPort, ipv6 bool, err error) {
	if len(given) == 0 {
		return nil, false, ErrNoPeers
	}
	if len(given) > MaxPeers {
		return nil, false, fmt.Errorf("%w: %d", ErrTooManyPeers, len(given))
	}
	known := make(map[netip.AddrPort]bool, len(given))
	for _, peer := range given {
		if !peer.IsValid() || peer.Port() == 0 {
			return nil, false, fmt.Errorf("%w %q", ErrInvalidPeer, peer)
		}
		peer = unmap(peer)
		if known[peer] {
			continue
		}
		known[peer] = true
		peers = append(peers, peer)
		if is6 := peer.Addr().Is6(); len(peers) == 1 {
			ipv6 = is6
		} else if is6 != ipv6 {
			return nil, false, fmt.Errorf("%w: %s and %s", ErrMixedFamilies, peers[0].Addr(), peer.Addr())
		}
	}
	return peers, ipv6, nil
}

func unmap(peer netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
}

// targets returns how many of a number of peers a coverage means.
func targets(coverage, peers int) (int, error) {
	switch {
	case peers == 0:
		return 0, ErrNoPeers
	case coverage == CoverageDefault:
		return min(peers, DefaultCoverage), nil
	case coverage == CoverageAll:
		return peers, nil
	case coverage < CoverageAll || coverage > peers:
		return 0, fmt.Errorf("%w: %d wanted, %s known", ErrCoverage, coverage, plural(peers, "peer"))
	}
	return coverage, nil
}

// NeededReplies returns how many of a number of asked peers must answer before an answer is safe against one that is behind: all of one
// or two, all but one of three or four, and more than half of five or more.
func NeededReplies(asked int) int {
	switch {
	case asked < 3:
		return asked
	case asked < 5:
		return asked - 1
	}
	return asked/2 + 1
}
