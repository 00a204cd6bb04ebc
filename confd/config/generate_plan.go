package config

import "slices"

// A plan is what must be known about a whole generated cluster before its first object can be written: who lives where, and every
// number that may be given out once. Everything else about an object follows from the seed when it is written.
type plan struct {
	seed      uint64
	layout    Layout
	templates []string // to choose from
	cluster   uuid
	groups    []uuid
	nodes     []plannedNode
	networks  []plannedNetwork
	instances []plannedInstance
	disks     []plannedDisk
	filters   []uuid

	// The order in which a container's members are written: by uuid, as wconfd does.
	groupOrder, nodeOrder, networkOrder, instanceOrder, diskOrder, filterOrder []int32

	highestPort int   // last one given out
	freePorts   []int // given out once, and free again
}

type plannedNode struct {
	uuid                                                      uuid
	group                                                     int32
	candidate, offline, drained, masterCapable, runsInstances bool
	minors                                                    int32 // DRBD minors given out
}

type plannedNetwork struct {
	uuid uuid
	bits int8 // prefix length
	used int  // addresses given to NICs, from the third on
}

type plannedInstance struct {
	uuid               uuid
	primary, secondary int32 // nodes; secondary is -1 without DRBD
	firstDisk, disks   int32 // in plan.disks
	nics               int8
	network            int32 // of the first NIC, -1 if none
	address            int32 // the NIC's, counted from the network's own
	port               int32 // VNC's, 0 if none
	template           string
	forthcoming        bool
}

type plannedDisk struct {
	uuid           uuid
	instance       int32
	port           int32 // DRBD's
	minorA, minorB int32
}

const (
	masterIndex = 0 // the master is the first node

	firstGeneratedPort = 11000 // where the reference starts
	lastGeneratedPort  = 65535 // the reference stops at 14999; generated clusters are larger than that allows

	freedPortEvery = 97 // one port in so many was in use once and is free now
	freedPortsMax  = 20

	// Of a network's addresses the first two and the last are never a NIC's: network, gateway, broadcast.
	firstNICAddress = 2
)

var (
	// diskTemplates are all of the reference's, in the order in which it prefers them.
	diskTemplates = []string{"blockdev", "diskless", "drbd", "ext", "file", "plain", "rbd", "sharedfile", "gluster"}

	// templateMix leaves ports enough for 100,000 instances.
	templateMix = []string{
		"drbd", "drbd", "drbd", "drbd", "drbd", "drbd", "drbd",
		"plain", "plain", "plain", "plain", "plain", "plain", "file", "sharedfile", "rbd", "ext", "gluster", "diskless", "diskless",
	}

	// diskCounts and nicCounts are how many an instance has; a value is as likely as it is repeated.
	diskCounts = []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3}
	nicCounts  = []int8{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4}
)

// DiskTemplates returns the names that GenerateOptions.Templates may have.
func DiskTemplates() []string { return slices.Clone(diskTemplates) }

func newPlan(opts GenerateOptions) *plan {
	layout, _ := parseLayout(opts.Layout)
	p := &plan{seed: opts.Seed, layout: layout, highestPort: firstGeneratedPort - 1}
	p.templates = availableTemplates(opts.Templates, layout)
	r := randomFor(opts.Seed, streamPlacement, 0)
	p.cluster = r.uuid()
	p.groups = uuids(&r, opts.Groups)
	p.filters = uuids(&r, opts.Filters)
	p.networks = make([]plannedNetwork, opts.Networks)
	for i := range p.networks {
		p.networks[i] = plannedNetwork{uuid: r.uuid(), bits: pick(&r, []int8{24, 24, 25, 26})}
	}
	p.planNodes(&r, opts)
	p.planInstances(&r, opts)
	p.planOrders()
	return p
}

// availableTemplates replaces what the layout hasn't got yet.
func availableTemplates(wanted []string, layout Layout) []string {
	all := slices.Clone(wanted)
	for i, t := range all {
		if layout < templateSince[t] {
			all[i] = "plain"
		}
	}
	return all
}

func uuids(r *random, n int) []uuid {
	all := make([]uuid, n)
	for i := range all {
		all[i] = r.uuid()
	}
	return all
}

func (p *plan) planNodes(r *random, opts GenerateOptions) {
	p.nodes = make([]plannedNode, opts.Nodes)
	eligible := []int{}
	for i := range p.nodes {
		n := plannedNode{uuid: r.uuid(), group: int32(r.below(len(p.groups))), masterCapable: true, runsInstances: true}
		if i != masterIndex {
			n.offline = r.chance(4)
			n.drained = !n.offline && r.chance(4)
			n.masterCapable = !r.chance(8)
			n.runsInstances = !r.chance(6)
			if n.masterCapable && !n.offline && !n.drained {
				eligible = append(eligible, i)
			}
		}
		p.nodes[i] = n
	}
	p.nodes[masterIndex].candidate = true
	for range min(opts.Candidates-1, len(eligible)) {
		at := r.below(len(eligible))
		p.nodes[eligible[at]].candidate = true
		eligible[at] = eligible[len(eligible)-1]
		eligible = eligible[:len(eligible)-1]
	}
}

