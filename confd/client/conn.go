package client

import (
	"fmt"
	"net"
	"net/netip"
)

// Datagram is one message to or from a peer.
type Datagram struct {
	Peer    netip.AddrPort
	Payload []byte
}

// Conn carries a client's datagrams. The client makes one Send at a time, beside one Receive.
type Conn interface {
	// Send sends datagrams in order and returns how many left before an error, which is about the next one. It keeps none of them.
	Send(out []Datagram) (sent int, err error)
	// Receive waits for datagrams. They are valid until the next call.
	Receive() ([]Datagram, error)
	// Close ends a waiting Receive, which then fails, as all calls do from now on.
	Close() error
}

// receiveBuffer is the size that is asked for the socket's buffer, in bytes, so that a full window of long replies fits. The system may give
// less (Linux: net.core.rmem_max).
const receiveBuffer = 4 << 20

// udpConn is a Conn that makes a system call a datagram, on any system.
type udpConn struct {
	socket *net.UDPConn
	buffer [1 << 16]byte // longer than any datagram
	one    [1]Datagram
}

// openUDP returns a Conn with a socket of its own, on a free port of every address of the family.
func openUDP(ipv6 bool) (Conn, error) {
	network := "udp4"
	if ipv6 {
		network = "udp6"
	}
	socket, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, fmt.Errorf("open a socket for queries: %w", err)
	}
	_ = socket.SetReadBuffer(receiveBuffer) // what the system gives is enough for all but large batches, whose window then stays small
	return &udpConn{socket: socket}, nil
}

func (c *udpConn) Send(out []Datagram) (sent int, err error) {
	for _, d := range out {
		if _, err := c.socket.WriteToUDPAddrPort(d.Payload, d.Peer); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

func (c *udpConn) Receive() ([]Datagram, error) {
	n, peer, err := c.socket.ReadFromUDPAddrPort(c.buffer[:])
	if err != nil {
		return nil, err
	}
	c.one[0] = Datagram{Peer: peer, Payload: c.buffer[:n]}
	return c.one[:], nil
}

func (c *udpConn) Close() error { return c.socket.Close() }
