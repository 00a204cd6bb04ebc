package config

import "fmt"

// A component is a kind of JSON object that gained members over the years: one of the kinds, or something inside them.
type component int

const (
	ofCluster component = iota
	ofNode
	ofGroup
	ofInstance
	ofNIC
	ofDisk  // an instance's disk
	ofChild // a part of such a disk
	ofNDParams
	ofNICParams
)

// memberSince says which version of Ganeti gave a component its members. A generated file of an older layout lacks them.
var memberSince = []struct {
	since Layout
	of    component
	keys  []string
}{
	{layoutSSHKeyType, ofCluster, []string{"ssh_key_type", "ssh_key_bits"}},
	{layoutDiskNodes, ofDisk, []string{"nodes"}},
	{layoutDiskNodes, ofChild, []string{"nodes"}},
	{layoutFilters, ofCluster, []string{"data_collectors"}},
	{layoutTopDisks, ofNDParams, []string{"cpu_speed"}},
	{layoutTopDisks, ofDisk, []string{"serial_no", "ctime", "mtime"}},
	{layoutTopDisks, ofChild, []string{"serial_no", "ctime", "mtime"}},
	{layoutTopDisks, ofInstance, []string{"osparams_private"}},
	{layoutTopDisks, ofCluster, []string{"osparams_private_cluster", "max_tracked_jobs", "install_image",
		"instance_communication_network", "zeroing_image", "compression_tools"}},
	{layoutAdminSource, ofNDParams, []string{"ssh_port"}},
	{layoutAdminSource, ofInstance, []string{"admin_state_source"}},
	{layoutAdminSource, ofChild, []string{"uuid"}},
	{layoutAdminSource, ofCluster, []string{"gluster_storage_dir", "default_iallocator_params", "candidate_certs",
		"max_running_jobs", "enabled_user_shutdown"}},
	{layoutNoPhysicalID, ofNDParams, []string{"ovs", "ovs_name", "ovs_link"}},
	{layoutNoPhysicalID, ofNICParams, []string{"vlan"}},
	{layoutUUIDKeys, ofDisk, []string{"spindles"}},
	{layoutNICNames, ofNIC, []string{"name", "uuid"}},
	{layoutNICNames, ofDisk, []string{"name", "uuid"}},
	{layoutNICNames, ofInstance, []string{"disks_active"}},
	{layoutNICNames, ofCluster, []string{"dsahostkeypub", "enabled_disk_templates"}},
	{layoutNetworks, ofGroup, []string{"networks"}},
	{layoutNetworks, ofNIC, []string{"network"}},
	{layoutAdminState, ofCluster, []string{"ipolicy", "diskparams", "master_netmask", "use_external_mip_script",
		"hv_state_static", "disk_state_static"}},
	{layoutAdminState, ofNode, []string{"hv_state_static", "disk_state_static"}},
	{layoutAdminState, ofGroup, []string{"ipolicy", "diskparams"}},
	{layoutAdminState, ofDisk, []string{"params"}},
	{layoutAdminState, ofChild, []string{"params"}},
	{layoutSharedFile, ofCluster, []string{"shared_file_storage_dir"}},
	{layoutNDParams, ofCluster, []string{"ndparams"}},
	{layoutNDParams, ofGroup, []string{"ndparams", "alloc_policy", "serial_no", "ctime", "mtime"}},
	{layoutNDParams, ofNode, []string{"ndparams", "powered"}},
	{layoutGroups, ofNode, []string{"group", "master_capable", "vm_capable"}},
	{layoutGroups, ofCluster, []string{"primary_ip_family", "prealloc_wipe_disks"}},
	{layoutOSParams, ofInstance, []string{"osparams"}},
	{layoutOSParams, ofCluster, []string{"osparams", "reserved_lvs", "drbd_usermode_helper", "default_iallocator",
		"hidden_os", "blacklisted_os"}},
	{layoutTimes, ofInstance, []string{"uuid", "ctime", "mtime"}},
	{layoutTimes, ofNode, []string{"uuid", "ctime", "mtime"}},
	{layoutTimes, ofCluster, []string{"uuid", "ctime", "mtime", "nicparams", "os_hvp", "modify_ssh_setup",
		"maintain_node_health", "uid_pool"}},
}

// templateSince says when disk templates came; those not listed were always there. Older layouts get plain disks instead.
var templateSince = map[string]Layout{
	"blockdev": layoutSharedFile, "sharedfile": layoutSharedFile, "rbd": layoutAdminState, "ext": layoutNetworks, "gluster": layoutAdminSource,
}

// forget removes what the layout doesn't have yet.
func (l Layout) forget(p component, v *value) {
	for _, m := range memberSince {
		if l < m.since && m.of == p {
			v.remove(m.keys...)
		}
	}
}

// shape turns a finished object of the current layout into one of the layout asked for, and then into an odd one if quirks are.
func (g *generator) shape(kind Kind, v *value, index int) {
	switch {
	case g.layout < layoutCurrent:
		g.downgrade(kind, v, index)
	case g.layout == layoutLast && kind == KindCluster:
		nextCluster(v)
	}
	if g.quirks != nil {
		g.quirks.apply(g, kind, v, index)
	}
}

// nextCluster makes the cluster one of version 3.1.
func nextCluster(v *value) {
	hvparams := v.get("hvparams")
	hvparams.get("xen-pvm").remove("xen_cmd")
	hvparams.get("xen-hvm").remove("xen_cmd")
	hvparams.get("kvm").set("disk_discard", rawString("ignore"))
	v.get("diskparams").get("rbd").set("user-id", rawString(""))
}

