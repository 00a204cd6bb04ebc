package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// queryDifferences are the documented differences that generated queries must meet.
func queryDifferences() []string {
	return []string{utf8Differs, blanksDiffer, numbersDiffer, utf8Answers, largeAnswers}
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
			return generatedQueries(newQueryGenerator(tree, seed), run.times(c.queries))
		}); err != nil {
			return fmt.Errorf("%s (query seed %d): %w", c.name, seed, err)
		}
	}
	return nil
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
func duelOn(ctx context.Context, run *session, name string, text []byte, queries func(*clusterTree) func() (query, bool)) error {
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
	d := &duel{run: run, about: name, ours: ours, theirs: theirs}
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
