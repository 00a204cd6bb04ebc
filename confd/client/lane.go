package client

import (
	"net/netip"
	"time"

	"gantry/netio"
)

// lane carries the datagrams of a run to and from its peer. It belongs to the run's goroutine.
type lane interface {
	claim(prefix [runSalt]byte) // the run's salts begin so
	queue(datagram []byte)      // to be sent by flush; stays as it is until then
	flush()
	receive(wait time.Duration) ([][]byte, error) // what came, within a time at most; valid until the next call
	close() error
}

// laneBuffers is how many of the largest datagrams a lane of its own has memory for at most: one receive's worth. Where the system coalesces
// datagrams, each holds many.
const laneBuffers = 32

// dial returns a lane to a peer for a number of queries: with a socket of its own, unless the client was given a connection to use or the system
// has none to give. (Over the shared one, a peer without a route is as good as silent.)
func (c *Client) dial(peer netip.AddrPort, queries int) lane {
	if !c.ownSocket {
		return newSharedLane(c, peer)
	}
	wire, err := netio.Dial(netio.ClientConfig{Target: peer, BatchSize: min(queries, laneBuffers)})
	if err != nil {
		if c.logger != nil {
			c.logger.Debug("no socket of its own for a batch", "peer", peer.String(), "error", err)
		}
		return newSharedLane(c, peer)
	}
	return &ownLane{client: c, wire: wire}
}

// ownLane has a socket that is connected to the peer, which hears nobody else.
type ownLane struct {
	client *Client
	wire   *netio.Client
}

func (l *ownLane) claim([runSalt]byte)   {}
func (l *ownLane) queue(datagram []byte) { l.wire.Queue(0, datagram) }

func (l *ownLane) flush() { l.wire.Flush() }

func (l *ownLane) receive(wait time.Duration) ([][]byte, error) {
	_, in, err := l.wire.Receive(wait)
	return in, err
}

// close hands what was counted over to the client.
func (l *ownLane) close() error {
	did, total := l.wire.Counters(), &l.client.counters
	total.sent.Add(did[netio.Replies])
	total.sendErrors.Add(did[netio.SendErrors] + did[netio.SendFull])
	total.receiveErrors.Add(did[netio.ReceiveErrors])
	total.batchSends.Add(did[netio.SendCalls])
	total.batchReceives.Add(did[netio.ReceiveCalls] + did[netio.Waits])
	return l.wire.Close()
}

// sharedLane uses the client's connection. The client's receiver passes on what has one of the run's salts.
type sharedLane struct {
	client *Client
	peer   netip.AddrPort
	prefix [runSalt]byte
	out    []Datagram
	inbox  chan []byte
	in     [][]byte
	timer  *time.Timer
}

func newSharedLane(c *Client, peer netip.AddrPort) *sharedLane {
	return &sharedLane{client: c, peer: peer, inbox: make(chan []byte, MaxWindow), timer: time.NewTimer(cancelPoll)}
}

func (l *sharedLane) claim(prefix [runSalt]byte) {
	l.prefix = prefix
	l.client.mu.Lock()
	defer l.client.mu.Unlock()
	if l.client.lanes != nil {
		l.client.lanes[prefix] = l.inbox
	}
}

func (l *sharedLane) queue(datagram []byte) {
	l.out = append(l.out, Datagram{Peer: l.peer, Payload: datagram})
}

func (l *sharedLane) flush() {
	_ = l.client.send(l.out) // counted and logged there; what isn't sent is repeated
	l.out = l.out[:0]
}

func (l *sharedLane) receive(wait time.Duration) ([][]byte, error) {
	l.in = l.in[:0]
	l.timer.Reset(wait)
	select {
	case datagram := <-l.inbox:
		l.in = append(l.in, datagram)
	case <-l.timer.C:
		return nil, nil
	case <-l.client.done:
		return nil, ErrClosed
	}
	for {
		select {
		case datagram := <-l.inbox:
			l.in = append(l.in, datagram)
		default:
			return l.in, nil
		}
	}
}

func (l *sharedLane) close() error {
	l.timer.Stop()
	l.client.mu.Lock()
	delete(l.client.lanes, l.prefix)
	l.client.mu.Unlock()
	for {
		select {
		case datagram := <-l.inbox: // too late
			l.client.count(DiscardUnexpected, Datagram{Peer: l.peer, Payload: datagram})
		default:
			return nil
		}
	}
}
