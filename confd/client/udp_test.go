package client_test

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
	"gantry/confd/wire"
)

// loopbacks returns the loopback addresses that the machine has.
func loopbacks(t *testing.T) []string {
	t.Helper()
	addrs := []string{"127.0.0.1"}
	socket, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Logf("no IPv6 here: %v", err)
		return addrs
	}
	socket.Close()
	return append(addrs, "::1")
}

func TestOverRealSockets(t *testing.T) {
	for _, loopback := range loopbacks(t) {
		t.Run(loopback, func(t *testing.T) {
			replay := clienttest.Replay(clienttest.Small())
			peers := client.StaticPeers{
				(&clienttest.Server{Answer: replay}).Listen(t, loopback),
				(&clienttest.Server{Answer: replay}).Listen(t, loopback),
			}
			ups := make(chan *client.Upcall, 10)
			c := mustNew(t, client.Config{Key: clienttest.Key, Peers: peers, Callback: func(up *client.Upcall) { ups <- up }})
			if err := c.SendRequest(client.Ping(), client.SendOptions{}); err != nil {
				t.Fatal(err)
			}
			from := map[netip.AddrPort]bool{(<-ups).Server: true, (<-ups).Server: true}
			if !from[peers[0]] || !from[peers[1]] {
				t.Errorf("answers from %v", from)
			}
			answer, err := c.Query(t.Context(), client.Master(), client.CoverageAll)
			if err != nil || answer.Answered != 2 || !answer.Consistent {
				t.Fatalf("%+v, %v", answer, err)
			}
			if name, err := answer.Master(); err != nil || name == "" {
				t.Errorf("%q, %v", name, err)
			}
			requests := []*client.Request{client.NodeIPList(), client.InstanceIPList(), client.CandidateIPList(), client.DataCollectors()}
			results, err := c.Batch(t.Context(), requests, client.BatchOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for i, result := range results {
				if result.Err != nil || result.Reply.Err() != nil {
					t.Errorf("result %d: %+v", i, result)
				}
			}
		})
	}
}

// A batch makes few calls: what it sends at once goes out in one, and what has gathered comes in by one.
func TestBatchMakesFewSystemCalls(t *testing.T) {
	peer := (&clienttest.Server{Answer: echoName}).Listen(t, "127.0.0.1")
	c := mustNew(t, client.Config{Key: clienttest.Key, Peers: client.StaticPeers{peer}})
	const queries = 2000
	results, err := c.Batch(t.Context(), numbered(queries), client.BatchOptions{Window: 64})
	if err != nil {
		t.Fatal(err)
	}
	checkEcho(t, results)
	stats := c.Stats()
	if runtime.GOOS == "linux" && stats.BatchSends > queries/16 {
		t.Errorf("%d calls sent %d queries, %d received the answers", stats.BatchSends, stats.Sent, stats.BatchReceives)
	}
	if stats.Replies != queries {
		t.Errorf("%d replies", stats.Replies)
	}
}

// A server that answers from another of its addresses is heard, although a batch's own socket doesn't hear it.
func TestBatchHearsAnswersFromElsewhere(t *testing.T) {
	server := &clienttest.Server{Answer: echoName, FromElsewhere: true}
	peer := server.Listen(t, "127.0.0.1")
	c := mustNew(t, client.Config{Key: clienttest.Key, Peers: client.StaticPeers{peer}})
	results, err := c.Batch(t.Context(), numbered(100), client.BatchOptions{Timeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	checkEcho(t, results)
}

// A peer that the system knows no way to counts as silent.
func TestBatchOfAPeerWithoutARoute(t *testing.T) {
	peer := (&clienttest.Server{Answer: echoName}).Listen(t, "127.0.0.1")
	c := mustNew(t, client.Config{Key: clienttest.Key, Peers: client.StaticPeers{peer}})
	nowhere := netip.MustParseAddrPort("255.255.255.255:1814") // refused, as the socket may not broadcast
	results, err := c.Batch(t.Context(), numbered(10), client.BatchOptions{Peer: nowhere, Attempts: 2, Timeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		if !errors.Is(result.Err, client.ErrPeerSilent) {
			t.Fatalf("result %d: %+v", i, result)
		}
	}
}

// Close doesn't wait for a batch to be done, only for it to notice.
func TestCloseEndsABatch(t *testing.T) {
	asked := make(chan struct{}, 1000)
	silent := &clienttest.Server{Answer: func(*wire.Request) (clienttest.Reply, bool) {
		asked <- struct{}{}
		return clienttest.Reply{}, false
	}}
	c := mustNew(t, client.Config{Key: clienttest.Key, Peers: client.StaticPeers{silent.Listen(t, "127.0.0.1")}})
	ended := make(chan error, 1)
	go func() {
		_, err := c.Batch(t.Context(), numbered(10), client.BatchOptions{Timeout: time.Hour})
		ended <- err
	}()
	<-asked
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, client.ErrClosed) {
		t.Error(err)
	}
}

// Nobody listens: the call ends in time, without an error of the system's.
func TestNobodyListens(t *testing.T) {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	peer := socket.LocalAddr().(*net.UDPAddr).AddrPort()
	socket.Close()
	c := mustNew(t, client.Config{Key: clienttest.Key, Peers: client.StaticPeers{peer}})
	results, err := c.Batch(t.Context(), numbered(1000), client.BatchOptions{Attempts: 1, Timeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		if result.Err == nil {
			t.Fatalf("result %d: %+v", i, result)
		}
	}
}
