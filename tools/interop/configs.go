package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"gantry/confd/config"
)

// A testConfig is a config that both servers are asked about.
type testConfig struct {
	name    string
	queries int // in a normal run
	options config.GenerateOptions
	change  func(root map[string]any) // nil: as generated
	meets   string                    // the documented difference that any answer on it may show
}

// testConfigs are all the clusters of the comparison: from none to thousands of instances, and every kind of object. The large ones get fewer
// queries: the reference takes milliseconds for some answers there.
func testConfigs() []testConfig {
	g := func(nodes, instances int) config.GenerateOptions {
		return config.GenerateOptions{Nodes: nodes, Instances: instances, Seed: uint64(1000*nodes + instances)}
	}
	with := func(o config.GenerateOptions, set func(*config.GenerateOptions)) config.GenerateOptions {
		set(&o)
		return o
	}
	return []testConfig{
		{name: "no instances, one node", queries: 1000, options: g(1, 0)},
		{name: "one instance, two nodes", queries: 1000, options: g(2, 1)},
		{name: "three instances, IPv6", queries: 1500, options: with(g(3, 3), func(o *config.GenerateOptions) { o.Family = config.FamilyIPv6 })},
		{name: "20 instances, groups, networks, filters", queries: 2000, options: with(g(12, 20), func(o *config.GenerateOptions) { o.Groups, o.Networks, o.Filters, o.Candidates = 4, 8, 6, 3 })},
		{name: "100 instances, DRBD only", queries: 2000, options: with(g(10, 100), func(o *config.GenerateOptions) { o.Templates = []string{"drbd"} })},
		{name: "100 instances, not ASCII, reservations", queries: 1500, options: with(g(8, 100), func(o *config.GenerateOptions) { o.NonASCII, o.Forthcoming, o.Python = true, true, true })},
		{name: "60 instances, quirks", queries: 1500, options: with(g(9, 60), func(o *config.GenerateOptions) { o.Quirks, o.Groups, o.Networks, o.Filters = true, 3, 5, 4 })},
		{name: "500 instances", queries: 2000, options: g(30, 500)},
		{name: "1,000 instances", queries: 1200, options: g(50, 1000)},
		{name: "2,000 instances", queries: 500, options: g(80, 2000)},
		{name: "5,000 instances", queries: 300, options: g(200, 5000)},
		{name: "30 instances, names alike", queries: 2000, options: g(12, 30), change: namesAlike},
		{name: "30 instances, references off", queries: 2000, options: g(6, 30), change: referencesOff},
		{name: "30 instances, keys that are not uuids", queries: 1000, options: g(12, 30), change: keysOff, meets: keysDiffer},
		{name: "10 instances, unknown master", queries: 500, options: g(3, 10), change: masterUnknown},
		{name: "10 instances, no default NIC parameters", queries: 500, options: g(3, 10), change: noDefaultNIC},
		{name: "20 instances, numbers and texts", queries: 1500, options: g(4, 20), change: oddValues},
	}
}

// build writes the config.
func (c testConfig) build() ([]byte, error) {
	var text bytes.Buffer
	if err := config.Generate(&text, c.options); err != nil {
		return nil, fmt.Errorf("generate %q: %w", c.name, err)
	}
	if c.change == nil {
		return text.Bytes(), nil
	}
	return changeConfig(text.Bytes(), c.change)
}

// changeConfig reads a config, lets change alter it, and writes it again. Numbers stay as they are written.
func changeConfig(text []byte, change func(root map[string]any)) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var root map[string]any
	if err := decoder.Decode(&root); err != nil {
		return nil, err
	}
	change(root)
	return json.Marshal(root)
}
