package main

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
)

// maxDatagram is the longest UDP datagram there can be.
const maxDatagram = 1 << 16

// A lane is a socket of one question at a time: what arrives on it answers that question. The reference answers out of order, and some
// requests have no salt to know their replies by. It may be used from one goroutine at a time.
type lane struct {
	conn   *net.UDPConn
	buffer []byte
}

func newLane(to netip.AddrPort) (*lane, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, err
	}
	return &lane{conn: conn}, nil
}

func (l *lane) close() { l.conn.Close() }

func (l *lane) send(datagram []byte) error {
	_, err := l.conn.Write(datagram)
	return err
}

// receive returns the next datagram, in memory of its own, or nil if none comes in time. A port that nobody listens on is an error.
func (l *lane) receive(patience time.Duration) ([]byte, error) {
	if l.buffer == nil {
		l.buffer = make([]byte, maxDatagram)
	}
	if err := l.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	n, err := l.conn.Read(l.buffer)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return append([]byte{}, l.buffer[:n]...), nil
}
