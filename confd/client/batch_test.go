package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
	"gantry/confd/wire"
)

// echoName answers a node role with the number in the asked name, so that results can be told apart.
func echoName(r *wire.Request) (clienttest.Reply, bool) {
	return clienttest.Reply{Answer: strings.TrimPrefix(string(r.Plain), "n"), Serial: 1}, true
}

func numbered(n int) []*client.Request {
	requests := make([]*client.Request, n)
	for i := range requests {
		requests[i] = client.NodeRole(fmt.Sprintf("n%d", i))
	}
	return requests
}

// checkEcho checks that every result is its own request's.
func checkEcho(t *testing.T, results []client.BatchResult) {
	t.Helper()
	for i, result := range results {
		if result.Err != nil || string(result.Reply.Answer) != fmt.Sprint(i) {
			t.Fatalf("result %d: %s, %v", i, result.Reply.Answer, result.Err)
		}
	}
}

func TestBatchReturnsResultsInOrder(t *testing.T) {
	for _, n := range []int{0, 1, 2, 31, 1000} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, nineIPv4[:3], echoName, nil)
			for i, server := range w.servers { // each answers in an order of its own
				server.Copies = func(n int) []time.Duration { return []time.Duration{time.Duration((i+1)*(7-n%7)) * ms} }
			}
			results, err := w.client.Batch(t.Context(), numbered(n), client.BatchOptions{})
			if err != nil || len(results) != n {
				t.Fatalf("%d results, %v", len(results), err)
			}
			checkEcho(t, results)
			for i, result := range results {
				if result.Attempts != 1 || result.Server != w.peers[i%3] {
					t.Fatalf("result %d: %+v", i, result)
				}
			}
			if w.client.Outstanding() != 0 {
				t.Errorf("%d requests are left behind", w.client.Outstanding())
			}
		})
	}
}

// Every exchange with the real server comes back as it was recorded.
func TestBatchOfATranscript(t *testing.T) {
	bubble(t, func(t *testing.T) {
		exchanges := clienttest.Small()
		w := newWorld(t, nineIPv6[:1], clienttest.Replay(exchanges), nil)
		var requests []*client.Request
		var asked []clienttest.Exchange
		for _, e := range exchanges {
			query, err := e.WireQuery()
			if err != nil || e.Reply == nil {
				continue
			}
			request, err := client.NewRequest(e.Type, query)
			if err != nil {
				t.Fatal(err)
			}
			requests, asked = append(requests, request), append(asked, e)
		}
		results, err := w.client.Batch(t.Context(), requests, client.BatchOptions{})
		if err != nil || len(results) < 150 {
			t.Fatalf("%d results, %v", len(results), err)
		}
		for i, result := range results {
			want := asked[i].Reply
			if result.Err != nil || int(result.Reply.Status) != want.Status || result.Reply.Serial != want.Serial || !client.SameAnswer(result.Reply.Answer, want.Answer) {
				t.Errorf("type %d %s: got %+v", asked[i].Type, asked[i].Query, result)
			}
		}
	})
}

func TestBatchRepeatsWhatIsLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], echoName, nil)
		w.servers[0].Copies = func(n int) []time.Duration {
			if n%3 == 0 {
				return nil
			}
			return []time.Duration{0}
		}
		results, err := w.client.Batch(t.Context(), numbered(300), client.BatchOptions{Attempts: 10})
		if err != nil {
			t.Fatal(err)
		}
		checkEcho(t, results)
		attempts := 0
		for _, result := range results {
			attempts += result.Attempts
		}
		if got := w.servers[0].Requests(); got != attempts || got <= 300 {
			t.Errorf("%d requests came, %d attempts are reported", got, attempts)
		}
	})
}

