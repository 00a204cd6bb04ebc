package client

import (
	"fmt"

	"gantry/confd/wire"
)

// Request is what servers are asked. The functions below make one for each type, with a new random salt; NewRequest makes any.
type Request struct {
	Type  wire.Type
	Query wire.Query
	RSalt string // comes back as the salt of the replies to SendRequest; must not repeat while the request is outstanding
}

// NewRequest makes a request of any of the twelve types. The query isn't checked: a server says what it thinks of it, or stays silent.
func NewRequest(t wire.Type, query wire.Query) (*Request, error) {
	if t >= wire.NumTypes {
		return nil, fmt.Errorf("%w: %d", ErrInvalidType, t)
	}
	return &Request{Type: t, Query: query, RSalt: newSalt()}, nil
}

func plain(t wire.Type, text string) *Request {
	return &Request{Type: t, Query: wire.Query{Kind: wire.QueryPlain, Plain: text}, RSalt: newSalt()}
}

func dict(t wire.Type, query wire.Query) *Request {
	query.Kind = wire.QueryDict
	return &Request{Type: t, Query: query, RSalt: newSalt()}
}

func empty(t wire.Type) *Request { return &Request{Type: t, RSalt: newSalt()} }

// Ping asks whether a server is there. Reply.Version reads the answer.
func Ping() *Request { return empty(wire.ReqPing) }

// NodeRole asks for the role of a node: its UUID, its name, or a beginning of the name up to a dot that no other has. For the master, only the
// whole name gives wire.RoleMaster. Reply.Role reads the answer.
func NodeRole(node string) *Request { return plain(wire.ReqNodeRole, node) }

// NodeIP asks for the primary address of the node that runs the instance with an address, on the cluster's default link or that of OnLink.
// Reply.NodeIP reads the answer.
func NodeIP(instanceIP string) *Request {
	return dict(wire.ReqNodePipByInstIP, wire.Query{HasIP: true, IP: instanceIP})
}

// NodeIPs asks the same for many instances' addresses. Reply.NodeIPs reads the answer.
func NodeIPs(instanceIPs ...string) *Request {
	return dict(wire.ReqNodePipByInstIP, wire.Query{HasIPs: true, IPs: instanceIPs})
}

// OnLink makes a NodeIP, NodeIPs or InstanceIPList ask about another link than the cluster's default one, and returns it. It leaves requests of
// other types alone.
func (r *Request) OnLink(link string) *Request {
	switch r.Type {
	case wire.ReqNodePipByInstIP:
		r.Query.HasLink, r.Query.Link = true, link
	case wire.ReqInstIPsList:
		r.Query = wire.Query{Kind: wire.QueryPlain, Plain: link}
	}
	return r
}

// Master asks for the master node's name or, if any are given, for fields. Reply.Master and Reply.MasterFields read the answers.
func Master(fields ...wire.Field) *Request {
	if len(fields) == 0 {
		return empty(wire.ReqClusterMaster)
	}
	numbers := make([]uint8, len(fields))
	for i, field := range fields {
		numbers[i] = uint8(field)
	}
	return dict(wire.ReqClusterMaster, wire.Query{HasFields: true, Fields: numbers})
}

// NodeIPList asks for the primary addresses of all nodes. Reply.Addresses reads the answer.
func NodeIPList() *Request { return empty(wire.ReqNodePipList) }

// CandidateIPList asks for the primary addresses of the master candidates. Reply.Addresses reads the answer.
func CandidateIPList() *Request { return empty(wire.ReqMCPipList) }

// InstanceIPList asks for the addresses of all instances on the cluster's default link or that of OnLink. Reply.Addresses reads the answer.
func InstanceIPList() *Request { return empty(wire.ReqInstIPsList) }

// NodeDRBD asks for the DRBD minors of a node, named as for NodeRole. Reply.DRBDMinors reads the answer.
func NodeDRBD(node string) *Request { return plain(wire.ReqNodeDRBD, node) }

// NodeInstances asks for the instances of a node, named as for NodeRole. Reply.Instances reads the answer. (The reference's Python client
// refuses to send it.)
func NodeInstances(node string) *Request { return plain(wire.ReqNodeInstances, node) }

// InstanceDisks asks for the disks of an instance, named like a node for NodeRole. Reply.Disks reads the answer.
func InstanceDisks(instance string) *Request { return plain(wire.ReqInstanceDisks, instance) }

// ConfigValue asks for a part of the config by its path, e.g. "/cluster/cluster_name" or "/nodes/UUID/name"; in a path, ~1 stands for a slash
// in a key and ~0 for a tilde. Reply.Value reads the answer.
func ConfigValue(path string) *Request { return plain(wire.ReqConfigQuery, path) }

// DataCollectors asks how the monitoring daemon's data collectors are set up. Reply.Collectors reads the answer.
func DataCollectors() *Request { return empty(wire.ReqDataCollectors) }