// downgrade turns an object of the current layout into the planned one's. What changes shape is done by hand, the rest by forget.
func (g *generator) downgrade(kind Kind, v *value, index int) {
	switch kind {
	case KindCluster:
		g.downgradeCluster(v)
	case KindNode:
		if nd := v.get("ndparams"); nd != nil {
			g.layout.forget(ofNDParams, nd)
		}
		g.layout.forget(ofNode, v)
	case KindGroup:
		g.layout.forget(ofNDParams, v.get("ndparams"))
		for i := range v.get("networks").members {
			g.layout.forget(ofNICParams, &v.get("networks").members[i].value)
		}
		g.oldPolicy(v.get("ipolicy"))
		g.layout.forget(ofGroup, v)
	case KindInstance:
		g.downgradeInstance(v, index)
	case KindDisk:
		g.downgradeDisk(v, index)
	}
}

func (g *generator) downgradeCluster(v *value) {
	g.layout.forget(ofNDParams, v.get("ndparams"))
	g.layout.forget(ofNICParams, v.get("nicparams").get("default"))
	g.oldPolicy(v.get("ipolicy"))
	if g.layout < layoutXenCollector {
		v.get("data_collectors").remove("xen-cpu-avg-load")
	}
	if g.layout < layoutAdminState {
		oldMemory(v.get("beparams").get("default"))
	}
	if g.layout < layoutTimes {
		v.set("default_bridge", rawString(generatedLink))
		v.set("default_hypervisor", v.get("enabled_hypervisors").items[0])
	}
	if g.layout == layoutMaintenance {
		v.set("diagnose_data_collector_filename", rawString(""))
	}
	g.layout.forget(ofCluster, v)
}

// oldPolicy has its minimum and maximum side by side instead of in a list.
func (g *generator) oldPolicy(policy *value) {
	if g.layout >= layoutNICNames || !policy.has("minmax") {
		return
	}
	minmax := policy.get("minmax").items[0]
	policy.set("min", *minmax.get("min"))
	policy.set("max", *minmax.get("max"))
	policy.remove("minmax")
}

// oldMemory has one amount of memory instead of a range.
func oldMemory(be *value) {
	if be.has("maxmem") {
		be.set("memory", *be.get("maxmem"))
	}
	be.remove("minmem", "maxmem", "always_failover", "spindle_use")
}

func (g *generator) downgradeInstance(v *value, index int) {
	in := &g.instances[index]
	if g.layout < layoutDiskNodes {
		v.set("disk_template", rawString(in.template))
	}
	if g.layout < layoutTopDisks {
		disks := arrayValue()
		for d := in.firstDisk; d < in.firstDisk+in.disks; d++ {
			disks.items = append(disks.items, g.diskValue(int(d)))
		}
		v.set("disks", disks)
	}
	for n := range v.get("nics").items {
		g.downgradeNIC(&v.get("nics").items[n], in)
	}
	if g.layout < layoutAdminState {
		oldMemory(v.get("beparams"))
		v.set("admin_up", boolValue(v.get("admin_state").str() == "up"))
		v.remove("admin_state")
	}
	g.layout.forget(ofInstance, v)
}

func (g *generator) downgradeNIC(nic *value, in *plannedInstance) {
	g.layout.forget(ofNICParams, nic.get("nicparams"))
	if g.layout == layoutNetworks && nic.has("network") {
		nic.set("network", rawString(networkName(int(in.network)))) // that version's first releases wrote the name
	}
	if g.layout < layoutTimes {
		link := rawString(generatedLink)
		if own := nic.get("nicparams").get("link"); own != nil {
			link = *own
		}
		nic.remove("nicparams")
		nic.set("bridge", link)
	}
	g.layout.forget(ofNIC, nic)
}

func (g *generator) downgradeDisk(v *value, index int) {
	if g.layout < layoutNoPhysicalID {
		v.set("physical_id", g.physicalID(v, index))
	}
	for i := range v.get("children").items {
		child := &v.get("children").items[i]
		if g.layout < layoutNoPhysicalID {
			child.set("physical_id", child.get("logical_id").clone())
		}
		oldDiskType(g.layout, child)
		g.layout.forget(ofChild, child)
	}
	oldDiskType(g.layout, v)
	g.layout.forget(ofDisk, v)
}

// physicalID is the logical id with addresses instead of nodes.
func (g *generator) physicalID(v *value, index int) value {
	id := v.get("logical_id").clone()
	if v.get("dev_type").str() != "drbd" {
		return id
	}
	d := &g.disks[index]
	in := &g.instances[d.instance]
	return arrayValue(rawString(secondaryAddress(int(in.primary))), intValue(int(d.port)), rawString(secondaryAddress(int(in.secondary))),
		intValue(int(d.port)), intValue(int(d.minorA)), id.items[5])
}

var oldDiskTypes = map[string]string{"plain": "lvm", "drbd": "drbd8"}

func oldDiskType(l Layout, v *value) {
	if old := oldDiskTypes[v.get("dev_type").str()]; l < layoutUUIDKeys && old != "" {
		v.set("dev_type", rawString(old))
	}
}

// maintenanceValue is what only version 2.17 has at the top.
func maintenanceValue() value {
	return constantValue(fmt.Sprintf(`{"roundDelay":300000000,"jobs":[],"balance":false,"balanceThreshold":0.1,"evacuated":[],"incidents":[],`+
		`"ctime":%d,"mtime":%d,"serial_no":1}`, generatedEpoch, generatedEpoch))
}
