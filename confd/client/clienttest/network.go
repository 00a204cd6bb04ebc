package clienttest

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"gantry/confd/client"
)

// ErrUnreachable is what sending to an address gives that Network.Refuse named.
var ErrUnreachable = errors.New("network is unreachable")

// Network connects clients with servers in memory. Datagrams to other addresses are lost. It is safe for concurrent use.
type Network struct {
	mu      sync.Mutex
	servers map[netip.AddrPort]*Server
	refused map[netip.AddrPort]bool
	log     []netip.AddrPort
	open    int
}

// NewNetwork returns a network of servers.
func NewNetwork(servers map[netip.AddrPort]*Server) *Network {
	return &Network{servers: servers, refused: make(map[netip.AddrPort]bool)}
}

// Refuse makes sending to an address an error.
func (n *Network) Refuse(addr netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refused[addr] = true
}

// Sent returns to whom datagrams were sent so far, in order.
func (n *Network) Sent() []netip.AddrPort {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]netip.AddrPort(nil), n.log...)
}

// Connections returns how many connections are open.
func (n *Network) Connections() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.open
}

// Open is what client.Config.Open needs.
func (n *Network) Open(bool) (client.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open++
	return &conn{network: n, inbox: make(chan []client.Datagram, inboxSize), closed: make(chan struct{})}, nil
}

// inboxSize is how many replies await their client; further ones are lost.
const inboxSize = 65536

type conn struct {
	network *Network
	inbox   chan []client.Datagram
	closed  chan struct{}
}

func (c *conn) Send(out []client.Datagram) (sent int, err error) {
	for _, d := range out {
		c.network.mu.Lock()
		server, refused := c.network.servers[d.Peer], c.network.refused[d.Peer]
		if !refused {
			c.network.log = append(c.network.log, d.Peer)
		}
		c.network.mu.Unlock()
		if refused {
			return sent, ErrUnreachable
		}
		sent++
		if server != nil {
			c.answer(server, d)
		}
	}
	return sent, nil
}

func (c *conn) answer(server *Server, d client.Datagram) {
	from := d.Peer
	if server.From.IsValid() {
		from = server.From
	}
	reply, after := server.copies(d.Payload, time.Now())
	for _, delay := range after {
		deliver := func() { c.deliver(client.Datagram{Peer: from, Payload: bytes.Clone(reply)}) }
		if delay == 0 {
			deliver()
		} else {
			time.AfterFunc(delay, deliver)
		}
	}
}

func (c *conn) deliver(d client.Datagram) {
	select {
	case c.inbox <- []client.Datagram{d}:
	default:
	}
}

func (c *conn) Receive() ([]client.Datagram, error) {
	select {
	case in := <-c.inbox:
		return in, nil
	case <-c.closed:
		return nil, net.ErrClosed
	}
}

func (c *conn) Close() error {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.network.open--
	close(c.closed)
	return nil
}
