package client_test

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
	"gantry/confd/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// addrs parses peers "ADDR:PORT".
func addrs(texts ...string) client.StaticPeers {
	var peers client.StaticPeers
	for _, text := range texts {
		peers = append(peers, netip.MustParseAddrPort(text))
	}
	return peers
}

var (
	nineIPv4 = addrs("192.0.2.1:1814", "192.0.2.2:1814", "192.0.2.3:1814", "192.0.2.4:1814", "192.0.2.5:1814",
		"192.0.2.6:1814", "192.0.2.7:1814", "192.0.2.8:1814", "192.0.2.9:1814")
	nineIPv6 = addrs("[2001:db8::1]:1814", "[2001:db8::2]:1814", "[2001:db8::3]:1814", "[2001:db8::4]:1814", "[2001:db8::5]:1814",
		"[2001:db8::6]:1814", "[2001:db8::7]:1814", "[2001:db8::8]:1814", "[2001:db8::9]:1814")
)

// world is a client among servers in memory.
type world struct {
	*clienttest.Network
	client  *client.Client
	peers   client.StaticPeers
	servers []*clienttest.Server // by peer
}

// newWorld makes a server for each peer, all with the same answer, and a client that takes the peers in their order.
func newWorld(t *testing.T, peers client.StaticPeers, answer clienttest.Answer, callback client.Callback) *world {
	t.Helper()
	w := &world{peers: peers}
	byAddr := make(map[netip.AddrPort]*clienttest.Server)
	for _, peer := range peers {
		server := &clienttest.Server{Answer: answer}
		w.servers = append(w.servers, server)
		byAddr[peer] = server
	}
	w.Network = clienttest.NewNetwork(byAddr)
	w.client = mustNew(t, client.Config{Key: clienttest.Key, Peers: peers, Callback: callback, Order: inOrder, Open: w.Open})
	return w
}

func inOrder([]netip.AddrPort) {}

func mustNew(t *testing.T, cfg client.Config) *client.Client {
	t.Helper()
	c, err := client.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// bubble runs a test with a clock of its own, whose time passes when all goroutines wait.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// pass lets time pass in a bubble, and what is due happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// recorder is a callback that keeps what it was told.
type recorder struct {
	mu   sync.Mutex
	told []*client.Upcall
}

func (r *recorder) upcall(up *client.Upcall) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, up)
}

func (r *recorder) ups() []*client.Upcall {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.told)
}

func (r *recorder) types() []client.UpcallType {
	var types []client.UpcallType
	for _, up := range r.ups() {
		types = append(types, up.Type)
	}
	return types
}

// silence is what a server says that answers nothing.
func silence(*wire.Request) (clienttest.Reply, bool) { return clienttest.Reply{}, false }