func TestBatchReportsLosses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], func(r *wire.Request) (clienttest.Reply, bool) {
			if string(r.Plain) == "n5" {
				return clienttest.Reply{}, false
			}
			return echoName(r)
		}, nil)
		w.servers[0].Copies = func(int) []time.Duration { return []time.Duration{0} }
		requests := numbered(10)
		start := time.Now()
		results, err := w.client.Batch(t.Context(), requests, client.BatchOptions{Window: 2})
		if err != nil {
			t.Fatal(err)
		}
		for i, result := range results {
			if lost := errors.Is(result.Err, client.ErrNoAnswer); lost != (i == 5) {
				t.Errorf("result %d: %v", i, result.Err)
			}
		}
		if results[5].Attempts != client.DefaultAttempts || time.Since(start) != 15*time.Second {
			t.Errorf("%d attempts in %s", results[5].Attempts, time.Since(start))
		}
	})
}

// Another attempt goes to the next peer, unless one was named.
func TestBatchTriesOtherPeers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:3], echoName, nil)
		w.servers[0].SetSilent(true)
		w.Refuse(w.peers[1])
		results, err := w.client.Batch(t.Context(), numbered(30), client.BatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		checkEcho(t, results)
		for i, result := range results {
			if result.Server != w.peers[2] || result.Attempts != 2-i%3/2 {
				t.Errorf("result %d: %+v", i, result)
			}
		}
	})
}

// A named peer that says nothing is given up, not asked everything in vain.
func TestBatchGivesUpASilentPeer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:3], echoName, nil)
		w.servers[0].SetSilent(true)
		start := time.Now()
		results, err := w.client.Batch(t.Context(), numbered(1000), client.BatchOptions{Peer: w.peers[0]})
		if err != nil {
			t.Fatal(err)
		}
		for i, result := range results {
			if !errors.Is(result.Err, client.ErrPeerSilent) || result.Server != w.peers[0] {
				t.Fatalf("result %d: %+v", i, result)
			}
		}
		if time.Since(start) != 15*time.Second || len(w.Sent()) > 200 {
			t.Errorf("took %s and %d datagrams", time.Since(start), len(w.Sent()))
		}
	})
}

// When all are silent at first they may be slow, and get their time.
func TestBatchOfSlowPeers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:3], echoName, nil)
		for _, server := range w.servers {
			server.Copies = func(int) []time.Duration { return []time.Duration{1500 * ms} }
		}
		results, err := w.client.Batch(t.Context(), numbered(20), client.BatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		checkEcho(t, results)
		for _, server := range w.servers {
			server.SetSilent(true)
		}
		results, err = w.client.Batch(t.Context(), numbered(20), client.BatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i, result := range results {
			if !errors.Is(result.Err, client.ErrPeerSilent) {
				t.Fatalf("result %d: %+v", i, result)
			}
		}
	})
}

// A peer needn't be among the client's own.
func TestBatchOfAnotherPeer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := &clienttest.Server{Answer: echoName}
		network := clienttest.NewNetwork(map[netip.AddrPort]*clienttest.Server{nineIPv4[5]: server})
		c := mustNew(t, client.Config{Key: clienttest.Key, Peers: nineIPv4[:1], Open: network.Open})
		results, err := c.Batch(t.Context(), numbered(3), client.BatchOptions{Peer: netip.MustParseAddrPort("[::ffff:192.0.2.6]:1814")})
		if err != nil {
			t.Fatal(err)
		}
		checkEcho(t, results)
	})
}

// Replies that come twice or late change nothing, and are counted.
func TestBatchIgnoresRepeatedReplies(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], echoName, nil)
		w.servers[0].Copies = func(int) []time.Duration { return []time.Duration{0, 0, 5 * time.Second} }
		results, err := w.client.Batch(t.Context(), numbered(200), client.BatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		checkEcho(t, results)
		pass(6 * time.Second)
		if got := w.client.Stats().Discarded[client.DiscardUnexpected]; got != 400 {
			t.Errorf("%d were unexpected", got)
		}
	})
}

