package netio

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// clientConns is the client's side over package net.
type clientConns struct {
	*portableTransport
	timer *time.Timer
}

func dialPortable(target netip.AddrPort, count int, cfg *Config) (clientWire, error) {
	t := &clientConns{
		portableTransport: newPortableTransport(count),
		timer:             time.NewTimer(time.Hour),
	}
	for range count {
		conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(target))
		if err != nil {
			return nil, errors.Join(err, t.Close())
		}
		s := newSource(conn, cfg.ReceiveBuffer)
		s.index = len(t.sources)
		t.start(s)
	}
	return t, nil
}

func (t *clientConns) received() int { return t.taken[0].index }

// Receive takes from one socket at a time, as a client promises.
func (t *clientConns) Receive(buffers []Buffer, c *Counters) (int, error) {
	return t.portableTransport.Receive(buffers[:1], c)
}

func (t *clientConns) waitFor(wait time.Duration) error {
	t.timer.Reset(wait)
	select {
	case t.pending = <-t.ready:
	case <-t.timer.C:
	}
	return nil
}

func (t *clientConns) segments(int) bool { return false }

func (t *clientConns) localAddr(socket int) netip.AddrPort { return t.sources[socket].addr }

func (t *clientConns) sendOn(socket int, messages []Message, c *Counters) {
	for i := range messages {
		c[SendCalls]++
		if _, err := t.sources[socket].conn.Write(messages[i].Data); err != nil {
			c[SendErrors]++
			continue
		}
		countSent(&messages[i], c)
	}
}

func (t *clientConns) Close() error {
	t.timer.Stop()
	return t.portableTransport.Close()
}
