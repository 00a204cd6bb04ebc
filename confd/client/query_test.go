package client_test

import (
	"context"
	"errors"
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

// queryCase is servers, each "ms STATUS ANSWER @SERIAL" with the milliseconds until its reply, or "silent", and what Query makes of them.
type queryCase struct {
	name     string
	servers  []string
	coverage int

	answer   string // as of heard; "" for none
	server   int    // who gave it
	asked    int
	answered int
	disagree bool
	err      error
	after    time.Duration
}

const ms = time.Millisecond

var queryCases = []queryCase{
	{name: "the first good answer", servers: []string{"0 0 1 @5", "0 0 2 @9"}, coverage: 1, answer: "0 1 @5", asked: 1, answered: 1},
	{name: "a silent peer is helped out", servers: []string{"silent", "0 0 1 @5"}, coverage: 1,
		answer: "0 1 @5", server: 1, asked: 2, answered: 1, after: 250 * ms},
	{name: "one after the other", servers: []string{"silent", "silent", "silent", "0 0 1 @5"}, coverage: 1,
		answer: "0 1 @5", server: 3, asked: 4, answered: 1, after: 1750 * ms},
	{name: "a late answer counts", servers: []string{"400 0 1 @5", "silent"}, coverage: 1,
		answer: "0 1 @5", asked: 2, answered: 1, after: 400 * ms},
	{name: "a peer without a config is replaced at once", servers: []string{`0 1 "no_config" @0`, "0 0 1 @5"}, coverage: 1,
		answer: "0 1 @5", server: 1, asked: 2, answered: 2},
	{name: "an internal error is no answer", servers: []string{"0 1 1 @0", "0 2 null @0", "0 0 1 @5"}, coverage: 1,
		answer: "0 1 @5", server: 2, asked: 3, answered: 3},
	{name: "when all fail, their error is the answer", servers: []string{`0 1 "no_config" @0`, `10 1 "not_yet" @0`}, coverage: 1,
		answer: `1 "no_config" @0`, asked: 2, answered: 2, after: 10 * ms},
	{name: "an unknown entry is an answer", servers: []string{"0 1 0 @0", "0 0 1 @5"}, coverage: 1, answer: "1 0 @0", asked: 1, answered: 1},
	{name: "a wrong argument is an answer", servers: []string{"0 1 2 @0", "0 0 1 @5"}, coverage: 1, answer: "1 2 @0", asked: 1, answered: 1},
	{name: "an unknown name is an answer", servers: []string{`0 1 "ECodeNoEnt" @0`, "0 0 1 @5"}, coverage: 1, answer: `1 "ECodeNoEnt" @0`, asked: 1, answered: 1},

	{name: "two of two are needed", servers: []string{"0 0 1 @5", "100 0 2 @6"}, answer: "0 2 @6", server: 1, asked: 2, answered: 2, after: 100 * ms},
	{name: "two of three are", servers: []string{"100 0 1 @5", "0 0 2 @6", "200 0 3 @7"}, answer: "0 2 @6", server: 1, asked: 3, answered: 2, after: 100 * ms},
	{name: "the highest serial wins", servers: []string{"0 0 1 @7", "1 0 2 @6"}, answer: "0 1 @7", asked: 2, answered: 2, after: ms},
	{name: "an answer wins over an unknown entry", servers: []string{"0 1 0 @0", "1 0 2 @6"}, answer: "0 2 @6", server: 1, asked: 2, answered: 2, after: ms},
	{name: "they agree", servers: []string{`0 0 {"a":1,"b":2} @5`, `1 0 {"b":2,"a":1} @5`}, answer: `0 {"a":1,"b":2} @5`, asked: 2, answered: 2, after: ms},
	{name: "they contradict each other", servers: []string{"0 0 1 @5", "1 0 2 @5"}, answer: "0 1 @5", asked: 2, answered: 2, disagree: true, after: ms},
	{name: "of different serials is no contradiction", servers: []string{"0 0 1 @5", "1 0 2 @6", "0 0 3 @4"}, coverage: 3, answer: "0 1 @5", asked: 3, answered: 2},
	{name: "others step in for the silent", servers: []string{"silent", "0 0 1 @5", "0 0 1 @6"}, coverage: 2,
		answer: "0 1 @6", server: 2, asked: 3, answered: 2, after: 250 * ms},
	{name: "others step in for the failed", servers: []string{`0 1 "no_config" @0`, "0 0 1 @5", "0 0 1 @6"}, coverage: 2,
		answer: "0 1 @6", server: 2, asked: 3, answered: 3},

	{name: "nobody answers", servers: []string{"silent", "silent"}, asked: 2, err: client.ErrNoAnswer, after: client.ExpireTimeout},
	{name: "too few answer", servers: []string{"0 0 1 @5", "silent"}, answer: "0 1 @5", asked: 2, answered: 1, err: client.ErrTooFewAnswers, after: client.ExpireTimeout},
	{name: "too few are left", servers: []string{"0 0 1 @5", `5 1 "no_config" @0`}, answer: "0 1 @5", asked: 2, answered: 2, err: client.ErrTooFewAnswers, after: 5 * ms},
	{name: "one failed, the other is silent", servers: []string{`0 1 "no_config" @0`, "silent"}, coverage: 1,
		answer: `1 "no_config" @0`, asked: 2, answered: 1, err: client.ErrTooFewAnswers, after: client.ExpireTimeout},
	{name: "more than there are", servers: []string{"0 0 1 @5"}, coverage: 2, err: client.ErrCoverage},
}

func TestQuery(t *testing.T) {
	for _, test := range queryCases {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newQueryWorld(t, test.servers)
				start := time.Now()
				answer, err := w.client.Query(t.Context(), client.NodeRole("n"), test.coverage)
				if !errors.Is(err, test.err) || time.Since(start) != test.after {
					t.Fatalf("%v after %s, want %v after %s", err, time.Since(start), test.err, test.after)
				}
				if answer.Asked != test.asked || answer.Answered != test.answered {
					t.Errorf("%d asked, %d answered", answer.Asked, answer.Answered)
				}
				if test.answer == "" {
					if answer.Answer != nil || answer.Server.IsValid() {
						t.Errorf("got %+v", answer)
					}
					return
				}
				want := heard("", test.answer).Reply
				if answer.Status != want.Status || answer.Serial != want.Serial || string(answer.Answer) != string(want.Answer) ||
					answer.Server != w.peers[test.server] || answer.Consistent == test.disagree {
					t.Errorf("got %+v", answer)
				}
				if w.client.Outstanding() != 0 {
					t.Errorf("%d requests are left behind", w.client.Outstanding())
				}
			})
		})
	}
}

