package check

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gantry/confd/client"
)

const (
	// DefaultLimit is how many queries each peer is asked when Options doesn't say: enough for all of a cluster of a thousand instances.
	DefaultLimit = 20000

	// DefaultSettle is how long Run waits before it asks again what differed: longer than the daemons take to read a new config of a large
	// cluster.
	DefaultSettle = 3 * time.Second

	// chunk is how many queries' answers are held at a time; the largest answers would need this many times 64 kB for each peer.
	chunk = 500

	// attempts is how often a query is sent. Fewer than a batch's default, because servers are silent about answers that don't fit a
	// datagram, as some of the first questions' don't in a large cluster, and because what differs is asked again anyway.
	attempts = 2
)

// Options is what is checked. The zero value checks all that the servers show, within DefaultLimit.
type Options struct {
	Limit   int           // queries that each peer is asked at most; 0 is DefaultLimit
	Settle  time.Duration // before what differs is asked again; 0 is DefaultSettle
	Timeout time.Duration // of a query's first attempt of two; 0 is client.DefaultAttemptTimeout

	// Names that are asked about beside those that the servers show, as a server shows only what fits a datagram.
	Nodes, Instances []string
}

// Report is what Run found.
type Report struct {
	Peers       []Peer       // in the order in which they were given
	Queries     int          // that each answering peer was asked
	LeftOut     int          // that the limit forbade
	Unanswered  int          // that no peer gave an answer to: it fits no datagram, or isn't ASCII, which the reference's server garbles
	Differences []Difference // in the order of asking
}

// Peer is what was found about one server.
type Peer struct {
	Addr     netip.AddrPort
	Silent   bool  // it didn't say anything, and isn't compared
	Answered int   // queries that it replied to
	Serial   int64 // of its config, 0 if it doesn't tell
	Behind   int64 // how much lower the serial is than the highest
}

// Healthy says whether all peers answered and agreed.
func (r *Report) Healthy() bool {
	for _, peer := range r.Peers {
		if peer.Silent || peer.Behind > 0 {
			return false
		}
	}
	return len(r.Differences) == 0
}

// Run checks peers, which the client needn't know but must be able to reach. The error is about the check itself: the client's, or that of ctx.
// That peers are silent or differ is the report's matter.
func Run(ctx context.Context, c *client.Client, peers []netip.AddrPort, options Options) (*Report, error) {
	if options.Limit == 0 {
		options.Limit = DefaultLimit
	}
	if options.Settle == 0 {
		options.Settle = DefaultSettle
	}
	if options.Limit < 0 || options.Settle < 0 {
		return nil, fmt.Errorf("check: limit %d and settling time %s must be positive", options.Limit, options.Settle)
	}
	k := &checker{client: c, options: options, seen: make(map[string]bool)}
	for _, addr := range peers {
		k.report.Peers = append(k.report.Peers, Peer{Addr: addr})
	}
	if err := k.run(ctx); err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	return &k.report, nil
}

// checker is a Run under way.
type checker struct {
	client  *client.Client
	options Options
	report  Report

	known   inventory
	seen    map[string]bool // questions that were asked
	differs []question      // to be asked again
}

func (k *checker) run(ctx context.Context) error {
	if err := k.findSilent(ctx); err != nil {
		return err
	}
	for _, questions := range []func() []question{k.survey, k.nodes, k.instances, k.rest} {
		if err := k.compareAll(ctx, questions()); err != nil {
			return err
		}
	}
	if err := k.askAgain(ctx); err != nil {
		return err
	}
	return k.serials(ctx)
}

// findSilent finds the peers that say nothing at all. Any reply will do.
func (k *checker) findSilent(ctx context.Context) error {
	replies, err := k.ask(ctx, []question{ping})
	if err != nil {
		return err
	}
	for i := range k.report.Peers {
		k.report.Peers[i].Silent = replies[i][0] == nil
	}
	return nil
}

