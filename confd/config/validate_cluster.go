package config

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// clusterFacts are the cluster as it is: there is only one.
type clusterFacts struct {
	subject
	*Cluster
}

func (c *clusterFacts) read(cluster *Cluster) {
	c.Cluster = cluster
	c.label = cluster.ClusterName
	c.serial(cluster.SerialNo)
	c.subject.tags(cluster.Tags)
	if len(cluster.EnabledHypervisors) == 0 {
		c.fail("enabled_hypervisors is empty")
	}
	for _, h := range cluster.EnabledHypervisors {
		if cluster.HVParams[h] == nil {
			c.fail("hvparams has nothing for the enabled hypervisor %s", h)
		}
	}
	if len(cluster.EnabledDiskTemplates) == 0 {
		c.fail("enabled_disk_templates is empty")
	}
	if params, ok := cluster.NICParams["default"]; ok {
		c.nicParams("nicparams", params)
	} else {
		c.fail("nicparams has no default")
	}
	if _, ok := cluster.BEParams["default"]; !ok {
		c.fail("beparams has no default")
	}
	c.policy(&cluster.IPolicy, cluster.IPolicy.Std)
	for _, t := range cluster.IPolicy.DiskTemplates {
		if !slices.Contains(cluster.EnabledDiskTemplates, t) {
			c.warn("ipolicy allows disk template %s, which isn't enabled", t)
		}
	}
	c.diskAccess()
	c.masterAddress()
	for _, r := range cluster.UIDPool {
		if r[0] > r[1] {
			c.warn("uid_pool has a range from %d to %d", r[0], r[1])
		}
	}
}

// nicParams checks the parameters of a NIC with nothing left to inherit.
func (s *subject) nicParams(what string, p NICParams) {
	if p.Mode != nil && *p.Mode == "bridged" && (p.Link == nil || *p.Link == "") {
		s.fail("%s are bridged and have no link", what)
	}
}

// diskAccess checks the one parameter of disks whose values the reference lists.
func (c *clusterFacts) diskAccess() {
	for _, template := range []string{"ext", "gluster", "rbd"} {
		text := c.DiskParams[template]["access"]
		if text == nil {
			continue
		}
		var access string
		if err := json.Unmarshal(text, &access); err != nil || access != "kernelspace" && access != "userspace" {
			c.fail("diskparams of %s have access %s: must be kernelspace or userspace", template, text)
		}
	}
}

func (c *clusterFacts) masterAddress() {
	addr, err := netip.ParseAddr(c.MasterIP)
	switch {
	case err != nil:
		c.warn("master_ip is no address: %s", c.MasterIP)
	case addr.Is6() != (c.PrimaryIPFamily == FamilyIPv6):
		c.warn("master_ip %s is not of the cluster's primary_ip_family", c.MasterIP)
	case c.MasterNetmask < 0 || c.MasterNetmask > int64(addr.BitLen()):
		c.warn("master_netmask %d is no prefix length for %s", c.MasterNetmask, c.MasterIP)
	}
}

// checkCluster checks what the cluster says of other objects.
func (v *validator) checkCluster() {
	c := &v.cluster
	if len(v.groups) == 0 {
		c.fail("there is no node group")
	}
	v.unique(&c.subject, "IP address", c.MasterIP, "")
	if master := v.nodes[c.MasterNode]; master == nil {
		c.fail("master_node names no node: %s", c.MasterNode)
	} else {
		if !master.MasterCandidate {
			c.fail("the master %s is no master candidate", master.label)
		}
		if master.Offline || master.Drained {
			c.fail("the master %s is offline or drained", master.label)
		}
	}
	v.checkCandidates()
}

// checkCandidates compares the candidates with the size of the pool and with their certificates.
func (v *validator) checkCandidates() {
	c := &v.cluster
	now, possible := int64(0), int64(0)
	for _, n := range v.nodes {
		if n.MasterCandidate {
			now++
		}
		if n.MasterCandidate || n.MasterCapable && !n.Offline && !n.Drained {
			possible++
		}
	}
	if want := min(possible, c.CandidatePoolSize); now < want {
		c.fail("%d master candidates: should be %d", now, want)
	}
	if len(c.CandidateCerts) == 0 {
		c.warn("candidate_certs is empty: the certificates of the master candidates aren't known")
		return
	}
	eachSorted(v.nodes, func(n *nodeFacts) {
		if _, known := c.CandidateCerts[n.key]; n.MasterCandidate && !known {
			c.fail("candidate_certs has nothing for the master candidate %s", n.label)
		}
	})
}

