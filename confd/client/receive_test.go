package client_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
	"gantry/confd/wire"
)

func TestReplyUpcallHasAllFields(t *testing.T) {
	for _, peers := range []client.StaticPeers{addrs("192.0.2.1:4711"), addrs("[2001:db8::1]:4711"), addrs("[fe80::1%eth0]:4711")} {
		bubble(t, func(t *testing.T) {
			var got recorder
			w := newWorld(t, peers, clienttest.Constant(0, `{"a": 1}`, 42), got.upcall)
			request, args := client.ConfigValue("/x"), &struct{}{}
			if err := w.client.SendRequest(request, client.SendOptions{Args: args}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if len(got.ups()) != 1 {
				t.Fatalf("got %v", got.types())
			}
			up := got.ups()[0]
			if up.Type != client.UpcallReply || up.Salt != request.RSalt || up.Request != request || up.Args != args || up.Client != w.client ||
				up.Server != peers[0] || up.Reply.Protocol != 1 || up.Reply.Status != 0 || string(up.Reply.Answer) != `{"a": 1}` || up.Reply.Serial != 42 {
				t.Errorf("got %+v", up)
			}
		})
	}
}

// The reference passes every authentic reply on, wherever it comes from and however often.
func TestRepliesFromElsewhereAndTwice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		w := newWorld(t, nineIPv4[:1], clienttest.Constant(0, "1", 0), got.upcall)
		w.servers[0].From = netip.MustParseAddrPort("203.0.113.7:9")
		w.servers[0].Copies = func(int) []time.Duration { return []time.Duration{0, time.Second} }
		if err := w.client.SendRequest(client.Ping(), client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		if ups := got.ups(); len(ups) != 2 || ups[0].Server != w.servers[0].From {
			t.Errorf("got %v", got.types())
		}
	})
}

// signed returns a reply datagram with any message.
func signed(key []byte, msg, salt string) []byte {
	sealer := wire.NewSealer(1)
	datagram := sealer.Append(nil, &wire.Request{RSalt: []byte(salt), Key: wire.NewKey(key)}, []byte(msg), nil)
	sealer.Sign(datagram)
	return datagram
}

func TestOnlyAuthenticExpectedRepliesAreAccepted(t *testing.T) {
	const good = `{"protocol":1,"status":0,"answer":3000000,"serial":0}`
	for _, test := range []struct {
		name     string
		datagram func(salt string) []byte
		want     client.Discard // 0: accepted
	}{
		{"a good reply", func(salt string) []byte { return signed(clienttest.Key, good, salt) }, 0},
		{"an empty datagram", func(string) []byte { return nil }, client.DiscardMagic},
		{"half a magic", func(string) []byte { return []byte("pl") }, client.DiscardMagic},
		{"another magic", func(salt string) []byte {
			return bytes.Replace(signed(clienttest.Key, good, salt), []byte("plj0"), []byte("plj1"), 1)
		}, client.DiscardMagic},
		{"only the magic", func(string) []byte { return []byte("plj0") }, client.DiscardEnvelope},
		{"no JSON", func(string) []byte { return []byte("plj0hello") }, client.DiscardEnvelope},
		{"a lacking field", func(string) []byte { return []byte(`plj0{"msg":"","salt":""}`) }, client.DiscardEnvelope},
		{"another key", func(salt string) []byte { return signed([]byte("other"), good, salt) }, client.DiscardSignature},
		{"the key without its newline", func(salt string) []byte { return signed(bytes.TrimSpace(clienttest.Key), good, salt) }, client.DiscardSignature},
		{"a changed message", func(salt string) []byte {
			return bytes.Replace(signed(clienttest.Key, good, salt), []byte("3000000"), []byte("3000001"), 1)
		}, client.DiscardSignature},
		{"a changed salt", func(salt string) []byte {
			return bytes.Replace(signed(clienttest.Key, good, strings.Repeat("x", len(salt))), []byte(strings.Repeat("x", len(salt))), []byte(salt), 1)
		}, client.DiscardSignature},
		{"another salt", func(string) []byte { return signed(clienttest.Key, good, "other") }, client.DiscardUnexpected},
		{"no salt", func(string) []byte { return signed(clienttest.Key, good, "") }, client.DiscardUnexpected},
		{"protocol 2", func(salt string) []byte {
			return signed(clienttest.Key, `{"protocol":2,"status":0,"answer":1,"serial":0}`, salt)
		}, client.DiscardMessage},
		{"status 2", func(salt string) []byte {
			return signed(clienttest.Key, `{"protocol":1,"status":2,"answer":"not implemented","serial":0}`, salt)
		}, 0},
		{"status 3", func(salt string) []byte {
			return signed(clienttest.Key, `{"protocol":1,"status":3,"answer":1,"serial":0}`, salt)
		}, client.DiscardMessage},
		{"status -1", func(salt string) []byte {
			return signed(clienttest.Key, `{"protocol":1,"status":-1,"answer":1,"serial":0}`, salt)
		}, client.DiscardMessage},
		{"no serial", func(salt string) []byte { return signed(clienttest.Key, `{"protocol":1,"status":0,"answer":1}`, salt) }, client.DiscardMessage},
		{"a list as the message", func(salt string) []byte { return signed(clienttest.Key, `[1]`, salt) }, client.DiscardMessage},
		{"an old server's order and blanks", func(salt string) []byte {
			return signed(clienttest.Key, `{"answer": "ok", "protocol": 1, "serial": 5, "status": 0}`+"\n", salt)
		}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var got recorder
				w := newWorld(t, nineIPv4[:1], silence, got.upcall)
				request := client.Ping()
				if err := w.client.SendRequest(request, client.SendOptions{Sync: true}); err != nil {
					t.Fatal(err)
				}
				w.client.HandleResponse(test.datagram(request.RSalt), w.peers[0])
				stats := w.client.Stats()
				if accepted := test.want == 0; accepted != (len(got.ups()) == 1) || accepted != (stats.Replies == 1) || stats.Received != 1 {
					t.Errorf("got %v, %+v", got.types(), stats)
				}
				if test.want != 0 && stats.Discarded[test.want] != 1 {
					t.Errorf("discarded %v, not for %s", stats.Discarded, test.want)
				}
			})
		})
	}
}

