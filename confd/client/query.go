package client

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Answer is the outcome of a synchronous call.
type Answer struct {
	Reply                     // the best: an answer rather than an error, then the one with the highest serial, then the first
	Server     netip.AddrPort // the peer that gave it
	Asked      int            // peers that were asked
	Answered   int            // those that answered
	Consistent bool           // no two answers of that serial contradict each other
}

// Query asks until enough peers have answered, and returns the best of their replies, which may be an error of the server: see Reply.Err.
//
// coverage says how many peers are asked at first: a number, CoverageDefault or CoverageAll. Enough are NeededReplies of them; with a coverage
// of 1 that is the first good answer. Peers that stay silent are helped out by others, and asked again when no others are left, after
// RetryFirst and then after waits that double up to RetryMax. A peer that can't answer (it has no config, say) is replaced at once, and does
// not count; that a peer doesn't know an entry, or calls the argument wrong, does.
//
// If ctx ends first (or ExpireTimeout is over, should ctx have no deadline), the error is a *CoverageError, and the Answer the best there was.
//
// Every peer is sent a salt of its own, so that one's answer can't be passed off for another's. The request's own salt isn't used.
func (c *Client) Query(ctx context.Context, request *Request, coverage int) (Answer, error) {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, ExpireTimeout)
		defer cancel()
	}
	call, err := c.newCall(request, coverage)
	if err != nil {
		return Answer{}, fmt.Errorf("query: %w", err)
	}
	defer func() { c.forget(call.asked...) }()
	err = call.run(ctx)
	var short *CoverageError
	if err != nil && !errors.As(err, &short) {
		err = fmt.Errorf("query: %w", err)
	}
	return call.answer(), err
}

// call is a Query under way. Only its own goroutine touches it, but for replies.
type call struct {
	client  *Client
	request *Request
	peers   []netip.AddrPort // in the order of asking
	first   int              // how many are asked at first
	needed  int              // how many have to give a reply that settles

	asked    []*pending // by peer
	answered []bool     // by peer
	replies  chan callReply

	got     []callReply // in the order of arrival
	settled int         // how many of got settle
}

type callReply struct {
	peer  int
	reply Reply
}

func (c *Client) newCall(request *Request, coverage int) (*call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, err := targets(coverage, len(c.peers))
	if err != nil {
		return nil, err
	}
	peers := slices.Clone(c.ordered())
	return &call{
		client: c, request: request, peers: peers, first: first, needed: NeededReplies(first),
		answered: make([]bool, len(peers)), replies: make(chan callReply, len(peers)), // a peer's second reply isn't taken, so it never blocks
	}, nil
}

func (q *call) run(ctx context.Context) error {
	if err := q.askFurther(q.first); err != nil {
		return err
	}
	wait := RetryFirst
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for q.settled < q.needed {
		select {
		case reply := <-q.replies:
			if err := q.take(reply); err != nil {
				return err
			}
			if len(q.got) == len(q.peers) && q.settled < q.needed {
				return q.exhausted()
			}
		case <-timer.C:
			if err := q.retry(); err != nil {
				return err
			}
			wait = min(2*wait, RetryMax)
			timer.Reset(wait)
		case <-ctx.Done():
			return q.short(ctx.Err())
		case <-q.client.done:
			return ErrClosed
		}
	}
	return nil
}

// take notes a reply. One that settles nothing has the next peer asked in its place.
func (q *call) take(reply callReply) error {
	q.got = append(q.got, reply)
	q.answered[reply.peer] = true
	if reply.reply.settles() {
		q.settled++
		return nil
	}
	return q.askFurther(1)
}

// exhausted is the end when all peers have replied, yet too few with what settles: fine if they all just say the same kind of thing, an error
// of the server, as then asking longer won't help.
func (q *call) exhausted() error {
	if q.settled == 0 {
		return nil
	}
	return q.short(ErrTooFewAnswers)
}

func (q *call) short(cause error) error {
	return &CoverageError{Asked: len(q.asked), Answered: len(q.got), Failed: len(q.got) - q.settled, Needed: q.needed, Cause: cause}
}

// retry asks as many further peers as answers are missing or, when there are none left, all silent ones again.
func (q *call) retry() error {
	if len(q.asked) < len(q.peers) {
		return q.askFurther(q.needed - q.settled)
	}
	var silent []int
	for i := range q.asked {
		if !q.answered[i] {
			silent = append(silent, i)
		}
	}
	return q.send(silent)
}

// askFurther asks up to n peers that weren't asked yet.
func (q *call) askFurther(n int) error {
	var fresh []int
	for ; n > 0 && len(q.asked) < len(q.peers); n-- {
		i := len(q.asked)
		p := &pending{salt: q.client.salts.next(), take: func(reply Reply) { q.replies <- callReply{i, reply} }}
		q.client.mu.Lock()
		err := q.client.add(p)
		q.client.mu.Unlock()
		if err != nil {
			return err
		}
		q.asked = append(q.asked, p)
		fresh = append(fresh, i)
	}
	return q.send(fresh)
}

// send sends the request to asked peers. That the system refuses to send to one is as if the datagram got lost: others are asked in time.
func (q *call) send(to []int) error {
	out := make([]Datagram, len(to))
	for n, i := range to {
		payload, err := q.client.pack(q.request, q.asked[i].salt)
		if err != nil {
			return err
		}
		out[n] = Datagram{Peer: q.peers[i], Payload: payload}
	}
	if err := q.client.send(out); errors.Is(err, ErrClosed) {
		return err
	}
	return nil
}

// answer chooses among the replies so far.
func (q *call) answer() Answer {
	a := Answer{Asked: len(q.asked), Answered: len(q.got)}
	if len(q.got) == 0 {
		return a
	}
	best := q.got[0]
	for _, other := range q.got[1:] {
		if other.reply.better(best.reply) {
			best = other
		}
	}
	a.Reply, a.Server, a.Consistent = best.reply, q.peers[best.peer], true
	for _, other := range q.got {
		a.Consistent = a.Consistent && !other.reply.contradicts(best.reply)
	}
	return a
}