// compareAll asks questions that weren't asked yet, as many as the limit allows, and notes what the answers show and which differ.
func (k *checker) compareAll(ctx context.Context, questions []question) error {
	var fresh []question
	for _, q := range questions {
		switch {
		case k.seen[q.name]:
		case k.report.Queries+len(fresh) == k.options.Limit:
			k.report.LeftOut++
			k.seen[q.name] = true
		default:
			fresh = append(fresh, q)
			k.seen[q.name] = true
		}
	}
	for len(fresh) > 0 {
		n := min(chunk, len(fresh))
		replies, err := k.ask(ctx, fresh[:n])
		if err != nil {
			return err
		}
		if err := k.noteSilent(ctx, replies); err != nil {
			return err
		}
		for i, q := range fresh[:n] {
			k.note(q, column(replies, i))
		}
		k.report.Queries += n
		fresh = fresh[n:]
	}
	return nil
}

// note takes the replies to one question, by peer.
func (k *checker) note(q question, replies []*client.Reply) {
	answered := false
	for i, reply := range replies {
		if reply == nil {
			continue
		}
		k.report.Peers[i].Answered++
		if q.learn != nil && reply.Err() == nil {
			q.learn(&k.known, *reply)
		}
		answered = answered || !untold(reply)
	}
	if !answered {
		k.report.Unanswered++
	}
	if _, differ := k.difference(q, replies); differ {
		k.differs = append(k.differs, q)
	}
}

// askAgain lets the cluster settle and reports what differs still.
func (k *checker) askAgain(ctx context.Context) error {
	if len(k.differs) == 0 {
		return nil
	}
	select {
	case <-time.After(k.options.Settle):
	case <-ctx.Done():
		return ctx.Err()
	}
	for len(k.differs) > 0 {
		n := min(chunk, len(k.differs))
		replies, err := k.ask(ctx, k.differs[:n])
		if err != nil {
			return err
		}
		if err := k.noteSilent(ctx, replies); err != nil {
			return err
		}
		for i, q := range k.differs[:n] {
			if d, differ := k.difference(q, column(replies, i)); differ {
				k.report.Differences = append(k.report.Differences, d)
			}
		}
		k.differs = k.differs[n:]
	}
	return nil
}

// serials compares the state that the peers' configs are in at the end.
func (k *checker) serials(ctx context.Context) error {
	replies, err := k.ask(ctx, []question{serial})
	if err != nil {
		return err
	}
	var highest int64
	for i := range k.report.Peers {
		if reply := replies[i][0]; reply != nil {
			k.report.Peers[i].Serial, _ = reply.Version() // a number, too
		}
		highest = max(highest, k.report.Peers[i].Serial)
	}
	for i := range k.report.Peers {
		if own := k.report.Peers[i].Serial; own != 0 {
			k.report.Peers[i].Behind = highest - own
		}
	}
	return nil
}

// ask asks all peers that aren't silent at the same time. The replies are by peer and question, nil where there is none.
func (k *checker) ask(ctx context.Context, questions []question) ([][]*client.Reply, error) {
	requests := make([]*client.Request, len(questions))
	for i, q := range questions {
		requests[i] = q.request
	}
	replies := make([][]*client.Reply, len(k.report.Peers))
	errs := make([]error, len(k.report.Peers))
	var asking sync.WaitGroup
	limit := make(chan struct{}, client.MaxLanes)
	for i, peer := range k.report.Peers {
		replies[i] = make([]*client.Reply, len(questions))
		if peer.Silent {
			continue
		}
		asking.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			results, err := k.client.Batch(ctx, requests, client.BatchOptions{Peer: peer.Addr, Attempts: attempts, Timeout: k.options.Timeout})
			errs[i] = err
			for n := range results {
				if results[n].Err == nil {
					replies[i][n] = &results[n].Reply
				}
			}
		})
	}
	asking.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return replies, nil
}

// noteSilent finds the peers that went away: those that a chunk of questions and a ping get no reply from. Others may have nothing but answers
// that fit no datagram.
func (k *checker) noteSilent(ctx context.Context, replies [][]*client.Reply) error {
	suspect := false
	for i := range replies {
		suspect = suspect || !k.report.Peers[i].Silent && !slices.ContainsFunc(replies[i], func(r *client.Reply) bool { return r != nil })
	}
	if !suspect {
		return nil
	}
	return k.findSilent(ctx)
}

// column returns the replies to one question, by peer.
func column(replies [][]*client.Reply, n int) []*client.Reply {
	one := make([]*client.Reply, len(replies))
	for i := range replies {
		one[i] = replies[i][n]
	}
	return one
}
