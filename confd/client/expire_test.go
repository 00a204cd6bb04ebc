package client_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
)

func TestRequestsExpireOneByOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		w := newWorld(t, nineIPv4, silence, got.upcall)
		first, second := client.Ping(), client.Ping()
		send := func(r *client.Request) {
			if err := w.client.SendRequest(r, client.SendOptions{Args: r.RSalt}); err != nil {
				t.Fatal(err)
			}
		}
		send(first)
		pass(2 * time.Second)
		send(second)
		pass(client.ExpireTimeout - 2*time.Second - time.Nanosecond)
		w.client.ExpireRequests()
		if len(got.ups()) != 0 {
			t.Errorf("expired early: %v", got.types())
		}
		pass(time.Nanosecond)
		if len(got.ups()) != 1 || got.ups()[0].Type != client.UpcallExpire || got.ups()[0].Salt != first.RSalt || got.ups()[0].Request != first ||
			got.ups()[0].Args != first.RSalt || got.ups()[0].Client != w.client || got.ups()[0].Server.IsValid() || got.ups()[0].Reply.Answer != nil {
			t.Fatalf("the first expired as %+v", got.ups())
		}
		pass(2 * time.Second)
		if len(got.ups()) != 2 || got.ups()[1].Salt != second.RSalt {
			t.Errorf("the second expired as %v", got.types())
		}
		if w.client.Outstanding() != 0 || w.client.Stats().Expired != 2 {
			t.Errorf("%d outstanding, %+v", w.client.Outstanding(), w.client.Stats())
		}
	})
}

// Answered requests expire, too: the callback is always told of the end.
func TestAnsweredRequestsExpire(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		w := newWorld(t, nineIPv4[:2], clienttest.Constant(0, "1", 0), got.upcall)
		if err := w.client.SendRequest(client.Ping(), client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		pass(client.ExpireTimeout)
		if want := []client.UpcallType{client.UpcallReply, client.UpcallReply, client.UpcallExpire}; !slices.Equal(got.types(), want) {
			t.Errorf("got %v", got.types())
		}
	})
}

// A reply that comes after the expiration is unexpected.
func TestLateRepliesAreDropped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		w := newWorld(t, nineIPv4[:1], clienttest.Constant(0, "1", 0), got.upcall)
		w.servers[0].Copies = func(int) []time.Duration { return []time.Duration{client.ExpireTimeout + time.Second} }
		if err := w.client.SendRequest(client.Ping(), client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		pass(client.ExpireTimeout + 2*time.Second)
		if want := []client.UpcallType{client.UpcallExpire}; !slices.Equal(got.types(), want) || w.client.Stats().Discarded[client.DiscardUnexpected] != 1 {
			t.Errorf("got %v, %+v", got.types(), w.client.Stats())
		}
	})
}

// A callback may ask again when a request expires.
func TestACallbackMaySendAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got recorder
		again := 3
		w := newWorld(t, nineIPv4[:1], silence, func(up *client.Upcall) {
			got.upcall(up)
			if again--; again == 0 {
				up.Client.SendRequest(client.Ping(), client.SendOptions{})
				return
			}
			if again > 0 {
				if err := up.Client.SendRequest(client.Ping(), client.SendOptions{Sync: true}); err != nil {
					t.Error(err)
				}
			}
		})
		if err := w.client.SendRequest(client.Ping(), client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		pass(3 * client.ExpireTimeout)
		synctest.Wait()
		if len(got.ups()) != 3 || len(w.Sent()) != 4 {
			t.Errorf("got %v, %d sent", got.types(), len(w.Sent()))
		}
	})
}
