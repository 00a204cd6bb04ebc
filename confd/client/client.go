package client

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gantry/confd/wire"
)

// Config is what a client is made of. Key and Peers have to be set.
type Config struct {
	Key      []byte       // the content of the cluster's key file, all of it
	Peers    PeerSource   // whom to ask
	Callback Callback     // takes what becomes of the requests of SendRequest; nil if only Query and Batch are used
	Logger   *slog.Logger // is told at debug level of what is discarded; nil for none

	// Order arranges the peers before each request, which takes them from the start. It may change the slice; nil shuffles it. It is
	// called by one goroutine at a time.
	Order func(peers []netip.AddrPort)
	// Now tells the time that requests are stamped with: servers drop what is more than wire.MaxClockSkew seconds off. nil is time.Now.
	Now func() time.Time
	// Open makes the connection. nil opens a UDP socket; then each batch opens others, which can send and receive many datagrams in a call.
	Open func(ipv6 bool) (Conn, error)
}

// Client asks confds. All methods are safe for concurrent use. It owns a socket and two goroutines until Close.
type Client struct {
	key      *wire.Key
	source   PeerSource
	callback Callback
	logger   *slog.Logger
	order    func([]netip.AddrPort)
	now      func() time.Time
	salts    *salts
	ipv6     bool
	// ownSocket says that conn is a usual socket, beside which batches may open others.
	ownSocket bool

	mu      sync.Mutex
	peers   []netip.AddrPort
	pending map[string]*pending           // by salt
	lanes   map[[runSalt]byte]chan []byte // of batches that share conn, by what their salts begin with
	expiry  expiryHeap                    // those of pending that expire by themselves
	queue   []Datagram                    // to be sent
	queued  int                           // bytes of queue
	closed  bool

	conn   Conn
	sendMu sync.Mutex // held by whoever calls conn.Send

	upcalls upcallQueue
	handled chan struct{} // holds a token if a datagram was handled since ReceiveReply last returned
	wake    chan struct{} // holds a token if the send loop has something to do
	done    chan struct{} // closed by Close
	loops   sync.WaitGroup
	calls   sync.WaitGroup // batches under way

	receiver receiver
	counters counters
}

// New returns a client. It reads the peers, which must be of one address family, and opens the socket. ctx bounds only that.
func New(ctx context.Context, cfg Config) (*Client, error) {
	if len(cfg.Key) == 0 {
		return nil, fmt.Errorf("confd client: no key")
	}
	if cfg.Peers == nil {
		return nil, fmt.Errorf("confd client: %w", ErrNoPeers)
	}
	given, err := cfg.Peers.Peers(ctx)
	if err != nil {
		return nil, fmt.Errorf("confd client: %w", err)
	}
	peers, ipv6, err := checkPeers(given)
	if err != nil {
		return nil, fmt.Errorf("confd client: %w", err)
	}
	open := cfg.Open
	if open == nil {
		open = openUDP
	}
	conn, err := open(ipv6)
	if err != nil {
		return nil, fmt.Errorf("confd client: %w", err)
	}
	c := &Client{
		key: wire.NewKey(cfg.Key), source: cfg.Peers, callback: cfg.Callback, logger: cfg.Logger, order: cfg.Order, now: cfg.Now,
		salts: newSalts(), ipv6: ipv6, peers: peers, ownSocket: cfg.Open == nil, pending: make(map[string]*pending),
		lanes: make(map[[runSalt]byte]chan []byte), conn: conn,
		handled: make(chan struct{}, 1), wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	if c.callback == nil {
		c.callback = func(*Upcall) {}
	}
	if c.order == nil {
		c.order = shuffle
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.receiver = newReceiver(c.key)
	c.upcalls.idle.L = &c.upcalls.mu
	c.loops.Go(c.receiveLoop)
	c.loops.Go(c.sendLoop)
	return c, nil
}

func shuffle(peers []netip.AddrPort) {
	rand.Shuffle(len(peers), func(i, j int) { peers[i], peers[j] = peers[j], peers[i] })
}

// Close closes the socket, ends calls that wait, and waits for a callback that is running; none is called afterwards, also not for what is
// outstanding. It must not be called from a callback.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.pending = nil
	c.lanes = nil
	c.expiry = nil
	c.queue = nil
	c.mu.Unlock()
	close(c.done)
	c.upcalls.stop()
	err := c.conn.Close()
	c.loops.Wait()
	c.calls.Wait()
	if err != nil {
		return fmt.Errorf("confd client: close: %w", err)
	}
	return nil
}

// Peers returns the current peers, in no particular order.
func (c *Client) Peers() []netip.AddrPort {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.peers)
}

// UpdatePeerList replaces the peers. They must be of the family that the client began with; if they aren't, the old ones stay.
func (c *Client) UpdatePeerList(given []netip.AddrPort) error {
	peers, ipv6, err := checkPeers(given)
	if err != nil {
		return fmt.Errorf("update peers: %w", err)
	}
	if ipv6 != c.ipv6 {
		return fmt.Errorf("update peers: %w: the client was made for %s", ErrMixedFamilies, family(c.ipv6))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peers = peers
	return nil
}

// RefreshPeers replaces the peers by what the source says now.
func (c *Client) RefreshPeers(ctx context.Context) error {
	given, err := c.source.Peers(ctx)
	if err != nil {
		return fmt.Errorf("refresh peers: %w", err)
	}
	return c.UpdatePeerList(given)
}

// IPv6 says of which address family the peers are.
func (c *Client) IPv6() bool { return c.ipv6 }

func family(ipv6 bool) string {
	if ipv6 {
		return "IPv6"
	}
	return "IPv4"
}

// ordered returns the peers in the order in which a request takes them. c.mu is held.
func (c *Client) ordered() []netip.AddrPort {
	c.order(c.peers)
	return c.peers
}
