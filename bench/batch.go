package bench

import (
	"context"
	"fmt"
)

// batches measures what fetching several datagrams in one call brings.
func batches(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(ctx, 1000)
	if err != nil {
		return nil, err
	}
	sizes := []int{1, 4, 16, 64, 256}
	var contenders []contender
	for _, n := range sizes {
		s, err := l.confd(ctx, "confd", config, confdOptions{batch: n})
		if err != nil {
			return nil, err
		}
		contenders = append(contenders, contender{server: s, as: fmt.Sprintf("%d a call", n)})
	}
	outcomes, err := l.contest(ctx, config, contenders...)
	if err != nil {
		return nil, err
	}
	var cost Line
	for i := range outcomes {
		cost.Points = append(cost.Points, outcomes[i].cost().at(float64(sizes[i])))
	}
	return &Report{
		Tables: []Table{contestTable(outcomes)},
		Plots: []Plot{{
			Title: "What an answer costs by datagrams a receive call", X: "datagrams a call", Y: "server's ns an answer",
			LogX: true, Lines: []Line{cost},
		}},
	}, nil
}