// The longest reply that a datagram holds is read; the reference's client stops at 61,440 bytes.
func TestTheLongestReply(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		request := client.ConfigValue("/instances")
		text := func(n int) string {
			return `{"protocol":1,"status":0,"answer":"` + strings.Repeat("x", n) + `","serial":1}`
		}
		overhead := len(signed(clienttest.Key, text(0), request.RSalt))
		longest := client.MaxReply - overhead
		w := newWorld(t, nineIPv4[:1], func(*wire.Request) (clienttest.Reply, bool) { return clienttest.Reply{Text: text(longest)}, true }, got.upcall)
		if err := w.client.SendRequest(request, client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if ups := got.ups(); len(ups) != 1 || len(ups[0].Reply.Answer) != longest+2 {
			t.Errorf("got %v", got.types())
		}
	})
}

// Callbacks run one at a time, whoever brings the replies, and in order.
func TestUpcallsAreSerialised(t *testing.T) {
	bubble(t, func(t *testing.T) {
		running, total := 0, 0
		w := newWorld(t, nineIPv4[:1], silence, func(up *client.Upcall) {
			running++
			if running != 1 {
				t.Error("callbacks overlap")
			}
			total++
			<-time.After(time.Millisecond)
			running--
		})
		request := client.Ping()
		if err := w.client.SendRequest(request, client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		reply := signed(clienttest.Key, `{"protocol":1,"status":0,"answer":1,"serial":0}`, request.RSalt)
		for range 10 {
			go w.client.HandleResponse(reply, w.peers[0])
		}
		pass(time.Second)
		w.client.Close() // which orders the accesses to total
		if total != 10 {
			t.Errorf("%d callbacks ran", total)
		}
	})
}

// A callback that is too slow loses replies, not memory.
func TestUpcallsAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		release := make(chan struct{})
		var got recorder
		w := newWorld(t, nineIPv4[:1], silence, func(up *client.Upcall) {
			<-release
			got.upcall(up)
		})
		request := client.Ping()
		if err := w.client.SendRequest(request, client.SendOptions{Sync: true}); err != nil {
			t.Fatal(err)
		}
		reply := signed(clienttest.Key, `{"protocol":1,"status":0,"answer":1,"serial":0}`, request.RSalt)
		go w.client.HandleResponse(reply, w.peers[0])
		synctest.Wait()
		const more = 10
		for range client.MaxUpcalls + more {
			w.client.HandleResponse(reply, w.peers[0])
		}
		if dropped := w.client.Stats().Discarded[client.DiscardOverflow]; dropped != more {
			t.Errorf("%d dropped", dropped)
		}
		close(release)
		synctest.Wait()
		if len(got.ups()) != client.MaxUpcalls+1 {
			t.Errorf("%d callbacks ran", len(got.ups()))
		}
	})
}

// What a callback keeps stays as it was when later replies come.
func TestRepliesAreCopies(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		n := 0
		w := newWorld(t, nineIPv4[:1], func(*wire.Request) (clienttest.Reply, bool) {
			n++
			return clienttest.Reply{Answer: fmt.Sprintf("%d", n)}, true
		}, got.upcall)
		for range 50 {
			if err := w.client.SendRequest(client.Ping(), client.SendOptions{Sync: true}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		for i, up := range got.ups() {
			if string(up.Reply.Answer) != fmt.Sprint(i+1) {
				t.Fatalf("reply %d became %s", i+1, up.Reply.Answer)
			}
		}
	})
}