func (p *plan) planInstances(r *random, opts GenerateOptions) {
	byGroup := make([][]int32, len(p.groups))
	hosts := []int32{}
	for i, n := range p.nodes {
		if n.runsInstances {
			hosts = append(hosts, int32(i))
			byGroup[n.group] = append(byGroup[n.group], int32(i))
		}
	}
	p.instances = make([]plannedInstance, opts.Instances)
	for i := range p.instances {
		in := &p.instances[i]
		*in = plannedInstance{
			uuid: r.uuid(), primary: pick(r, hosts), secondary: -1, network: -1,
			template: pick(r, p.templates), nics: pick(r, nicCounts),
			forthcoming: opts.Forthcoming && p.layout >= layoutDiskNodes && i%50 == 7,
		}
		near := byGroup[p.nodes[in.primary].group]
		if in.template == "drbd" {
			in.secondary = another(r, near, in.primary)
			if in.secondary < 0 {
				in.secondary = another(r, hosts, in.primary)
			}
			if in.secondary < 0 {
				in.template = "plain"
			}
		}
		p.planDisks(r, i, in)
		p.planAddress(r, in)
		if r.chance(3) {
			in.port = p.takePort(lastGeneratedPort - 4000) // the last ones are for DRBD
		}
	}
}

// another picks one of the nodes that isn't this one, -1 if there is none.
func another(r *random, nodes []int32, than int32) int32 {
	if len(nodes) < 2 {
		return -1
	}
	at := r.below(len(nodes))
	if nodes[at] == than {
		at = (at + 1) % len(nodes)
	}
	return nodes[at]
}

func (p *plan) planDisks(r *random, index int, in *plannedInstance) {
	in.firstDisk = int32(len(p.disks))
	if in.template == "diskless" {
		return
	}
	for range pick(r, diskCounts) {
		d := plannedDisk{uuid: r.uuid(), instance: int32(index)}
		if in.template == "drbd" {
			if d.port = p.takePort(lastGeneratedPort); d.port == 0 {
				break
			}
			d.minorA, d.minorB = p.nodes[in.primary].minors, p.nodes[in.secondary].minors
			p.nodes[in.primary].minors++
			p.nodes[in.secondary].minors++
		}
		p.disks = append(p.disks, d)
	}
	in.disks = int32(len(p.disks)) - in.firstDisk
	if in.disks == 0 { // no port was left
		in.template, in.secondary, in.disks = "plain", -1, 1
		p.disks = append(p.disks, plannedDisk{uuid: r.uuid(), instance: int32(index)})
	}
}

// takePort gives out the next port, 0 if there is none up to last.
func (p *plan) takePort(last int) int32 {
	if p.highestPort >= last {
		return 0
	}
	p.highestPort++
	if p.highestPort%freedPortEvery == 0 && len(p.freePorts) < freedPortsMax && p.highestPort < last {
		p.freePorts = append(p.freePorts, p.highestPort)
		p.highestPort++
	}
	return int32(p.highestPort)
}

// planAddress connects a fifth of the instances to a network, as long as one has an address left.
func (p *plan) planAddress(r *random, in *plannedInstance) {
	if in.nics == 0 || len(p.networks) == 0 || !r.chance(20) {
		return
	}
	at := r.below(len(p.networks))
	n := &p.networks[at]
	if firstNICAddress+n.used >= n.size()-1 {
		return
	}
	in.network, in.address = int32(at), int32(firstNICAddress+n.used)
	n.used++
}

// size returns the number of addresses.
func (n *plannedNetwork) size() int { return 1 << (32 - n.bits) }

func (p *plan) planOrders() {
	p.groupOrder = orderBy(len(p.groups), func(i int32) *uuid { return &p.groups[i] })
	p.filterOrder = orderBy(len(p.filters), func(i int32) *uuid { return &p.filters[i] })
	p.nodeOrder = orderBy(len(p.nodes), func(i int32) *uuid { return &p.nodes[i].uuid })
	p.networkOrder = orderBy(len(p.networks), func(i int32) *uuid { return &p.networks[i].uuid })
	p.instanceOrder = orderBy(len(p.instances), func(i int32) *uuid { return &p.instances[i].uuid })
	p.diskOrder = orderBy(len(p.disks), func(i int32) *uuid { return &p.disks[i].uuid })
}

func orderBy(n int, key func(i int32) *uuid) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return slices.Compare(key(a)[:], key(b)[:]) })
	return order
}
