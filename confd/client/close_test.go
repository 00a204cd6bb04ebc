package client_test

import (
	"errors"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
)

func TestCloseEndsWhatWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:2], silence, nil)
		request := client.Ping()
		if err := w.client.SendRequest(request, client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		ended := make(chan string, 4)
		expect := func(name string, call func() bool) {
			go func() {
				if !call() {
					t.Errorf("%s has another outcome", name)
				}
				ended <- name
			}()
		}
		expect("Query", func() bool {
			_, err := w.client.Query(t.Context(), client.Ping(), 1)
			return errors.Is(err, client.ErrClosed)
		})
		expect("Batch", func() bool {
			results, err := w.client.Batch(t.Context(), numbered(100), client.BatchOptions{})
			return errors.Is(err, client.ErrClosed) && errors.Is(results[0].Err, client.ErrClosed) && errors.Is(results[99].Err, client.ErrClosed)
		})
		expect("WaitForReply", func() bool { return w.client.WaitForReply(request.RSalt, time.Minute) == client.Wait{TimedOut: true} })
		expect("ReceiveReply", func() bool { return !w.client.ReceiveReply(time.Minute) })
		pass(time.Second)
		if err := w.client.Close(); err != nil {
			t.Error(err)
		}
		for range cap(ended) {
			<-ended
		}
		if time.Since(start) != time.Second || w.Connections() != 0 {
			t.Errorf("ended after %s, %d connections are open", time.Since(start), w.Connections())
		}
		if err := w.client.Close(); err != nil {
			t.Errorf("closed again: %v", err)
		}
	})
}

func TestAClosedClientRefuses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:2], clienttest.Constant(0, "1", 0), nil)
		w.client.Close()
		if err := w.client.SendRequest(client.Ping(), client.SendOptions{}); !errors.Is(err, client.ErrClosed) {
			t.Errorf("SendRequest: %v", err)
		}
		if err := w.client.FlushSendQueue(); !errors.Is(err, client.ErrClosed) {
			t.Errorf("FlushSendQueue: %v", err)
		}
		if _, err := w.client.Query(t.Context(), client.Ping(), 1); !errors.Is(err, client.ErrClosed) {
			t.Errorf("Query: %v", err)
		}
		if _, err := w.client.Batch(t.Context(), numbered(1), client.BatchOptions{}); !errors.Is(err, client.ErrClosed) {
			t.Errorf("Batch: %v", err)
		}
		w.client.HandleResponse([]byte("plj0"), w.peers[0])
		w.client.ExpireRequests()
	})
}

// No callback runs after Close, which waits for the one that does.
func TestCloseWaitsForTheCallback(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		w := newWorld(t, nineIPv4[:4], clienttest.Constant(0, "1", 0), func(up *client.Upcall) {
			<-time.After(time.Second)
			got.upcall(up)
		})
		if err := w.client.SendRequest(client.Ping(), client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		start := time.Now()
		w.client.Close()
		if time.Since(start) != time.Second || len(got.ups()) != 1 {
			t.Errorf("closed after %s, %v", time.Since(start), got.types())
		}
		pass(time.Minute)
		if len(got.ups()) != 1 {
			t.Errorf("called after Close: %v", got.types())
		}
	})
}

// A connection that fails for a while doesn't end the client, nor keep it busy.
func TestReceiveErrorsAreSurvived(t *testing.T) {
	bubble(t, func(t *testing.T) {
		conn := &failingConn{closed: make(chan struct{})}
		c := mustNew(t, client.Config{Key: clienttest.Key, Peers: nineIPv4, Open: func(bool) (client.Conn, error) { return conn, nil }})
		pass(10 * time.Second)
		if n := c.Stats().ReceiveErrors; n < 10 || n > 1000 {
			t.Errorf("%d errors in 10 s", n)
		}
	})
}

type failingConn struct{ closed chan struct{} }

func (c *failingConn) Send(out []client.Datagram) (int, error) { return len(out), nil }
func (c *failingConn) Receive() ([]client.Datagram, error)     { return nil, errors.New("broken") }
func (c *failingConn) Close() error                            { close(c.closed); return nil }

// Over real sockets, a closed client leaves no descriptor behind. (TestMain sees to the goroutines.)
func TestCloseLeavesNoDescriptor(t *testing.T) {
	peer := (&clienttest.Server{Answer: echoName}).Listen(t, "127.0.0.1")
	use := func() {
		c, err := client.New(t.Context(), client.Config{Key: clienttest.Key, Peers: client.StaticPeers{peer}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Query(t.Context(), client.NodeRole("n1"), 1); err != nil {
			t.Error(err)
		}
		if _, err := c.Batch(t.Context(), numbered(10), client.BatchOptions{}); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	use() // the runtime's own descriptors are open from now on
	before := descriptors(t)
	for range 20 {
		use()
	}
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("descriptors before: %v, after: %v", before, after)
	}
}

// descriptors lists what the process has open, as far as the system tells.
func descriptors(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
