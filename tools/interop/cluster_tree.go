package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// A clusterTree is a config as the query generator needs it: what there is to ask for. Lists are sorted, so that a seed means the same
// queries every time.
type clusterTree struct {
	root         map[string]any
	nodes        []string // names
	nodeKeys     []string // uuids
	instances    []string
	instanceKeys []string
	disks        []string // uuids
	otherKeys    []string // of groups, networks and filters
	links        []string
	ips          []string
	linkOf       map[string]string // ip → a link it is on
}

func readClusterTree(config []byte) (*clusterTree, error) {
	t := &clusterTree{linkOf: map[string]string{}}
	if err := json.Unmarshal(config, &t.root); err != nil {
		return nil, fmt.Errorf("read the config: %w", err)
	}
	t.nodes, t.nodeKeys = t.namesAndKeys("nodes")
	t.instances, t.instanceKeys = t.namesAndKeys("instances")
	_, t.disks = t.namesAndKeys("disks")
	for _, container := range []string{"nodegroups", "networks", "filters"} {
		_, keys := t.namesAndKeys(container)
		t.otherKeys = append(t.otherKeys, keys...)
	}
	t.readNICs()
	return t, nil
}

func (t *clusterTree) namesAndKeys(container string) (names, keys []string) {
	members, _ := t.root[container].(map[string]any)
	keys = slices.Sorted(maps.Keys(members))
	for _, key := range keys {
		object, _ := members[key].(map[string]any)
		if name, ok := object["name"].(string); ok {
			names = append(names, name)
		}
	}
	return names, keys
}

// readNICs collects links and addresses, with the cluster's default link where a NIC has none.
func (t *clusterTree) readNICs() {
	defaultLink, _ := member[string](t.root, "cluster", "nicparams", "default", "link")
	links := map[string]bool{defaultLink: true}
	instances, _ := t.root["instances"].(map[string]any)
	for _, key := range t.instanceKeys {
		object, _ := instances[key].(map[string]any)
		nics, _ := object["nics"].([]any)
		for _, n := range nics {
			nic, _ := n.(map[string]any)
			link, ok := member[string](nic, "nicparams", "link")
			if !ok {
				link = defaultLink
			}
			links[link] = true
			if ip, ok := nic["ip"].(string); ok {
				t.linkOf[ip] = link
			}
		}
	}
	t.links = slices.Sorted(maps.Keys(links))
	t.ips = slices.Sorted(maps.Keys(t.linkOf))
}

// member follows keys through objects and returns what is there, if it is a T.
func member[T any](object map[string]any, keys ...string) (T, bool) {
	var value any = object
	for _, key := range keys {
		m, ok := value.(map[string]any)
		if !ok {
			var none T
			return none, false
		}
		value = m[key]
	}
	typed, ok := value.(T)
	return typed, ok
}
