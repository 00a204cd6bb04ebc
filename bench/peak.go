package bench

import (
	"context"
	"fmt"
	"time"

	"gantry/confd/wire"
)

// The size of an echo's datagrams: that of a usual request.
const echoSize = "200"

// coalesce is how many datagrams a coalescing client sends together.
const coalesce = "40"

func peak(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(ctx, 1000)
	if err != nil {
		return nil, err
	}
	floor, err := l.echo(ctx)
	if err != nil {
		return nil, err
	}
	confd, err := l.confd(ctx, "confd", config, confdOptions{})
	if err != nil {
		return nil, err
	}
	outcomes, err := l.contest(ctx, config,
		contender{server: floor, load: []string{"--size", echoSize}},
		contender{server: confd},
		contender{server: confd, as: "confd, coalesced", load: []string{"--coalesce", coalesce}},
		contender{server: floor, as: "echo, coalesced", load: []string{"--size", echoSize, "--coalesce", coalesce}},
	)
	if err != nil {
		return nil, err
	}
	mac := macCost()
	return &Report{
		Tables: []Table{contestTable(outcomes), splitTable(outcomes[1:3], mac)},
		Plots:  []Plot{bars("Answers a second on one core", outcomes)},
		Goals: []Goal{
			{What: "answers a second on one core, of the echo's", Got: outcomes[1].rate.over(outcomes[0].rate).median(), Want: 0.75},
			{What: "coalesced, of the plain echo's", Got: outcomes[2].rate.over(outcomes[0].rate).median(), Want: 2},
		},
	}, nil
}

// splitTable divides the time an answer takes on the server's core, which is
// the inverse of the rate while the core is all busy.
func splitTable(outcomes []outcome, mac float64) Table {
	t := Table{Header: []string{"server", "ns an answer", "kernel", "HMAC", "rest"}}
	for _, o := range outcomes {
		total, kernel := o.user.median()+o.system.median(), o.system.median()
		t.Rows = append(t.Rows, []string{
			o.title, fmt.Sprintf("%.0f", total), fmt.Sprintf("%.0f", kernel), fmt.Sprintf("%.0f", mac),
			fmt.Sprintf("%.0f", total-kernel-mac),
		})
	}
	return t
}

// macCost measures what the two HMACs of an answer take, in ns: those of a
// usual request and of its reply, a batch at a time.
func macCost() float64 {
	const batch, rounds, runs = 64, 2000, 5
	key := wire.NewKey([]byte(hmacKey))
	rsalt := []byte("00000000-0000-4000-8000-000000000000")
	request := wire.AppendRequestMsg(nil, wire.ReqNodePipByInstIP, wire.Query{Kind: wire.QueryDict, HasIP: true, IP: "192.0.2.1"}, rsalt)
	reply := wire.AppendReplyTail(append(wire.AppendReplyHead(nil, wire.StatusOK), `"192.0.2.1"`...), []byte("100"))
	signer, sealer := wire.NewSigner(batch), wire.NewSealer(batch)
	req := &wire.Request{RSalt: rsalt, Key: key}
	var times series
	for range runs {
		var taken time.Duration
		var requests, replies []byte
		for range rounds {
			requests, replies = requests[:0], replies[:0]
			for range batch {
				requests = signer.Append(requests, key, 1700000000, request)
				replies = sealer.Append(replies, req, reply, nil)
			}
			began := time.Now()
			signer.Sign(requests)
			sealer.Sign(replies)
			taken += time.Since(began)
		}
		times = append(times, float64(taken.Nanoseconds())/(rounds*batch))
	}
	return times.median()
}
