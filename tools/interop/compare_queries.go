package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// queryDifferences are the documented differences that generated queries must meet.
func queryDifferences() []string {
	return []string{utf8Differs, blanksDiffer, numbersDiffer, utf8Answers, largeAnswers, keysDiffer}
}

// compareQueries asks the reference and ours generated queries on every test config.
func compareQueries(ctx context.Context, run *session) error {
	for i, c := range testConfigs() {
		text, err := c.build()
		if err != nil {
			return err
		}
		seed := run.seed<<8 + uint64(i)
		if err := duelOn(ctx, run, c.name, text, func(tree *clusterTree) func() (query, bool) {
			return chained(objectQueries(tree, run.times(maxObjectQueries)), generatedQueries(newQueryGenerator(tree, seed), run.times(c.queries)))
		}, c.meets); err != nil {
			return fmt.Errorf("%s (query seed %d): %w", c.name, seed, err)
		}
	}
	return nil
}

// maxObjectQueries bounds how many objects of a config are asked for one by one. Of larger configs it is every n-th.
const maxObjectQueries = 400

// objectQueries ask for each object of a config whole, and for each member of the top and of the cluster: the text of all that was generated,
// as the reference reads and writes it.
func objectQueries(tree *clusterTree, limit int) func() (query, bool) {
	var paths []string
	add := func(tokens ...string) { paths = append(paths, joinPointer(tokens)) }
	for _, name := range []string{"version", "ctime", "mtime", "serial_no", "cluster", "networks", "nodegroups", "filters"} {
		add(name)
	}
	cluster, _ := tree.root["cluster"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(cluster)) {
		add("cluster", name)
	}
	var objects []string
	for _, container := range []string{"nodes", "nodegroups", "instances", "networks", "disks", "filters"} {
		_, keys := tree.namesAndKeys(container)
		for _, key := range keys {
			objects = append(objects, joinPointer([]string{container, key}))
		}
	}
	step := max(1, (len(objects)+limit-1)/limit)
	for i := 0; i < len(objects); i += step {
		paths = append(paths, objects[i])
	}
	queries := make([]query, 0, len(paths))
	for i, path := range paths {
		m := message{protocol: "1", typ: strconv.Itoa(typeConfigQuery), query: quoteASCII(path), rsalt: fmt.Sprintf(`"object-%d"`, i)}
		queries = append(queries, wrappedQuery("object "+path, pythonEnvelope, m.text(plainSpelling)))
	}
	return listed(queries)
}

// chained gives the queries of one source after those of another.
func chained(sources ...func() (query, bool)) func() (query, bool) {
	return func() (query, bool) {
		for len(sources) > 0 {
			if q, ok := sources[0](); ok {
				return q, true
			}
			sources = sources[1:]
		}
		return query{}, false
	}
}

// generatedQueries makes n queries.
func generatedQueries(g *queryGenerator, n int) func() (query, bool) {
	return func() (query, bool) {
		if g.made >= n {
			return query{}, false
		}
		return g.next(), true
	}
}

// duelOn starts both servers on a config and compares their answers to the queries made from it.
func duelOn(ctx context.Context, run *session, name string, text []byte, queries func(*clusterTree) func() (query, bool), meets ...string) error {
	started := time.Now()
	tree, err := readClusterTree(text)
	if err != nil {
		return err
	}
	theirs, err := startReal(ctx, run, confdSpec{config: text})
	if err != nil {
		return err
	}
	defer theirs.stop()
	ours, err := startOurs(ctx, run, confdSpec{config: text})
	if err != nil {
		return err
	}
	defer ours.stop()
	for _, s := range []*confdServer{theirs, ours} {
		if err := s.waitLoaded(ctx); err != nil {
			keepConfig(run, text)
			return err
		}
	}
	ready := time.Since(started)
	d := &duel{run: run, about: name, meets: meets, ours: ours, theirs: theirs}
	if err := d.compare(ctx, queries(tree)); err != nil {
		return err
	}
	run.log("%-42s %5d answered, %5d silent; ready %4.1fs, asked %4.1fs", name, d.answered, d.silent, ready.Seconds(), (time.Since(started) - ready).Seconds())
	return nil
}

// waitLoaded returns when pings are answered with status 0: the config was read and taken.
func (s *confdServer) waitLoaded(ctx context.Context) error {
	reply, err := s.askOnce(pingMessage, answerPatience)
	if err != nil {
		return err
	}
	if ok := pingOK(reply); !ok {
		return fmt.Errorf("%s doesn't take the config: %s", s.name, reply)
	}
	return context.Cause(ctx)
}

// keepConfig leaves a config that a server refused where it can be looked at after the run.
func keepConfig(run *session, text []byte) {
	path := filepath.Join(os.TempDir(), "gantry-interop-refused-config.json")
	if err := os.WriteFile(path, text, 0o600); err == nil {
		run.log("the config is kept in %s", path)
	}
}
