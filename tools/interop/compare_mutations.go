package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"gantry/confd/config"
)

// mutatedConfigs is how many configs with changes at random places a normal run tries.
const mutatedConfigs = 30

// compareMutations changes a config at random places, and compares whether the servers take it and what they then answer to everything. What the
// reference takes, ours must take.
func compareMutations(ctx context.Context, run *session) error {
	base, err := testConfig{name: "mutations", options: config.GenerateOptions{Nodes: 3, Instances: 8, Seed: 4, Groups: 2, Networks: 2, Filters: 1, NonASCII: true, Forthcoming: true}}.build()
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(run.seed, 0x6d757461))
	taken, refused := 0, 0
	for range run.times(mutatedConfigs) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var done []string
		text, err := changeConfig(base, func(root map[string]any) { done = mutate(rng, root) })
		if err != nil {
			return err
		}
		ok, err := compareMutant(ctx, run, strings.Join(done, ", "), text)
		if err != nil {
			return fmt.Errorf("a config with %s: %w", done, err)
		}
		if ok {
			taken++
		} else {
			refused++
		}
	}
	run.log("the reference takes %d of the configs and refuses %d", taken, refused)
	return nil
}

// compareMutant starts both servers on a config. It returns whether the reference takes it.
func compareMutant(ctx context.Context, run *session, about string, text []byte) (taken bool, err error) {
	theirs, err := startReal(ctx, run, confdSpec{config: text})
	if err != nil {
		return false, err
	}
	defer theirs.stop()
	ours, err := startOurs(ctx, run, confdSpec{config: text})
	if err != nil {
		return false, err
	}
	defer ours.stop()
	var pings [2][]byte
	for i, s := range []*confdServer{ours, theirs} {
		if pings[i], err = s.askOnce(pingMessage, retryPatience); err != nil {
			return false, err
		}
	}
	run.compared(1)
	switch {
	case !pingOK(pings[1]) && pingOK(pings[0]):
		run.documented(missing)
		return false, nil
	case !pingOK(pings[1]):
		return false, nil
	case !pingOK(pings[0]) && bytes.Contains(pings[0], []byte("not a string")) && strings.Contains(about, "an empty list"):
		run.documented(textLists)
		return true, nil
	case !pingOK(pings[0]):
		run.differs("a config with %s is refused, which the reference takes: %s", about, pings[0])
		return true, nil
	}
	return true, compareAnswers(ctx, run, about, text, ours, theirs)
}

// compareAnswers asks both servers plain queries for everything in a config, one after the other.
func compareAnswers(ctx context.Context, run *session, about string, text []byte, ours, theirs *confdServer) error {
	tree, err := readClusterTree(text)
	if err != nil {
		return err
	}
	plain, err := written(plainQueries(tree))
	if err != nil {
		return err
	}
	next := chained(objectQueries(tree, maxObjectQueries), listed(plain))
	for q, ok := next(); ok; q, ok = next() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if strings.Contains(about, "uuid ") {
			q.meets = append(q.meets, keysDiffer)
		}
		o := outcome{query: q, sent: q.datagram(sendTime(q))}
		if o.ours, err = ours.decide(o.sent, retryPatience); err != nil {
			return err
		}
		if o.theirs, err = theirs.exchange(o.sent, o.patience()); err != nil {
			return err
		}
		run.compared(1)
		if o.equal() {
			continue
		}
		if anchor := documentedDifference(o); anchor != "" {
			run.documented(anchor)
			continue
		}
		run.differs("a config with %s: %s", about, o.describe())
	}
	return nil
}

// written makes datagrams of plain queries.
func written(plain []plainQuery) ([]query, error) {
	var queries []query
	for i, p := range plain {
		argument, err := json.Marshal(p.Query)
		if err != nil {
			return nil, err
		}
		m := message{protocol: "1", typ: strconv.Itoa(p.Type), query: string(argument), rsalt: fmt.Sprintf(`"plain-%d"`, i)}
		queries = append(queries, wrappedQuery(fmt.Sprintf("type %d %v", p.Type, p.Query), pythonEnvelope, m.text(plainSpelling)))
	}
	return queries, nil
}