// newQueryWorld makes servers as a queryCase describes them.
func newQueryWorld(t *testing.T, servers []string) *world {
	w := newWorld(t, nineIPv4[:len(servers)], silence, nil)
	for i, text := range servers {
		if text == "silent" {
			continue
		}
		delayText, reply, _ := strings.Cut(text, " ")
		delay, err := time.ParseDuration(delayText + "ms")
		if err != nil {
			t.Fatal(err)
		}
		up := heard("", reply)
		w.servers[i].Answer = clienttest.Constant(int(up.Reply.Status), string(up.Reply.Answer), up.Reply.Serial)
		w.servers[i].Copies = func(int) []time.Duration { return []time.Duration{delay} }
	}
	return w
}

// The schedule of a call that no one answers: the first peers at once, the others in turn, then all again, with growing pauses.
func TestQuerySchedule(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:3], silence, nil)
		go w.client.Query(t.Context(), client.Ping(), 1)
		start := time.Now()
		var got []string
		seen := 0
		for time.Since(start) < client.ExpireTimeout {
			synctest.Wait()
			for _, peer := range w.Sent()[seen:] {
				got = append(got, time.Since(start).String()+" "+strings.TrimPrefix(peer.Addr().String(), "192.0.2."))
				seen++
			}
			<-time.After(50 * ms)
		}
		want := []string{"0s 1", "250ms 2", "750ms 3", "1.75s 1", "1.75s 2", "1.75s 3", "3.75s 1", "3.75s 2", "3.75s 3", "5.75s 1", "5.75s 2", "5.75s 3",
			"7.75s 1", "7.75s 2", "7.75s 3", "9.75s 1", "9.75s 2", "9.75s 3"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

// A datagram that is lost costs a repetition, with one peer too.
func TestQuerySurvivesLosses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], clienttest.Constant(0, "1", 5), nil)
		w.servers[0].Copies = func(n int) []time.Duration {
			if n < 3 {
				return nil
			}
			return []time.Duration{0}
		}
		start := time.Now()
		answer, err := w.client.Query(t.Context(), client.Ping(), client.CoverageDefault)
		if err != nil || answer.Serial != 5 || time.Since(start) != 1750*ms {
			t.Errorf("%+v, %v after %s", answer, err, time.Since(start))
		}
	})
}

