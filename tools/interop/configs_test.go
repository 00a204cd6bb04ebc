package main

import (
	"encoding/json"
	"testing"

	"gantry/confd/config"
)

// What the issue asks for: at least ten configs, of 0 to 5,000 instances, and 20,000 queries.
func TestTheComparisonIsLargeEnough(t *testing.T) {
	queries, smallest, largest := 0, 1, 0
	for _, c := range testConfigs() {
		queries += c.queries
		smallest, largest = min(smallest, c.options.Instances), max(largest, c.options.Instances)
	}
	if len(testConfigs()) < 10 || queries < 20000 || smallest != 0 || largest < 5000 {
		t.Errorf("%d configs of %d to %d instances, %d queries", len(testConfigs()), smallest, largest, queries)
	}
}

func TestTestConfigsHaveWhatIsAskedFor(t *testing.T) {
	for _, c := range testConfigs() {
		if c.options.Instances > 500 {
			continue // as the others, only larger
		}
		text, err := c.build()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !json.Valid(text) {
			t.Errorf("%s is no JSON", c.name)
		}
		tree, err := readClusterTree(text)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(tree.nodeKeys) != c.options.Nodes || len(tree.instanceKeys) < c.options.Instances || len(tree.links) == 0 || c.options.Instances > 2 && len(tree.ips) == 0 {
			t.Errorf("%s has %d nodes, %d instances, %d links and %d addresses", c.name, len(tree.nodeKeys), len(tree.instanceKeys), len(tree.links), len(tree.ips))
		}
	}
}

func TestChangedConfigsKeepTheirNumbers(t *testing.T) {
	text := []byte(`{"a":1.50,"b":18446744073709551617,"c":1e22}`)
	got, err := changeConfig(text, func(map[string]any) {})
	if err != nil || string(got) != string(text) {
		t.Errorf("%s, %v", got, err)
	}
}

func TestObjectQueriesAskForEachObject(t *testing.T) {
	text, err := testConfig{name: "test", options: config.GenerateOptions{Nodes: 3, Instances: 4, Seed: 1}}.build()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := readClusterTree(text)
	if err != nil {
		t.Fatal(err)
	}
	count := func(limit int) (n int) {
		next := objectQueries(tree, limit)
		for _, ok := next(); ok; _, ok = next() {
			n++
		}
		return n
	}
	all, some := count(1000), count(5)
	if want := len(tree.nodeKeys) + len(tree.instanceKeys) + len(tree.disks) + len(tree.otherKeys); all < want+50 || all > want+120 {
		t.Errorf("%d queries for %d objects and the cluster's members", all, want)
	}
	if some >= all {
		t.Errorf("a limit of 5 objects leaves %d of %d queries", some, all)
	}
}
