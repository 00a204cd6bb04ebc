package client_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
	"gantry/confd/wire"
)

// The cases of the reference's own tests of its client, for both families.
func TestSendRequestAsksAsManyPeersAsTheCoverageSays(t *testing.T) {
	for _, peers := range []client.StaticPeers{nineIPv4, nineIPv6} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, peers, clienttest.Constant(0, "1", 0), nil)
			first := client.Ping()
			if err := w.client.SendRequest(first, client.SendOptions{Sync: true}); err != nil {
				t.Fatal(err)
			}
			if got := len(w.Sent()); got != client.DefaultCoverage {
				t.Errorf("the default coverage asked %d peers", got)
			}
			if err := w.client.SendRequest(first, client.SendOptions{Sync: true}); !errors.Is(err, client.ErrDuplicateSalt) {
				t.Errorf("the same request again: %v", err)
			}
			second := client.Ping()
			if err := w.client.SendRequest(second, client.SendOptions{Coverage: 15, Sync: true}); !errors.Is(err, client.ErrCoverage) {
				t.Errorf("coverage 15 of 9: %v", err)
			}
			if err := w.client.SendRequest(second, client.SendOptions{Coverage: client.CoverageAll, Sync: true}); err != nil {
				t.Fatal(err)
			}
			sent := w.Sent()[client.DefaultCoverage:]
			if !slices.Equal(sent, peers) {
				t.Errorf("asked %v", sent)
			}
		})
	}
}

func TestCoverage(t *testing.T) {
	for _, test := range []struct {
		peers, coverage int
		want            int // -1: refused
	}{
		{1, client.CoverageDefault, 1},
		{5, client.CoverageDefault, 5},
		{6, client.CoverageDefault, 6},
		{9, client.CoverageDefault, 6},
		{9, client.CoverageAll, 9},
		{9, 1, 1},
		{9, 9, 9},
		{9, 10, -1},
		{9, -2, -1},
	} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, nineIPv4[:test.peers], clienttest.Constant(0, "1", 0), nil)
			err := w.client.SendRequest(client.Ping(), client.SendOptions{Coverage: test.coverage, Sync: true})
			if got := len(w.Sent()); test.want == -1 && (!errors.Is(err, client.ErrCoverage) || got != 0) || test.want != -1 && (err != nil || got != test.want) {
				t.Errorf("coverage %d of %d peers: %d asked, %v", test.coverage, test.peers, got, err)
			}
		})
	}
}

func TestPeersAreShuffledForEachRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		network := clienttest.NewNetwork(nil)
		c := mustNew(t, client.Config{Key: clienttest.Key, Peers: nineIPv4, Open: network.Open})
		const requests = 200
		for range requests {
			if err := c.SendRequest(client.Ping(), client.SendOptions{Coverage: 1, Sync: true}); err != nil {
				t.Fatal(err)
			}
		}
		counts := make(map[netip.AddrPort]int)
		for _, peer := range network.Sent() {
			counts[peer]++
		}
		// All nine are missed with a probability of 9 (8/9)^200, one in two thousand million.
		if len(counts) != len(nineIPv4) {
			t.Errorf("only asked %v", counts)
		}
	})
}

func TestSendRequestRefuses(t *testing.T) {
	unsalted := client.Ping()
	unsalted.RSalt = ""
	unknown := client.Ping()
	unknown.Type = wire.NumTypes
	for _, test := range []struct {
		name    string
		request *client.Request
		want    error
	}{
		{"no salt", unsalted, client.ErrMissingSalt},
		{"unknown type", unknown, client.ErrInvalidType},
		{"a query that fits no datagram", client.NodeRole(strings.Repeat("n", client.MaxRequest)), client.ErrRequestTooBig},
	} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, nineIPv4, clienttest.Constant(0, "1", 0), nil)
			err := w.client.SendRequest(test.request, client.SendOptions{Sync: true})
			if !errors.Is(err, test.want) || len(w.Sent()) != 0 || w.client.Outstanding() != 0 {
				t.Errorf("%s: %v, %d sent, %d outstanding", test.name, err, len(w.Sent()), w.client.Outstanding())
			}
		})
	}
}

// The longest request goes out, and is read.
func TestSendRequestOfTheLargestSize(t *testing.T) {
	size := func(n int) int {
		r := client.NodeRole(strings.Repeat("n", n))
		msg := wire.AppendRequestMsg(nil, r.Type, r.Query, []byte(r.RSalt))
		return len(wire.AppendRequest(nil, wire.NewKey(clienttest.Key), time.Now().Unix(), msg))
	}
	bubble(t, func(t *testing.T) {
		longest := client.MaxRequest - size(0)
		var got recorder
		w := newWorld(t, nineIPv4[:1], clienttest.Constant(0, "4", 7), got.upcall)
		if err := w.client.SendRequest(client.NodeRole(strings.Repeat("n", longest)), client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := w.client.SendRequest(client.NodeRole(strings.Repeat("n", longest+1)), client.SendOptions{}); !errors.Is(err, client.ErrRequestTooBig) {
			t.Errorf("one byte more: %v", err)
		}
		if len(got.ups()) != 1 || got.ups()[0].Reply.Serial != 7 {
			t.Errorf("got %v", got.types())
		}
	})
}

// Without Sync, the client sends by itself.
func TestSendRequestIsSentAsynchronously(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		w := newWorld(t, nineIPv4[:2], clienttest.Constant(0, "1", 0), got.upcall)
		if err := w.client.SendRequest(client.Ping(), client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(got.ups()) != 2 {
			t.Errorf("got %v", got.types())
		}
	})
}

