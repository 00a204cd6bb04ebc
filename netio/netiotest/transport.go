package netiotest

import (
	"net/netip"
	"sync"

	"gantry/netio"
)

// transport is one worker's end of a network.
type transport struct {
	network  *Network
	segments bool // not refused yet; the worker's own
	taken    []packet

	wake     chan struct{} // something was queued
	stopped  chan struct{}
	stopOnce sync.Once

	mu    sync.Mutex
	queue []packet
}

func newTransport(n *Network) *transport {
	return &transport{network: n, segments: true, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
}

func (t *transport) put(p packet) {
	t.mu.Lock()
	t.queue = append(t.queue, p)
	t.mu.Unlock()
	t.signal()
}

func (t *transport) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *transport) Receive(buffers []netio.Buffer, c *netio.Counters) (int, error) {
	t.network.mu.Lock()
	err := t.network.receiveFailure
	t.network.mu.Unlock()
	if err != nil {
		return 0, err
	}
	t.mu.Lock()
	n := min(len(buffers), len(t.queue))
	t.taken = append(t.taken[:0], t.queue[:n]...)
	t.queue = t.queue[n:]
	t.mu.Unlock()
	c[netio.ReceiveCalls]++
	if n == 0 {
		c[netio.EmptyReceives]++
	}
	for i, p := range t.taken {
		buffers[i] = netio.Buffer{Data: p.data, Segment: p.segment, PeerPort: p.peer.Port(), Segmentable: t.segments}
	}
	return n, nil
}

func (t *transport) Wait() error {
	select {
	case <-t.wake:
	case <-t.stopped:
	}
	return nil
}

// Send delivers the messages. Like a system's, it lets a bad message fail alone,
// and sends the parts of one that cannot be segmented.
func (t *transport) Send(messages []netio.Message, c *netio.Counters) {
	c[netio.SendCalls]++
	for _, m := range messages {
		replies := split(m.Data, m.Segment)
		switch {
		case !t.accepts(m, len(replies)):
			c[netio.SendErrors] += uint64(len(replies))
			continue
		case m.Segment > 0 && t.segmentsRefused():
			t.segments = false
			m.Segment = 0
		}
		c[netio.Replies] += uint64(len(replies))
		c[netio.SentBytes] += uint64(len(m.Data))
		c[netio.Messages]++
		if m.Segment > 0 {
			c[netio.Segmented] += uint64(len(replies))
		}
		t.forward(t.taken[m.To], replies, m.Segment > 0)
	}
}

// accepts says whether a kernel would take the message for this peer.
func (t *transport) accepts(m netio.Message, replies int) bool {
	t.network.mu.Lock()
	defer t.network.mu.Unlock()
	peer := t.taken[m.To].peer
	return !t.network.refusesPeer[peer] && t.network.peers[peer] != nil &&
		len(m.Data) <= maxPayload && replies <= maxSegments
}

func (t *transport) segmentsRefused() bool {
	t.network.mu.Lock()
	defer t.network.mu.Unlock()
	return t.network.noSegments
}

// forward hands replies to their peer.
func (t *transport) forward(request packet, replies [][]byte, shared bool) {
	t.network.mu.Lock()
	peer := t.network.peers[request.peer]
	t.network.mu.Unlock()
	for _, r := range replies {
		peer.put(Reply{From: request.local, Data: append([]byte{}, r...), Shared: shared})
	}
}

// split cuts data every segment bytes.
func split(data []byte, segment int) (parts [][]byte) {
	for segment > 0 && len(data) > segment {
		parts = append(parts, data[:segment])
		data = data[segment:]
	}
	return append(parts, data)
}

func (t *transport) SameFlow(a, b int) bool {
	return t.taken[a].peer == t.taken[b].peer && t.taken[a].local == t.taken[b].local
}

func (t *transport) Peer(i int) netip.AddrPort { return t.taken[i].peer }

func (t *transport) Local(i int) netip.AddrPort { return t.taken[i].local }

func (t *transport) Stop() { t.stopOnce.Do(func() { close(t.stopped) }) }

func (t *transport) Sockets() (stats []netio.SocketStats) {
	for _, addr := range t.network.addrs {
		stats = append(stats, netio.SocketStats{Addr: addr, DropsKnown: true, CoalesceReceive: true, SegmentSend: true})
	}
	return stats
}

func (t *transport) Close() error {
	t.Stop()
	return nil
}
