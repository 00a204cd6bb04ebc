package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"gantry/confd/config"
)

// An upgradedCluster is an upgraded configuration with everything made equal that differs between two runs of even the same tool:
//   - UUIDs that weren't in the source: the reference draws them at random. They are named after where they are.
//   - times of the run: the reference puts now where it knows no time, ours 0. They become 0.
//   - the order of a disk's nodes and of a policy's disk templates: the reference puts them into sets.
//   - private parameters: the reference's encoder masks them, and so its tool loses them. They are left out.
//   - serial_no and mtime at the top: the reference's tool saves the file more than once.
type upgradedCluster struct {
	members map[string]string // of all objects: JSON text by "container/key/name"
	trees   map[string]any    // by "container/key"
	names   map[string]string // of UUIDs
	known   map[string]bool   // UUIDs of the source
	started time.Time
}

var uuidText = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func newUpgradedCluster(source, upgraded []byte, started time.Time) (*upgradedCluster, error) {
	c := &upgradedCluster{members: map[string]string{}, trees: map[string]any{}, names: map[string]string{}, known: map[string]bool{}, started: started}
	var tree any
	if err := decodeNumbers(source, &tree); err != nil {
		return nil, err
	}
	eachString(tree, func(text string) { c.known[text] = true })
	upgraded, err := withoutPrivate(upgraded)
	if err != nil {
		return nil, err
	}
	if err := config.Walk(bytes.NewReader(upgraded), c); err != nil {
		return nil, err
	}
	c.nameUUIDs()
	for name, tree := range c.trees {
		if err := c.put(c.name(name), c.normal(tree)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// put keeps the members of an object, so that a difference is reported where it is.
func (c *upgradedCluster) put(name string, tree any) error {
	members, ok := tree.(map[string]any)
	if !ok {
		members = map[string]any{"": tree}
	}
	for key, member := range members {
		text, err := json.Marshal(member)
		if err != nil {
			return err
		}
		c.members[name+"/"+key] = string(text)
	}
	return nil
}

func decodeNumbers(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// withoutPrivate empties the private parameters, whose values the reference has turned into nulls.
func withoutPrivate(text []byte) ([]byte, error) {
	var doc struct {
		Cluster   map[string]any            `json:"cluster"`
		Instances map[string]map[string]any `json:"instances"`
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	if err := decodeNumbers(text, &doc); err != nil {
		return nil, err
	}
	doc.Cluster["osparams_private_cluster"] = map[string]any{}
	for _, instance := range doc.Instances {
		instance["osparams_private"] = map[string]any{}
	}
	var err error
	if all["cluster"], err = json.Marshal(doc.Cluster); err != nil {
		return nil, err
	}
	if all["instances"], err = json.Marshal(doc.Instances); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// Top keeps what must be the same at the top.
func (c *upgradedCluster) Top(name string, text []byte) error {
	if name == "serial_no" || name == "mtime" {
		return nil
	}
	return c.keep(name, text)
}

// Object keeps every object.
func (c *upgradedCluster) Object(o *config.Object) error {
	return c.keep(o.Kind.String()+"/"+string(o.Key), o.Text)
}

func (c *upgradedCluster) keep(name string, text []byte) error {
	var tree any
	if err := decodeNumbers(text, &tree); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.trees[name] = tree
	return nil
}

// nameUUIDs names what old layouts have no UUIDs for after instance and position.
func (c *upgradedCluster) nameUUIDs() {
	for _, tree := range c.trees {
		instance, _ := tree.(map[string]any)
		if instance["nics"] == nil {
			continue
		}
		for i, nic := range list(instance["nics"]) {
			c.nameUUID(nic.(map[string]any)["uuid"], "%s nic %d", instance["name"], i)
		}
		for i, disk := range list(instance["disks"]) {
			c.nameUUID(disk, "%s disk %d", instance["name"], i)
			tree, _ := c.trees[fmt.Sprint("disks/", disk)].(map[string]any)
			for n, child := range list(tree["children"]) {
				c.nameUUID(child.(map[string]any)["uuid"], "%s disk %d child %d", instance["name"], i, n)
			}
		}
	}
}

func (c *upgradedCluster) nameUUID(uuid any, format string, args ...any) {
	if text, _ := uuid.(string); uuidText.MatchString(text) && !c.known[text] {
		c.names[text] = fmt.Sprintf(format, args...)
	}
}

// name replaces a UUID, also at the end of a path.
func (c *upgradedCluster) name(text string) string {
	const length = 36
	if at := len(text) - length; at >= 0 && c.names[text[at:]] != "" {
		return text[:at] + c.names[text[at:]]
	}
	return text
}

// normal returns a tree with all made equal that may differ.
func (c *upgradedCluster) normal(tree any) any {
	switch v := tree.(type) {
	case string:
		return c.name(v)
	case []any:
		for i := range v {
			v[i] = c.normal(v[i])
		}
	case map[string]any:
		for key, item := range v {
			v[key] = c.normal(item)
			if key == "nodes" || key == "disk-templates" {
				slices.SortFunc(list(item), func(a, b any) int { return bytes.Compare([]byte(fmt.Sprint(a)), []byte(fmt.Sprint(b))) })
			}
			if number, ok := item.(json.Number); ok && (key == "ctime" || key == "mtime") {
				if at, err := number.Float64(); err == nil && at >= float64(c.started.Unix()) {
					v[key] = json.Number("0")
				}
			}
		}
	}
	return tree
}

func list(v any) []any {
	items, _ := v.([]any)
	return items
}

// eachString calls visit for every string and every key.
func eachString(tree any, visit func(string)) {
	switch v := tree.(type) {
	case string:
		visit(v)
	case []any:
		for _, item := range v {
			eachString(item, visit)
		}
	case map[string]any:
		for key, item := range v {
			visit(key)
			eachString(item, visit)
		}
	}
}
