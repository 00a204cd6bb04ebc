package bench

import "context"

func workers(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(ctx, 1000)
	if err != nil {
		return nil, err
	}
	one, err := l.confd(ctx, "confd", config, confdOptions{workers: 1})
	if err != nil {
		return nil, err
	}
	two, err := l.confd(ctx, "confd", config, confdOptions{workers: 2})
	if err != nil {
		return nil, err
	}
	sockets := []string{"--sockets", "16"}
	outcomes, err := l.contest(ctx, config,
		contender{server: one, as: "1 worker", load: sockets},
		contender{server: two, as: "2 workers", load: sockets})
	if err != nil {
		return nil, err
	}
	return &Report{
		Tables: []Table{contestTable(outcomes)},
		Goals: []Goal{{
			What: "processor time an answer takes with 2 workers, of that with 1",
			Got:  outcomes[1].cost().over(outcomes[0].cost()).median(), Want: 1.1, AtMost: true,
		}},
	}, nil
}
