package config

// Kind is a kind of object at the top of config.data.
type Kind uint8

// The kinds. Cluster is one object; the others live in containers, keyed by uuid.
const (
	KindCluster Kind = iota
	KindNode
	KindGroup
	KindInstance
	KindNetwork
	KindDisk
	KindFilter
	numKinds
)

// containers names the top-level member that holds the objects of a kind.
var containers = [numKinds]string{
	KindCluster:  "cluster",
	KindNode:     "nodes",
	KindGroup:    "nodegroups",
	KindInstance: "instances",
	KindNetwork:  "networks",
	KindDisk:     "disks",
	KindFilter:   "filters",
}

// String returns the name of the top-level member that holds the objects of the kind: "cluster", "nodes", "nodegroups" …
func (k Kind) String() string {
	if k < numKinds {
		return containers[k]
	}
	return "unknown"
}

// Fields is how many fields the schema of the kind has.
func (k Kind) Fields() int { return len(schemas[k].fields) }