// A peer without a route keeps no one else from being asked.
func TestSendErrorsAreOneDatagramsOwn(t *testing.T) {
	for _, sync := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			var got recorder
			w := newWorld(t, nineIPv4[:4], clienttest.Constant(0, "1", 0), got.upcall)
			w.Refuse(w.peers[0])
			w.Refuse(w.peers[2])
			err := w.client.SendRequest(client.Ping(), client.SendOptions{Sync: sync})
			if sync != errors.Is(err, clienttest.ErrUnreachable) {
				t.Errorf("sync %v: %v", sync, err)
			}
			if err != nil && !strings.Contains(err.Error(), w.peers[0].String()) {
				t.Errorf("%v doesn't name the first", err)
			}
			synctest.Wait()
			if stats := w.client.Stats(); stats.Sent != 2 || stats.SendErrors != 2 || len(got.ups()) != 2 {
				t.Errorf("%+v, %v", stats, got.types())
			}
		})
	}
}

// blockedConn is a connection that doesn't get rid of what it sends.
type blockedConn struct {
	blocked chan struct{}
	once    sync.Once
}

func (c *blockedConn) Send(out []client.Datagram) (int, error) {
	<-c.blocked
	return len(out), nil
}

func (c *blockedConn) Receive() ([]client.Datagram, error) {
	<-c.blocked
	return nil, errors.New("closed")
}

func (c *blockedConn) Close() error {
	c.once.Do(func() { close(c.blocked) })
	return nil
}

func TestTheSendQueueIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		conn := &blockedConn{blocked: make(chan struct{})}
		c := mustNew(t, client.Config{Key: clienttest.Key, Peers: nineIPv4, Open: func(bool) (client.Conn, error) { return conn, nil }})
		long := strings.Repeat("n", 60000)
		for sent := 0; ; sent++ {
			err := c.SendRequest(client.NodeRole(long), client.SendOptions{})
			if errors.Is(err, client.ErrQueueFull) {
				break
			}
			if err != nil || sent > 2*client.MaxQueuedBytes/(client.DefaultCoverage*len(long)) {
				t.Fatalf("after %d: %v", sent, err)
			}
		}
	})
}

func TestOutstandingRequestsAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := mustNew(t, client.Config{Key: clienttest.Key, Peers: nineIPv4[:1], Open: clienttest.NewNetwork(nil).Open})
		for range client.MaxOutstanding {
			if err := c.SendRequest(client.Ping(), client.SendOptions{Sync: true}); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.SendRequest(client.Ping(), client.SendOptions{}); !errors.Is(err, client.ErrTooManyRequests) {
			t.Errorf("one more: %v", err)
		}
		if _, err := c.Query(t.Context(), client.Ping(), 1); !errors.Is(err, client.ErrTooManyRequests) {
			t.Errorf("a query more: %v", err)
		}
		pass(client.ExpireTimeout)
		if err := c.SendRequest(client.Ping(), client.SendOptions{}); err != nil || c.Outstanding() != 1 {
			t.Errorf("after expiration: %v, %d outstanding", err, c.Outstanding())
		}
	})
}

// Requests carry the time of the clock that the client was given.
func TestRequestsAreStampedWithTheClientsClock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for skew, want := range map[time.Duration]int{0: 1, wire.MaxClockSkew * time.Second: 1, -(wire.MaxClockSkew + 1) * time.Second: 0} {
			server := &clienttest.Server{Answer: clienttest.Constant(0, "1", 0)}
			network := clienttest.NewNetwork(map[netip.AddrPort]*clienttest.Server{nineIPv4[0]: server})
			c := mustNew(t, client.Config{Key: clienttest.Key, Peers: nineIPv4[:1], Open: network.Open, Now: func() time.Time { return time.Now().Add(skew) }})
			if err := c.SendRequest(client.Ping(), client.SendOptions{Sync: true}); err != nil {
				t.Fatal(err)
			}
			if server.Requests() != want {
				t.Errorf("skew %s: the server took %d requests", skew, server.Requests())
			}
		}
	})
}

// The key is in no log line, also not at debug level.
func TestLogsHoldNoKey(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var text bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
		network := clienttest.NewNetwork(map[netip.AddrPort]*clienttest.Server{
			nineIPv4[0]: {Answer: clienttest.Constant(0, "1", 0), Key: []byte("another")},
		})
		network.Refuse(nineIPv4[1])
		c := mustNew(t, client.Config{Key: clienttest.Key, Peers: nineIPv4[:2], Logger: logger, Open: network.Open})
		if err := c.SendRequest(client.Ping(), client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.HandleResponse([]byte("plj0{}"), nineIPv4[0])
		if text.Len() == 0 || strings.Contains(text.String(), strings.TrimSpace(string(clienttest.Key))) {
			t.Errorf("log: %s", &text)
		}
	})
}
