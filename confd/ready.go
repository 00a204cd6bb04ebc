package confd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"gantry/confd/wire"
)

// Ready returns nil when queries are answered from a config that can be used
// now, else why not.
func (s *Server) Ready() error {
	if status := s.loader.Status(); status.Err != nil {
		return fmt.Errorf("config unusable for %s: %w", status.Stale(s.now()).Round(time.Second), status.Err)
	}
	if _, none := s.loader.Snapshot().Unavailable(); none {
		return errNotLoaded
	}
	return nil
}

var errNotLoaded = errors.New("config not loaded yet")

const (
	// selfPause is the least time between two queries to oneself: whoever asks in
	// between gets the last result.
	selfPause = time.Second
	// selfPatience is how long the answers to one may take in all. Workers that
	// are busier than that aren't ready for more.
	selfPatience = time.Second
)

// selfQuery is the server's view of itself from the outside.
type selfQuery struct {
	mu    sync.Mutex
	asked time.Time
	err   error // of the last query
}

// Answers returns nil when a query that was signed and sent like everybody's was
// answered from each address that is served, else why not. It asks at most once
// a second, and takes no longer than that second; the queries count as others
// do.
func (s *Server) Answers() error {
	q := &s.self
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.asked.IsZero() && s.now().Sub(q.asked) < selfPause {
		return q.err
	}
	q.err = s.askSelf(s.now().Add(selfPatience))
	q.asked = s.now()
	return q.err
}

func (s *Server) askSelf(deadline time.Time) error {
	keys := s.keys.current.Load()
	for _, addr := range s.Addrs() {
		if err := ping(reachable(addr), keys, deadline); err != nil {
			return fmt.Errorf("a query to %s: %w", addr, err)
		}
	}
	return nil
}

// reachable is where somebody on this machine reaches what is bound to addr.
func reachable(addr netip.AddrPort) netip.AddrPort {
	switch ip := addr.Addr(); {
	case !ip.IsUnspecified():
		return addr
	case ip.Is4():
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), addr.Port())
	}
	return netip.AddrPortFrom(netip.IPv6Loopback(), addr.Port())
}

// ping asks from a socket of its own, so that in time every worker is asked.
// Whatever the answer is, it must be signed, and to this very question.
func ping(addr netip.AddrPort, keys *wire.Keyring, deadline time.Time) error {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	salt := []byte("ready " + conn.LocalAddr().String() + time.Now().Format(" 15:04:05.000000000"))
	msg := wire.AppendRequestMsg(nil, wire.ReqPing, wire.Query{}, salt)
	if _, err := conn.Write(wire.AppendRequest(nil, keys.Current(), time.Now().Unix(), msg)); err != nil {
		return err
	}
	parser, buffer := wire.NewReplyParser(1), make([]byte, selfReplyMax)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return err
		}
		// A reply to somebody who had this port before says nothing.
		if reply, err := wire.ParseReply(buffer[:n], keys, parser); err == nil && string(reply.Salt) == string(salt) {
			return nil
		}
	}
}

// selfReplyMax is more than the reply to a ping takes, whatever the reason for
// having no config is.
const selfReplyMax = 16 << 10
