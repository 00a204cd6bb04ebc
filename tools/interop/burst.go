package main

import (
	"bytes"
	"context"
	"fmt"
)

const (
	// maxBurstOutcomes is how many answered queries of a config are asked again in bursts.
	maxBurstOutcomes = 4000
	// maxBurst is how many of them are sent at once: what ours handles as one batch, and more.
	maxBurst = 100
	// maxBurstBytes bounds their replies, which wait in a receive buffer of some 200 KB, each with a kernel's overhead of its own.
	maxBurstBytes = 80 << 10
	// burstAttempts is how often a burst is sent before its missing replies count: the kernel may drop some.
	burstAttempts = 4
)

// bursts asks ours everything again that it answered, many queries at once from one socket. The replies must be the same, in the order of the
// queries: what is handled as one batch must not mix.
func (d *duel) bursts(ctx context.Context) error {
	rest := d.replies
	for len(rest) > 0 {
		n, size := 0, 0
		for n < len(rest) && n < maxBurst && (n == 0 || size+len(rest[n].ours) <= maxBurstBytes) {
			size += len(rest[n].ours)
			n++
		}
		if err := d.burst(ctx, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	d.replies = nil
	return nil
}

// burst sends queries at once and compares what comes back.
func (d *duel) burst(ctx context.Context, asked []outcome) error {
	var replies [][]byte
	for range burstAttempts {
		var err error
		if replies, err = d.ours.volley(asked); err != nil {
			return fmt.Errorf("%s: a burst of %d queries from %s on: %w", d.about, len(asked), asked[0].about, err)
		}
		if len(replies) == len(asked) {
			d.judgeBurst(asked, replies)
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	d.run.compared(len(asked))
	first := firstUnanswered(asked, replies)
	d.run.differs("%s: %d of a burst of %d queries are not answered, the first of them %s", d.about, len(asked)-len(replies), len(asked),
		outcome{query: first.query, sent: first.sent, theirs: first.ours}.describe())
	return nil
}

// firstUnanswered is the first query of a burst whose reply isn't at its place.
func firstUnanswered(asked []outcome, replies [][]byte) outcome {
	for i, reply := range replies {
		if !bytes.Equal(reply, asked[i].ours) {
			return asked[i]
		}
	}
	return asked[len(replies)]
}

func (d *duel) judgeBurst(asked []outcome, replies [][]byte) {
	d.run.compared(len(asked))
	for i, o := range asked {
		if !bytes.Equal(replies[i], o.ours) {
			d.run.differs("%s: in a burst of %d, another reply than alone: %s", d.about, len(asked), outcome{query: o.query, sent: o.sent, ours: replies[i], theirs: o.ours}.describe())
		}
	}
}

// volley sends datagrams back to back from one socket, and returns what replies come, up to one for each.
func (s *confdServer) volley(asked []outcome) ([][]byte, error) {
	l, err := newLane(s.addr)
	if err != nil {
		return nil, err
	}
	defer l.close()
	for _, o := range asked {
		if err := l.send(o.sent); err != nil {
			return nil, fmt.Errorf("send to %s: %w", s.name, err)
		}
	}
	var replies [][]byte
	for len(replies) < len(asked) {
		reply, err := l.receive(silencePatience)
		if err != nil || reply == nil && !s.process.running() {
			return nil, s.noAnswer(silencePatience, err)
		}
		if reply == nil {
			break
		}
		replies = append(replies, reply)
	}
	return replies, nil
}