const maxPort = 65535

// checkPorts compares the ports that are in use, which instances and disks have claimed by now, with those that are free.
func (v *validator) checkPorts() {
	c := &v.cluster
	for _, port := range c.PortPool {
		v.claimPort(&c.subject, port, "tcpudp_port_pool ")
	}
	highest := int64(0)
	for owned := range v.owners {
		if owned.what != portClaim {
			continue
		}
		if port, err := strconv.ParseInt(owned.value, 10, 64); err == nil {
			highest = max(highest, port)
		}
	}
	if highest > c.HighestUsedPort {
		c.fail("highest_used_port is %d, but port %d is in use or in the pool", c.HighestUsedPort, highest)
	}
}

const portClaim = "port"

func (v *validator) claimPort(s *subject, port int64, which string) {
	if port < 1 || port > maxPort {
		s.warn("%sport %d: must be 1 to %d", which, port, maxPort)
	}
	v.unique(s, portClaim, strconv.FormatInt(port, 10), which)
}

type groupFacts struct {
	subject
	networks []string
}

func (g *groupFacts) read(group *Group) {
	g.identity(group.Name, group.UUID)
	g.serial(group.SerialNo)
	g.subject.tags(group.Tags)
	g.policy(&group.IPolicy, nil)
	if looksLikeUUID(strings.ToLower(group.Name)) {
		g.fail("its name looks like a uuid")
	}
	for network := range group.Networks {
		g.networks = append(g.networks, network)
	}
	slices.Sort(g.networks)
}

// looksLikeUUID tells whether text has a uuid's form.
func looksLikeUUID(text string) bool {
	if len(text) != len(uuid{}.String()) {
		return false
	}
	for i := range len(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (text[i] == '-') || !dash && !strings.Contains(lowerHex, text[i:i+1]) {
			return false
		}
	}
	return true
}

func (v *validator) checkGroup(g *groupFacts) {
	v.unique(&g.subject, "group name", g.label, "")
	for _, network := range g.networks {
		if v.networks[network] == nil {
			g.warn("networks names no network: %s", network)
		}
	}
}

type networkFacts struct {
	subject
	prefix       netip.Prefix
	reservations string
}

func (n *networkFacts) read(network *Network) {
	n.identity(network.Name, network.UUID)
	n.serial(network.SerialNo)
	n.subject.tags(network.Tags)
	prefix, err := netip.ParsePrefix(network.Network)
	if err != nil {
		n.warn("network is no IPv4 network: %s", network.Network)
		return
	}
	n.prefix = prefix.Masked()
	for name, pool := range map[string]*string{"reservations": network.Reservations, "ext_reservations": network.ExtReservations} {
		if pool != nil && len(*pool) != 1<<(32-prefix.Bits()) {
			n.warn("%s has %d addresses, %s has %d", name, len(*pool), n.prefix, 1<<(32-prefix.Bits()))
		}
	}
	if network.Reservations != nil {
		n.reservations = *network.Reservations
	}
	if network.Gateway != nil {
		if gateway, err := netip.ParseAddr(*network.Gateway); err != nil || !n.prefix.Contains(gateway) {
			n.warn("gateway %s is not in %s", *network.Gateway, n.prefix)
		}
	}
}

func (v *validator) checkNetwork(n *networkFacts) {
	v.unique(&n.subject, "network name", n.label, "")
}

// reserved tells whether the network has an address, and has it reserved.
func (n *networkFacts) reserved(addr netip.Addr) (inside, reserved bool) {
	if !addr.Is4() || !n.prefix.Contains(addr) {
		return false, false
	}
	first, own := n.prefix.Addr().As4(), addr.As4()
	index := 0
	for i := range own {
		index = index<<8 + int(own[i]) - int(first[i])
	}
	return true, index < len(n.reservations) && n.reservations[index] == '1'
}
