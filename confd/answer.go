package confd

import (
	"gantry/cache"
	"gantry/confd/wire"
)

const (
	// textRoom is what the longest error text can take: the two bytes of a
	// request that name a field are shown as seventeen, all else grows less.
	textRoom = 9*wire.MaxRequest + 1024
	// composeRoom is what one composed msg can take: an error text with every
	// byte of it escaped. A list or an object is cut off at wire.MaxReply.
	composeRoom = 2*textRoom + wire.MaxReply
	// composeSize is the memory for the composed msgs of a batch. When less than
	// composeRoom is left, what there is gets signed and sent first.
	composeSize = 2 * composeRoom
)

// reply is what is answered: nothing, if it has no Msg.
type reply struct {
	cache.Answer
	status wire.Status
}

// answerer finds and composes answers for one worker. Composed ones lie in its
// memory until it is reset. It never allocates.
type answerer struct {
	composed []byte // msgs, one after the other
	text     []byte // the error text in the making
}

func newAnswerer() *answerer {
	return &answerer{
		composed: make([]byte, 0, composeSize),
		text:     make([]byte, 0, textRoom),
	}
}

// isFull reports whether another composed answer may not fit.
func (a *answerer) isFull() bool { return cap(a.composed)-len(a.composed) < composeRoom }

// reset forgets all composed answers.
func (a *answerer) reset() { a.composed = a.composed[:0] }

func ok(answer cache.Answer) reply   { return reply{answer, wire.StatusOK} }
func fail(answer cache.Answer) reply { return reply{answer, wire.StatusError} }

// answer answers a request from a snapshot, as Ganeti 3.0's server does.
func (a *answerer) answer(s *cache.Snapshot, r *wire.Request) reply {
	if answer, none := s.Unavailable(); none {
		return fail(answer)
	}
	switch r.Type {
	case wire.ReqPing:
		return ok(s.Ping())
	case wire.ReqNodeRole:
		return a.nodeRole(s, r)
	case wire.ReqNodePipByInstIP:
		return a.nodeByInstanceIP(s, r)
	case wire.ReqClusterMaster:
		return a.master(s, r)
	case wire.ReqNodePipList:
		return ok(s.NodeIPs())
	case wire.ReqMCPipList:
		return ok(s.CandidateIPs())
	case wire.ReqInstIPsList:
		return a.instanceIPs(s, r)
	case wire.ReqNodeDRBD:
		return a.nodeDRBD(s, r)
	case wire.ReqNodeInstances:
		return a.nodeInstances(s, r)
	case wire.ReqInstanceDisks:
		return a.instanceDisks(s, r)
	case wire.ReqConfigQuery:
		return a.configValue(s, r)
	case wire.ReqDataCollectors:
		return ok(s.Collectors())
	}
	return reply{}
}

// nodeRole answers with a node's role. The master's name is looked up first.
func (a *answerer) nodeRole(s *cache.Snapshot, r *wire.Request) reply {
	if r.Kind != wire.QueryPlain {
		return a.invalidQuery(r)
	}
	if _, uuid, match := s.Master(); match != cache.Found {
		return a.prerequisite(uuid, match)
	}
	row, match := s.FindNode(r.Plain)
	if match != cache.Found {
		return a.prerequisite(r.Plain, match)
	}
	return ok(s.NodeRole(row, r.Plain))
}

// nodeByInstanceIP answers with the primary address of the node that runs the
// instance with an address, or with a list of such answers. Without default NIC
// parameters the reference has no map of addresses, and is silent.
func (a *answerer) nodeByInstanceIP(s *cache.Snapshot, r *wire.Request) reply {
	if r.Kind != wire.QueryDict {
		return fail(s.ArgumentError())
	}
	link, known := s.DefaultLink()
	if !known && (r.HasIP || len(r.IPs) > 0) {
		return reply{}
	}
	if r.HasLink {
		link = s.Link(r.Link)
	}
	if r.HasIP {
		row := s.NodeByIP(link, r.IP)
		if row < 0 {
			return fail(s.UnknownEntry())
		}
		return ok(s.NodeIP(row))
	}
	start := a.begin(wire.StatusOK)
	a.composed = append(a.composed, '[')
	for i, ip := range r.IPs {
		if i > 0 {
			a.composed = append(a.composed, ',')
		}
		a.composed = append(a.composed, s.NodeIPEntry(s.NodeByIP(link, ip))...)
		if len(a.composed)-start > wire.MaxReply {
			return a.tooLarge(s, start)
		}
	}
	a.composed = append(a.composed, ']')
	return a.end(start, wire.StatusOK, s.ClusterSerial())
}

