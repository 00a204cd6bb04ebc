package loadgen

import "gantry/confd/wire"

// unspelled is no name of anything, and not ASCII: a query with it is written
// with an escape, which no server's short cut for usual requests knows.
const unspelled = "\u00e9"

// AllTypesMix is every type of request, each in two spellings: one that a server
// may know by heart, and one that needs a general parser. names must have a node
// and an instance's address; answers must fit a datagram.
func AllTypesMix(names Names) []Share {
	nodes, instances := names.nodeQueries(), names.instanceQueries()
	if len(nodes) == 0 || len(instances) == 0 {
		return nil
	}
	node, address := names.Nodes[0], names.Instances[0]
	plain := func(t wire.Type, text string, want wire.Status) Query {
		return Query{Type: t, Query: wire.Query{Kind: wire.QueryPlain, Plain: text}, Want: want}
	}
	list := wire.Query{Kind: wire.QueryDict, HasIPs: true, IPs: []string{address.IP, unspelled}}
	fields := wire.Query{Kind: wire.QueryDict, HasFields: true, Fields: []uint8{0, 1, 2}}
	none := func(t wire.Type) Query { return Query{Type: t} }
	const ok, failed = wire.StatusOK, wire.StatusError
	return []Share{
		{Weight: 1, Queries: nodes},
		{Weight: 1, Queries: instances},
		{Weight: 2, Queries: []Query{
			none(wire.ReqPing), plain(wire.ReqPing, unspelled, ok),
			plain(wire.ReqNodeRole, node, ok), plain(wire.ReqNodeRole, unspelled, failed),
			{Type: wire.ReqNodePipByInstIP, Query: list}, plain(wire.ReqNodePipByInstIP, "", failed),
			none(wire.ReqClusterMaster), {Type: wire.ReqClusterMaster, Query: fields}, plain(wire.ReqClusterMaster, unspelled, failed),
			none(wire.ReqNodePipList), plain(wire.ReqNodePipList, unspelled, ok),
			none(wire.ReqMCPipList), plain(wire.ReqMCPipList, unspelled, ok),
			none(wire.ReqInstIPsList), plain(wire.ReqInstIPsList, unspelled, ok),
			plain(wire.ReqNodeDRBD, node, ok), plain(wire.ReqNodeDRBD, unspelled, failed),
			plain(wire.ReqNodeInstances, node, ok), plain(wire.ReqNodeInstances, unspelled, failed),
			plain(wire.ReqInstanceDisks, "instance1", ok), plain(wire.ReqInstanceDisks, unspelled, failed),
			plain(wire.ReqConfigQuery, "/cluster/cluster_name", ok), plain(wire.ReqConfigQuery, unspelled, failed),
			none(wire.ReqDataCollectors), plain(wire.ReqDataCollectors, unspelled, ok),
		}},
	}
}