// One server's replies, played back from other addresses or repeated, count once.
func TestQueryCountsAPeerOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:2], clienttest.Constant(0, "1", 5), nil)
		w.servers[0].From = w.peers[1]
		w.servers[0].Copies = func(int) []time.Duration { return []time.Duration{0, 0, 0} }
		w.servers[1].SetSilent(true)
		answer, err := w.client.Query(t.Context(), client.Ping(), client.CoverageAll)
		if !errors.Is(err, client.ErrTooFewAnswers) || answer.Answered != 1 || answer.Server != w.peers[0] {
			t.Errorf("%+v, %v", answer, err)
		}
	})
}

// A server that answers from another of its addresses counts as the peer that was asked.
func TestQueryAcceptsAnswersFromElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:2], clienttest.Constant(0, "1", 5), nil)
		for i, server := range w.servers {
			server.From = netip.AddrPortFrom(netip.MustParseAddr("203.0.113.9"), uint16(1000+i))
		}
		answer, err := w.client.Query(t.Context(), client.Ping(), client.CoverageAll)
		if err != nil || answer.Answered != 2 || answer.Server != w.peers[0] {
			t.Errorf("%+v, %v", answer, err)
		}
	})
}

func TestQueryEndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:2], silence, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := w.client.Query(ctx, client.Ping(), 1)
		if !errors.Is(err, client.ErrNoAnswer) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		if err.Error() != "no answer from 2 peers" {
			t.Errorf("the error reads %q", err)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.client.Query(cancelled, client.Ping(), 1); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

// A deadline of the caller's may be later than the client's own.
func TestQueryWaitsAsLongAsItIsTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:1], silence, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if _, err := w.client.Query(ctx, client.Ping(), 1); !errors.Is(err, client.ErrNoAnswer) || time.Since(start) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestQueryRefuses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:2], silence, nil)
		unknown := client.Ping()
		unknown.Type = wire.NumTypes
		if _, err := w.client.Query(t.Context(), unknown, 1); !errors.Is(err, client.ErrInvalidType) {
			t.Errorf("an unknown type: %v", err)
		}
		if _, err := w.client.Query(t.Context(), client.NodeRole(strings.Repeat("n", client.MaxRequest)), 1); !errors.Is(err, client.ErrRequestTooBig) {
			t.Errorf("too long: %v", err)
		}
	})
}

func TestQueryAsksOthersWhenOneIsUnreachable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, nineIPv4[:2], clienttest.Constant(0, "1", 5), nil)
		w.Refuse(w.peers[0])
		answer, err := w.client.Query(t.Context(), client.Ping(), 1)
		if err != nil || answer.Server != w.peers[1] {
			t.Errorf("%+v, %v", answer, err)
		}
	})
}

// Calls don't disturb each other.
func TestQueriesAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		exchanges := clienttest.Small()
		w := newWorld(t, nineIPv4[:3], clienttest.Replay(exchanges), nil)
		done := make(chan error, len(exchanges))
		asked := 0
		for _, e := range exchanges {
			query, err := e.WireQuery()
			if err != nil || e.Reply == nil {
				continue
			}
			request, err := client.NewRequest(e.Type, query)
			if err != nil {
				t.Fatal(err)
			}
			asked++
			go func() {
				answer, err := w.client.Query(t.Context(), request, client.CoverageAll)
				if err == nil && (!client.SameAnswer(answer.Answer, e.Reply.Answer) || int(answer.Status) != e.Reply.Status) {
					err = errors.New("wrong answer to " + string(e.Query))
				}
				done <- err
			}()
		}
		for range asked {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}
