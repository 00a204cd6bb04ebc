package netio

import (
	"net"
	"net/netip"
	"time"
)

// portableConn is a Conn over package net, a datagram a call.
type portableConn struct {
	conn   *net.UDPConn
	buffer []byte
	one    [1]Datagram
}

func openPortableConn(local netip.AddrPort, cfg *Config) (connEnd, netip.AddrPort, error) {
	network := "udp6"
	if local.Addr().Is4() {
		network = "udp4"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(local))
	if err != nil {
		return nil, local, err
	}
	_ = conn.SetReadBuffer(cfg.ReceiveBuffer) // less is what the system gives
	return &portableConn{conn: conn, buffer: make([]byte, MaxDatagram)}, plain(conn.LocalAddr().(*net.UDPAddr).AddrPort()), nil
}

func (c *portableConn) receive() ([]Datagram, error) {
	n, peer, err := c.conn.ReadFromUDPAddrPort(c.buffer)
	if err != nil {
		return nil, err
	}
	c.one[0] = Datagram{Peer: plain(peer), Payload: c.buffer[:n]}
	return c.one[:], nil
}

func (c *portableConn) send(datagrams []Datagram) (sent int, err error) {
	for _, d := range datagrams {
		if _, err := c.conn.WriteToUDPAddrPort(d.Payload, d.Peer); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

// stop lets receive fail at once.
func (c *portableConn) stop() { _ = c.conn.SetReadDeadline(time.Unix(1, 0)) }

func (c *portableConn) close() error { return c.conn.Close() }