// A server that is slower than the first attempt's timeout is still heard.
func TestBatchHearsSlowServers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], echoName, nil)
		w.servers[0].Copies = func(int) []time.Duration { return []time.Duration{2500 * ms} }
		results, err := w.client.Batch(t.Context(), numbered(100), client.BatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		checkEcho(t, results)
	})
}

func TestBatchEndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], echoName, nil)
		w.servers[0].Copies = func(n int) []time.Duration {
			if n >= 10 {
				return nil
			}
			return []time.Duration{0}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*ms)
		defer cancel()
		results, err := w.client.Batch(ctx, numbered(100), client.BatchOptions{})
		if !errors.Is(err, context.DeadlineExceeded) || len(results) != 100 {
			t.Fatalf("%d results, %v", len(results), err)
		}
		for i, result := range results {
			if i < 10 && result.Err != nil || i >= 10 && !errors.Is(result.Err, context.DeadlineExceeded) {
				t.Errorf("result %d: %v", i, result.Err)
			}
		}
		if w.client.Outstanding() != 0 {
			t.Errorf("%d requests are left behind", w.client.Outstanding())
		}
	})
}

// A query that can't be sent fails alone.
func TestBatchOfUnsendableQueries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], echoName, nil)
		requests := numbered(5)
		requests[1] = client.NodeRole(strings.Repeat("n", client.MaxRequest))
		requests[3] = client.Ping()
		requests[3].Type = wire.NumTypes
		results, err := w.client.Batch(t.Context(), requests, client.BatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []error{nil, client.ErrRequestTooBig, nil, client.ErrInvalidType, nil} {
			if !errors.Is(results[i].Err, want) {
				t.Errorf("result %d: %v", i, results[i].Err)
			}
		}
	})
}

// Only unsendable queries end a batch, too.
func TestBatchOfNothingButUnsendableQueries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], echoName, nil)
		requests := numbered(client.DefaultWindow * 2)
		for _, r := range requests {
			r.Type = wire.NumTypes
		}
		results, err := w.client.Batch(t.Context(), requests, client.BatchOptions{})
		if err != nil || !errors.Is(results[len(results)-1].Err, client.ErrInvalidType) {
			t.Errorf("%v, %+v", err, results[len(results)-1])
		}
	})
}

// One request may occur many times.
func TestBatchOfOneRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:2], clienttest.Constant(0, "1", 5), nil)
		request := client.Ping()
		results, err := w.client.Batch(t.Context(), []*client.Request{request, request, request}, client.BatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i, result := range results {
			if result.Err != nil || result.Reply.Serial != 5 {
				t.Errorf("result %d: %+v", i, result)
			}
		}
	})
}

func TestBatchRefusesOptions(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], echoName, nil)
		for _, options := range []client.BatchOptions{
			{Window: -1}, {Window: client.MaxWindow + 1}, {Attempts: -1}, {Attempts: client.MaxAttempts + 1}, {Timeout: -1},
			{Timeout: client.MaxAttemptTimeout + 1}, {Peer: nineIPv6[0]}, {Peer: netip.MustParseAddrPort("192.0.2.1:0")},
		} {
			if _, err := w.client.Batch(t.Context(), numbered(1), options); err == nil {
				t.Errorf("%+v is accepted", options)
			}
		}
	})
}

// Batches don't disturb each other, nor the requests of SendRequest.
func TestBatchesAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		w := newWorld(t, nineIPv4[:2], echoName, got.upcall)
		const batches = 5
		done := make(chan []client.BatchResult, batches)
		for range batches {
			go func() {
				results, err := w.client.Batch(t.Context(), numbered(300), client.BatchOptions{})
				if err != nil {
					t.Error(err)
				}
				done <- results
			}()
		}
		if err := w.client.SendRequest(client.NodeRole("n1"), client.SendOptions{}); err != nil {
			t.Error(err)
		}
		for range batches {
			checkEcho(t, <-done)
		}
		synctest.Wait()
		if len(got.ups()) != 2 {
			t.Errorf("the callback heard %v", got.types())
		}
	})
}
