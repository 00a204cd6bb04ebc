package bench

import (
	"context"
	"errors"
	"fmt"
)

// Scenarios are all there are, in the order of a report.
func Scenarios() []Scenario {
	return []Scenario{
		{Name: "peak", About: "Answers a second on one core: the mix of queries, 1,000 instances, beside an echo with the same sockets and batches; plain and with " + coalesce + " requests coalesced.", run: peak},
		{Name: "reference", About: "The same mix from Gantry and from ganeti-confd, 1,000 instances, each on one core.", Needs: "ganeti-confd, root", run: reference},
		{Name: "size", About: "Answers a second by size of the config.", run: size},
		{Name: "workers", About: "Processor time an answer takes with one and with two workers on one core, sixteen sockets asking.", run: workers},
		{Name: "reload", About: "From renaming a config into place to the first answer from it, and the memory that reloads take.", run: reload},
		{Name: "calls", About: "Heap allocations and futex calls of a server under load, over at least a million queries of all types in both spellings (one that the scanner knows, one for the general parser).", Needs: "strace", run: calls},
	}
}

func size(ctx context.Context, l *Lab) (*Report, error) {
	sizes := []int{1000, 10000, 100000}
	var contenders []contender
	var stop []error
	var names string
	for _, n := range sizes {
		config, err := l.config(n)
		if err != nil {
			return nil, err
		}
		if names == "" {
			names = config
		}
		s, err := l.confd(ctx, fmt.Sprintf("confd-%d", n), config, serverCore, 1)
		if err != nil {
			return nil, err
		}
		defer func() { stop = append(stop, s.stop()) }()
		contenders = append(contenders, contender{server: s, as: fmt.Sprintf("%d instances", n), load: []string{"--config", config}})
	}
	outcomes, err := l.contest(ctx, names, contenders...)
	if err != nil {
		return nil, errors.Join(append(stop, err)...)
	}
	last := len(outcomes) - 1
	return &Report{
		Tables: []Table{contestTable(outcomes)},
		Goals:  []Goal{{What: "answers a second at 100,000 instances, of those at 1,000", Got: outcomes[last].rate.over(outcomes[0].rate).median(), Want: 0.9}},
	}, nil
}

func workers(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(1000)
	if err != nil {
		return nil, err
	}
	sockets := []string{"--sockets", "16"}
	one, err := l.confd(ctx, "confd-1", config, serverCore, 1)
	if err != nil {
		return nil, err
	}
	two, err := l.confd(ctx, "confd-2", config, serverCore, 2)
	if err != nil {
		return nil, errors.Join(err, one.stop())
	}
	outcomes, err := l.contest(ctx, config,
		contender{server: one, as: "1 worker", load: sockets},
		contender{server: two, as: "2 workers", load: sockets})
	if err := errors.Join(err, one.stop(), two.stop()); err != nil {
		return nil, err
	}
	cost := func(o *outcome) series {
		var s series
		for i := range o.user {
			s = append(s, o.user[i]+o.system[i])
		}
		return s
	}
	return &Report{
		Tables: []Table{contestTable(outcomes)},
		Goals:  []Goal{{What: "processor time an answer takes with 2 workers, of that with 1", Got: cost(&outcomes[1]).over(cost(&outcomes[0])).median(), Want: 1.1, AtMost: true}},
	}, nil
}
