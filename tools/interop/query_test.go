package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gantry/confd/config"
)

// small is a config with something of everything.
func small(t *testing.T) *clusterTree {
	t.Helper()
	text, err := testConfig{name: "test", options: config.GenerateOptions{Nodes: 4, Instances: 8, Seed: 1, Groups: 2, Networks: 2, Filters: 2}}.build()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := readClusterTree(text)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func firstQueries(tree *clusterTree, seed uint64, n int) []string {
	var all []string
	next := generatedQueries(newQueryGenerator(tree, seed), n)
	for q, ok := next(); ok; q, ok = next() {
		all = append(all, q.about+" "+string(q.datagram(1700000000)))
	}
	return all
}

func TestASeedMeansTheSameQueries(t *testing.T) {
	tree := small(t)
	one, again, other := firstQueries(tree, 1, 500), firstQueries(tree, 1, 500), firstQueries(tree, 2, 500)
	if strings.Join(one, "\n") != strings.Join(again, "\n") {
		t.Error("a seed gives different queries")
	}
	if strings.Join(one, "\n") == strings.Join(other, "\n") {
		t.Error("two seeds give the same queries")
	}
	if len(one) != 500 {
		t.Errorf("%d queries instead of 500", len(one))
	}
}

func TestQueriesAreOfEveryTypeAndKind(t *testing.T) {
	all := strings.Join(firstQueries(small(t), 1, 3000), "\n")
	for typ := range requestTypes {
		if !strings.Contains(all, fmt.Sprintf("type %d, ", typ)) {
			t.Errorf("no query of type %d", typ)
		}
	}
	for _, kind := range []string{
		"node exact", "node partial", "node uuid", "node upper case", "node missing", "node cut", "node of another kind", "node spoiled", "instance exact", "instance partial", "wrong kind", "addresses",
		"list of addresses", "default link", "link", "fields", "no fields", "ignored argument", "pointer of depth 1", "pointer of depth 2", "pointer of depth 4", "pointer with an odd index", "pointer to an absent key",
		"pointer broken", "pointer with a tail", "pointer spoiled", "compact", "another order", "escaped keys", "further member", "protocol", "rsalt", "odd hmac", "seconds off", "salt", "magic", "blank", "envelope",
	} {
		if !strings.Contains(all, kind) {
			t.Errorf("no query is %q", kind)
		}
	}
}

func TestEverySpellingMeansTheSame(t *testing.T) {
	m := message{protocol: "1", typ: "1", query: `"/node/1"`, rsalt: `"r"`}
	want := map[string]any{"protocol": 1.0, "type": 1.0, "query": "/node/1", "rsalt": "r"}
	same := 0
	for _, v := range oddMessages(m) {
		var got map[string]any
		if !strings.HasPrefix(v.about, "another order") && v.about != "compact" && v.about != "escaped keys" && !strings.HasPrefix(v.about, `query "`) {
			continue
		}
		same++
		if err := json.Unmarshal([]byte(v.text), &got); err != nil {
			t.Errorf("%s: %v in %s", v.about, err, v.text)
		} else if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %s", v.about, v.text)
		}
	}
	if same < 6 {
		t.Errorf("only %d spellings were looked at", same)
	}
}

func TestPointers(t *testing.T) {
	if got := joinPointer([]string{"a/b", "~c", "0"}); got != "/a~1b/~0c/0" {
		t.Errorf("joinPointer: %s", got)
	}
	tree := small(t)
	for seed := range uint64(50) {
		g := newQueryGenerator(tree, seed)
		for range 20 {
			var at any = tree.root
			for _, token := range g.walk() {
				switch v := at.(type) {
				case map[string]any:
					at = v[token]
				case []any:
					var i int
					if _, err := fmt.Sscan(token, &i); err != nil {
						t.Fatalf("seed %d: index %q", seed, token)
					}
					at = v[i]
				}
				if at == nil && token != "" {
					t.Fatalf("seed %d: the walk leaves the tree at %q", seed, token)
				}
			}
		}
	}
}

func TestWholeContainersOfLargeConfigsAreRare(t *testing.T) {
	text, err := testConfig{name: "test", options: config.GenerateOptions{Nodes: 4, Instances: 2 * cheapInstances, Seed: 1}}.build()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := readClusterTree(text)
	if err != nil {
		t.Fatal(err)
	}
	g := newQueryGenerator(tree, 1)
	whole := 0
	for range 5000 {
		if tokens := g.walk(); len(tokens) == 1 && tokens[0] == "instances" {
			whole++
		}
	}
	if whole > 3 {
		t.Errorf("all instances are asked for %d times", whole)
	}
}

func TestPlainQueriesAskForEverything(t *testing.T) {
	tree := small(t)
	types := map[int]int{}
	for _, q := range plainQueries(tree) {
		types[q.Type]++
		if _, err := q.request(); err != nil {
			t.Errorf("type %d %v: %v", q.Type, q.Query, err)
		}
	}
	for typ := range requestTypes {
		if types[typ] == 0 {
			t.Errorf("no query of type %d", typ)
		}
	}
	if types[typeNodeRole] < 2*len(tree.nodes) || types[typeInstanceDisks] < len(tree.instances) || types[typeNodeByInstanceIP] < 2*len(tree.ips) {
		t.Errorf("not all objects are asked for: %v", types)
	}
}