// master answers with the master node's name, or with the fields asked for.
func (a *answerer) master(s *cache.Snapshot, r *wire.Request) reply {
	_, uuid, match := s.Master()
	switch {
	case r.Kind == wire.QueryPlain:
		return fail(s.ArgumentError())
	case match != cache.Found && r.Kind == wire.QueryEmpty:
		return a.prerequisite(uuid, match)
	case match != cache.Found:
		return a.shownError("", nodeKind, uuid, match)
	case r.Kind == wire.QueryEmpty:
		return ok(s.MasterName())
	}
	start := a.begin(wire.StatusOK)
	a.composed = append(a.composed, '[')
	for i, field := range r.Fields {
		if i > 0 {
			a.composed = append(a.composed, ',')
		}
		a.composed = append(a.composed, s.MasterField(wire.Field(field))...)
		if len(a.composed)-start > wire.MaxReply {
			return a.tooLarge(s, start)
		}
	}
	a.composed = append(a.composed, ']')
	return a.end(start, wire.StatusOK, s.ClusterSerial())
}

// instanceIPs answers with the addresses on a link.
func (a *answerer) instanceIPs(s *cache.Snapshot, r *wire.Request) reply {
	if r.Kind == wire.QueryDict {
		a.text = append(a.text[:0], "Invalid query type"...)
		return a.errorText()
	}
	link, known := s.DefaultLink()
	if !known {
		return reply{}
	}
	if r.Kind == wire.QueryPlain {
		link = s.Link(r.Plain)
	}
	ips, fits := s.LinkIPs(link)
	if !fits {
		return fail(s.InternalError())
	}
	return ok(ips)
}

// nodeDRBD answers with the DRBD minors of a node.
func (a *answerer) nodeDRBD(s *cache.Snapshot, r *wire.Request) reply {
	if r.Kind != wire.QueryPlain {
		return a.invalidQuery(r)
	}
	row, match := s.FindNode(r.Plain)
	if match != cache.Found {
		return a.shownError("", nodeKind, r.Plain, match)
	}
	if peer, match := s.BadPeer(row); match != cache.Found {
		return a.shownError("", nodeKind, peer, match)
	}
	start := a.begin(wire.StatusOK)
	var fits bool
	if a.composed, fits = s.AppendNodeMinors(a.composed, row, wire.MaxReply); !fits {
		return a.tooLarge(s, start)
	}
	return a.end(start, wire.StatusOK, s.NodeSerial(row))
}

// nodeInstances answers with the instances that have a node as their primary
// and as their secondary node.
func (a *answerer) nodeInstances(s *cache.Snapshot, r *wire.Request) reply {
	if r.Kind != wire.QueryPlain {
		return a.invalidQuery(r)
	}
	row, match := s.FindNode(r.Plain)
	if match != cache.Found {
		return a.shownError("Node not found in the configuration: ", nodeKind, r.Plain, match)
	}
	start := a.begin(wire.StatusOK)
	var fits bool
	if a.composed, fits = s.AppendNodeInstances(a.composed, row, wire.MaxReply); !fits {
		return a.tooLarge(s, start)
	}
	return a.end(start, wire.StatusOK, s.NodeSerial(row))
}

// instanceDisks answers with an instance's disks.
func (a *answerer) instanceDisks(s *cache.Snapshot, r *wire.Request) reply {
	if r.Kind != wire.QueryPlain {
		return a.invalidQuery(r)
	}
	row, match := s.FindInstance(r.Plain)
	if match != cache.Found {
		return a.shownError("Instance not found in the configuration: ", instanceKind, r.Plain, match)
	}
	start := a.begin(wire.StatusOK)
	composed, missing, fits := s.AppendInstanceDisks(a.composed, row, wire.MaxReply)
	if missing != nil {
		a.composed = a.composed[:start]
		return a.shownError("Could not retrieve disks: ", diskKind, missing, cache.NotFound)
	}
	if !fits {
		return a.tooLarge(s, start)
	}
	a.composed = composed
	return a.end(start, wire.StatusOK, s.InstanceSerial(row))
}

// configValue answers with the value that a pointer leads to.
func (a *answerer) configValue(s *cache.Snapshot, r *wire.Request) reply {
	if r.Kind != wire.QueryPlain {
		return a.invalidQuery(r)
	}
	start := a.begin(wire.StatusOK)
	composed, found, fits := s.AppendValue(a.composed, r.Plain, wire.MaxReply)
	if !found {
		a.composed = a.composed[:start]
		return fail(s.ArgumentError())
	}
	if !fits {
		return a.tooLarge(s, start)
	}
	a.composed = composed
	return a.end(start, wire.StatusOK, s.ClusterSerial())
}

// begin starts a composed answer and returns where.
func (a *answerer) begin(status wire.Status) (start int) {
	start = len(a.composed)
	a.composed = wire.AppendReplyHead(a.composed, status)
	return start
}

// end closes the composed answer that began at start.
func (a *answerer) end(start int, status wire.Status, serial []byte) reply {
	a.composed = wire.AppendReplyTail(a.composed, serial)
	return reply{cache.Answer{Msg: a.composed[start:len(a.composed):len(a.composed)]}, status}
}

// tooLarge answers instead of what began at start and fits no datagram. The
// reference sends nothing then.
func (a *answerer) tooLarge(s *cache.Snapshot, start int) reply {
	a.composed = a.composed[:start]
	return fail(s.InternalError())
}