func TestReceiveReply(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		w := newWorld(t, nineIPv4[:2], clienttest.Constant(0, "1", 0), got.upcall)
		w.servers[0].Copies = func(int) []time.Duration { return []time.Duration{time.Second} }
		w.servers[1].Copies = func(int) []time.Duration { return []time.Duration{3 * time.Second} }
		if err := w.client.SendRequest(client.Ping(), client.SendOptions{Sync: true}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for i, want := range []struct {
			timeout time.Duration
			handled bool
			after   time.Duration // since the start
		}{
			{500 * time.Millisecond, false, 500 * time.Millisecond},
			{time.Second, true, time.Second},
			{time.Second, false, 2 * time.Second},
			{time.Minute, true, 3 * time.Second},
			{0, false, 3 * time.Second},
		} {
			if got := w.client.ReceiveReply(want.timeout); got != want.handled || time.Since(start) != want.after {
				t.Errorf("call %d: %v after %s", i, got, time.Since(start))
			}
		}
	})
}

// A reply that was handled before ReceiveReply is called isn't waited for, so that the usual loop can't miss it.
func TestReceiveReplyAfterTheFact(t *testing.T) {
	bubble(t, func(t *testing.T) {
		counter := client.NewCountingCallback(func(*client.Upcall) {})
		w := newWorld(t, nineIPv4[:3], clienttest.Constant(0, "1", 0), counter.Upcall)
		for range 20 {
			request := client.Ping()
			if err := counter.RegisterQuery(request.RSalt); err != nil {
				t.Fatal(err)
			}
			if err := w.client.SendRequest(request, client.SendOptions{Sync: true}); err != nil {
				t.Fatal(err)
			}
			for !counter.AllAnswered() {
				if !w.client.ReceiveReply(time.Second) {
					t.Fatal("timed out")
				}
			}
		}
	})
}

func TestWaitForReply(t *testing.T) {
	after := func(delays ...time.Duration) func(int) []time.Duration {
		return func(int) []time.Duration { return delays }
	}
	for _, test := range []struct {
		name   string
		copies []func(int) []time.Duration // by server
		want   client.Wait
		after  time.Duration
	}{
		{"all answer", []func(int) []time.Duration{after(0), after(time.Second), after(2 * time.Second)}, client.Wait{Sent: 3, Received: 2}, time.Second},
		{"too few answer", []func(int) []time.Duration{after(time.Second), after()}, client.Wait{TimedOut: true, Sent: 2, Received: 1}, 5 * time.Second},
		{"one answers twice", []func(int) []time.Duration{after(0, time.Second), after()}, client.Wait{TimedOut: true, Sent: 2, Received: 1}, 5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var got recorder
				w := newWorld(t, nineIPv4[:len(test.copies)], clienttest.Constant(0, "1", 0), got.upcall)
				for i, copies := range test.copies {
					w.servers[i].Copies = copies
				}
				request := client.Ping()
				if err := w.client.SendRequest(request, client.SendOptions{}); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if wait := w.client.WaitForReply(request.RSalt, 5*time.Second); wait != test.want || time.Since(start) != test.after {
					t.Errorf("got %+v after %s", wait, time.Since(start))
				}
				if len(got.ups()) < test.want.Received {
					t.Errorf("returned before the callback was told: %v", got.types())
				}
			})
		})
	}
}

func TestWaitForReplyOfUnknownRequests(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], silence, nil)
		start := time.Now()
		if wait := w.client.WaitForReply("unknown", time.Second); wait != (client.Wait{TimedOut: true}) || time.Since(start) != 0 {
			t.Errorf("got %+v after %s", wait, time.Since(start))
		}
	})
}

// Waiting keeps the request from expiring meanwhile, however long.
func TestWaitForReplyExtendsTheRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		w := newWorld(t, nineIPv4[:1], clienttest.Constant(0, "1", 0), got.upcall)
		w.servers[0].Copies = func(int) []time.Duration { return []time.Duration{2 * client.ExpireTimeout} }
		request := client.Ping()
		if err := w.client.SendRequest(request, client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		if wait := w.client.WaitForReply(request.RSalt, 3*client.ExpireTimeout); wait != (client.Wait{Sent: 1, Received: 1}) {
			t.Errorf("got %+v", wait)
		}
		pass(2 * client.ExpireTimeout)
		if want := []client.UpcallType{client.UpcallReply, client.UpcallExpire}; !slices.Equal(got.types(), want) {
			t.Errorf("got %v", got.types())
		}
	})
}

func TestNeededReplies(t *testing.T) {
	for asked, want := range []int{0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7} {
		if got := client.NeededReplies(asked); got != want {
			t.Errorf("%d asked: %d needed, want %d", asked, got, want)
		}
	}
}
