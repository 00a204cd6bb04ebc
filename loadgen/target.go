package loadgen

import (
	"net/netip"
	"time"

	"gantry/netio"
)

// Target is where load goes.
type Target interface {
	// Dial opens the connections of one worker.
	Dial(o *Options) (Conn, error)
	// String names the target in results: a URL.
	String() string
}

// Conn carries the requests and replies of one worker over a number of lanes,
// sockets mostly. *netio.Client has all of it but the names.
type Conn interface {
	// Lanes is the number of lanes. They are counted from 0.
	Lanes() int
	// Queue adds a request, which must stay as it is until Flush, to what a lane
	// is to send.
	Queue(lane int, request []byte)
	// Flush sends what is queued.
	Flush()
	// Receive waits for the given time at most and returns replies of one lane,
	// valid until the next Receive; none when the time is over.
	Receive(wait time.Duration) (lane int, replies [][]byte, err error)
	// Refused returns how many requests the system would not send.
	Refused() uint64
	Close() error
}

// UDP is a server of datagrams.
type UDP struct {
	Scheme string // in the target's name: "confd", "udp"; "" is "udp"
	Addr   netip.AddrPort
	// Portable and ReceiveBuffer are as in netio.ClientConfig.
	Portable      bool
	ReceiveBuffer int
}

// Dial opens o.Sockets sockets. Datagrams are coalesced only if o.Coalesce asks for
// it: replies that came coalesced although nobody wanted them would flatter a
// server.
func (u UDP) Dial(o *Options) (Conn, error) {
	mode := netio.OffloadOff
	if o.Coalesce > 1 {
		mode = netio.OffloadAuto
	}
	c, err := netio.Dial(netio.ClientConfig{
		Target: u.Addr, Sockets: o.Sockets, BatchSize: netio.MaxBatchSize,
		ReceiveBuffer: u.ReceiveBuffer, Offload: mode, Portable: u.Portable,
	})
	if err != nil {
		return nil, err
	}
	return udpConn{c, u.Addr}, nil
}

func (u UDP) String() string {
	scheme := u.Scheme
	if scheme == "" {
		scheme = "udp"
	}
	return scheme + "://" + u.Addr.String()
}

type udpConn struct {
	*netio.Client
	target netip.AddrPort
}

func (c udpConn) Addrs(lane int) (local, remote netip.AddrPort) { return c.LocalAddr(lane), c.target }

func (c udpConn) Lanes() int { return c.Sockets() }

func (c udpConn) Refused() uint64 {
	counters := c.Counters()
	return counters[netio.SendErrors] + counters[netio.SendFull]
}
