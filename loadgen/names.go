package loadgen

import (
	"fmt"
	"os"

	"gantry/confd/config"
	"gantry/confd/wire"
)

// Names are the things of a cluster that queries ask for.
type Names struct {
	Nodes     []string          // names of nodes
	Instances []InstanceAddress // addresses of instances
}

// InstanceAddress is where an instance is in the network.
type InstanceAddress struct {
	Link string // "" is the cluster's default link
	IP   string
}

// ReadNames returns what there is to ask for in a config.data.
func ReadNames(path string) (Names, error) {
	f, err := os.Open(path)
	if err != nil {
		return Names{}, err
	}
	defer f.Close()
	var c nameCollector
	if err := config.Walk(f, &c); err != nil {
		return Names{}, fmt.Errorf("%s: %w", path, err)
	}
	return Names{Nodes: c.nodes, Instances: c.instances}, nil
}

// nameCollector is told about every object of a configuration.
type nameCollector struct {
	nodes     []string
	instances []InstanceAddress
	text      []byte
}

func (c *nameCollector) Top(string, []byte) error { return nil }

func (c *nameCollector) Object(o *config.Object) error {
	switch o.Kind {
	case config.KindNode:
		c.nodes = append(c.nodes, c.unquote(o.Value(config.NodeName)))
	case config.KindInstance:
		if len(c.unquote(o.Value(config.InstancePrimaryNode))) == 0 {
			return nil // one that is only planned has no node to answer with
		}
		for nic := range config.Elements(o.Value(config.InstanceNICs)) {
			if a := c.address(nic); a.IP != "" {
				c.instances = append(c.instances, a)
			}
		}
	}
	return nil
}

// address reads what a network interface has of its own; a link that it has not
// comes from the cluster.
func (c *nameCollector) address(nic []byte) (a InstanceAddress) {
	for key, value := range config.Members(nic) {
		switch string(key) {
		case `"ip"`:
			a.IP = c.unquote(value)
		case `"nicparams"`:
			for key, value := range config.Members(value) {
				if string(key) == `"link"` {
					a.Link = c.unquote(value)
				}
			}
		}
	}
	return a
}

// unquote returns the text of a JSON string, "" of anything else.
func (c *nameCollector) unquote(value []byte) string {
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	c.text = config.Unquote(c.text[:0], value)
	return string(c.text)
}

func (n Names) nodeQueries() (queries []Query) {
	for _, name := range n.Nodes {
		queries = append(queries, Query{Type: wire.ReqNodeRole, Query: wire.Query{Kind: wire.QueryPlain, Plain: name}})
	}
	return queries
}

func (n Names) instanceQueries() (queries []Query) {
	for _, a := range n.Instances {
		queries = append(queries, Query{Type: wire.ReqNodePipByInstIP, Query: wire.Query{
			Kind: wire.QueryDict, HasIP: true, IP: a.IP, HasLink: a.Link != "", Link: a.Link,
		}})
	}
	return queries
}
