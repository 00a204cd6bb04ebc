package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
)

// instanceFacts is what other objects are compared with. A reservation has no name or node yet.
type instanceFacts struct {
	subject
	forthcoming bool
	primaryNode string
	hypervisor  string
	disks       []string
	nics        []nicFacts
	networkPort *int64
}

type nicFacts struct {
	mac, ip, network string
	params           NICParams
}

func (i *instanceFacts) read(in *Instance) {
	i.identity(in.Name, in.UUID)
	i.serial(in.SerialNo)
	i.subject.tags(in.Tags)
	i.forthcoming, i.primaryNode, i.hypervisor, i.disks = in.Forthcoming, in.PrimaryNode, in.Hypervisor, in.Disks
	i.networkPort = in.NetworkPort
	for n, nic := range in.NICs {
		facts := nicFacts{mac: nic.MAC, params: nic.NICParams}
		if nic.IP != nil {
			if facts.ip = *nic.IP; facts.ip == "" {
				i.warn("nic %d has an empty ip", n)
			}
		}
		if nic.Network != nil {
			facts.network = *nic.Network
		}
		i.nics = append(i.nics, facts)
	}
}

func (v *validator) checkInstance(i *instanceFacts) {
	if i.label != "" {
		v.unique(&i.subject, "instance name", i.label, "")
	}
	switch primary := v.nodes[i.primaryNode]; {
	case i.forthcoming && i.primaryNode == "":
	case primary == nil:
		i.fail("primary_node names no node: %s", i.primaryNode)
	case !primary.VMCapable:
		i.warn("its primary node %s is not vm_capable", primary.label)
	}
	if i.hypervisor != "" && !slices.Contains(v.cluster.EnabledHypervisors, i.hypervisor) {
		i.warn("hypervisor %s isn't enabled", i.hypervisor)
	}
	for index, uuid := range i.disks {
		v.checkAttached(i, index, uuid)
	}
	for n := range i.nics {
		v.checkNIC(i, n)
	}
	if i.networkPort != nil {
		v.claimPort(&i.subject, *i.networkPort, "network_port: ")
	}
}

// checkAttached checks one disk of an instance.
func (v *validator) checkAttached(i *instanceFacts, index int, uuid string) {
	d := v.disks[uuid]
	if d == nil {
		i.fail("disk %d names no disk: %s", index, uuid)
		return
	}
	v.unique(&i.subject, "disk", uuid, fmt.Sprintf("disk %d: ", index))
	d.label = fmt.Sprintf("%d of %s", index, i.called())
	if want := "disk/" + strconv.Itoa(index); d.ivName != want {
		i.fail("disk %d (%s) has iv_name %q: must be %q", index, uuid, d.ivName, want)
	}
	if d.drbd != nil && i.primaryNode != "" && d.drbd.NodeA != i.primaryNode && d.drbd.NodeB != i.primaryNode {
		i.fail("disk %d (%s) is a DRBD disk that isn't on the primary node", index, uuid)
	}
}

// called is a reservation's key, for want of a name.
func (i *instanceFacts) called() string {
	if i.label == "" {
		return i.key
	}
	return i.label
}

func (v *validator) checkNIC(i *instanceFacts, n int) {
	nic, which := &i.nics[n], fmt.Sprintf("nic %d: ", n)
	v.unique(&i.subject, "MAC address", nic.mac, which)
	params := nic.params.over(v.cluster.NICParams["default"])
	i.nicParams(fmt.Sprintf("nic %d's nicparams", n), params)
	network := v.networks[nic.network]
	if nic.network != "" && network == nil {
		i.fail("nic %d's network names no network: %s", n, nic.network)
	}
	if nic.ip == "" {
		return
	}
	// The reference tells addresses apart that are on different links, and on one link in different modes or networks.
	where := fmt.Sprintf("IP address on %s %s", valueOf(params.Mode), valueOf(params.Link))
	if nic.network != "" {
		where = "IP address in network " + nic.network
	}
	v.unique(&i.subject, where, nic.ip, which)
	if network != nil {
		checkReserved(i, n, nic.ip, network)
	}
}

func checkReserved(i *instanceFacts, n int, ip string, network *networkFacts) {
	addr, err := netip.ParseAddr(ip)
	if err != nil || !addr.Is4() {
		return
	}
	switch inside, reserved := network.reserved(addr); {
	case !inside:
		i.warn("nic %d's ip %s is not in network %s", n, ip, network.label)
	case !reserved:
		i.warn("nic %d's ip %s is not reserved in network %s", n, ip, network.label)
	}
}

// over returns the parameters with what they inherit.
func (p NICParams) over(base NICParams) NICParams {
	if p.Mode == nil {
		p.Mode = base.Mode
	}
	if p.Link == nil {
		p.Link = base.Link
	}
	if p.VLAN == nil {
		p.VLAN = base.VLAN
	}
	return p
}

func valueOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
