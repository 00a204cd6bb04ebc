package config

// schemas has the schema of every kind.
var schemas = [numKinds]*schema{
	KindCluster:  clusterSchema,
	KindNode:     nodeSchema,
	KindGroup:    groupSchema,
	KindInstance: instanceSchema,
	KindNetwork:  networkSchema,
	KindDisk:     diskSchema,
	KindFilter:   filterSchema,
}

var clusterSchema = newSchema(
	must("rsahostkeypub", text),
	may("dsahostkeypub", text),
	must("highest_used_port", integer),
	must("tcpudp_port_pool", listOf(integer)),
	must("mac_prefix", text),
	may("volume_group_name", text),
	should("reserved_lvs", texts, "[]"),
	may("drbd_usermode_helper", text),
	must("master_node", text),
	must("master_ip", text),
	must("master_netdev", text),
	should("master_netmask", integer, "32"), // 128 for an IPv6 cluster: see checkCluster
	should("use_external_mip_script", boolean, "false"),
	must("cluster_name", text),
	must("file_storage_dir", text),
	should("shared_file_storage_dir", text, `""`),
	should("gluster_storage_dir", text, `""`),
	must("enabled_hypervisors", listOf(hypervisors)),
	should("hvparams", hypervisorDict, defaultHVParams),
	should("os_hvp", containerOf(hypervisorDict), "{}"),
	should("beparams", containerOf(filledBE), `{"default":`+defaultBEParams+`}`),
	should("osparams", containerOf(textDict), "{}"),
	should("osparams_private_cluster", containerOf(textDict), "{}"),
	should("nicparams", containerOf(filledNIC), `{"default":`+defaultNICParams+`}`),
	should("ndparams", filledND, defaultNDParams),
	should("diskparams", containerOf(freeDict), defaultDiskParams),
	must("candidate_pool_size", integer),
	should("modify_etc_hosts", boolean, "true"),
	should("modify_ssh_setup", boolean, "true"),
	should("maintain_node_health", boolean, "false"),
	should("uid_pool", listOf(tupleOf("not two numbers", integer, integer)), "[]"),
	should("default_iallocator", text, `""`),
	should("default_iallocator_params", freeDict, "{}"),
	should("hidden_os", texts, "[]"),
	should("blacklisted_os", texts, "[]"),
	should("primary_ip_family", special((*transcoder).family), "2"),
	should("prealloc_wipe_disks", boolean, "false"),
	should("ipolicy", filledPolicy, defaultIPolicy),
	orElse("hv_state_static", freeDict, "{}"),
	orElse("disk_state_static", freeDict, "{}"),
	must("enabled_disk_templates", listOf(templates)),
	should("candidate_certs", textDict, "{}"),
	should("max_running_jobs", integer, "20"),
	should("max_tracked_jobs", integer, "25"),
	should("install_image", text, `""`),
	should("instance_communication_network", text, `""`),
	should("zeroing_image", text, `""`),
	should("compression_tools", texts, defaultCompressionTools),
	should("enabled_user_shutdown", boolean, "false"),
	should("data_collectors", containerOf(objectOf(newSchema(
		must("active", boolean),
		must("interval", unbound),
	))), "{}"),
	should("ssh_key_type", sshKeyTypes, `"rsa"`),
	should("ssh_key_bits", integer, "2048"),
	times,
	must("uuid", text),
	serial(""),
	tags,
).withLegacy("default_bridge", "default_hypervisor").withCheck(checkCluster)

// hypervisorDict has free parameters by hypervisor, written in the order of the list of hypervisors.
var hypervisorDict = &shape{kind: shapeContainer, elem: freeDict, words: hypervisors.words, rule: hypervisors.rule}

// checkCluster derives the prefix length of the master's address, when it is missing, from the IP family.
func checkCluster(t *transcoder, f frame) bool {
	if t.field(f, ClusterMasterNetmask.index()) == nil && string(t.field(f, ClusterPrimaryIPFamily.index())) == familyIPv6 {
		t.fill(f, ClusterMasterNetmask.index(), "128")
	}
	return true
}

var nodeSchema = newSchema(
	must("name", text),
	must("primary_ip", text),
	must("secondary_ip", text),
	must("master_candidate", boolean),
	must("offline", boolean),
	must("drained", boolean),
	must("group", text),
	should("master_capable", boolean, "true"),
	should("vm_capable", boolean, "true"),
	should("ndparams", partialND, "{}"),
	should("powered", boolean, "true"),
	unless("hv_state_static", freeDict, "{}"),
	unless("disk_state_static", freeDict, "{}"),
	times, identify, serial(""), tags,
)

var groupSchema = newSchema(
	must("name", text),
	orElse("members", texts, "[]"),
	should("ndparams", partialND, "{}"),
	should("alloc_policy", allocPolicies, `"preferred"`),
	should("ipolicy", partialPolicy, "{}"),
	should("diskparams", containerOf(freeDict), "{}"),
	should("networks", containerOf(partialNIC), "{}"),
	unless("hv_state_static", freeDict, "{}"),
	unless("disk_state_static", freeDict, "{}"),
	times, identify, serial("1"), tags,
)

var networkSchema = newSchema(
	must("name", special((*transcoder).nonEmptyText)),
	may("mac_prefix", text),
	must("network", special((*transcoder).ipv4Network)),
	may("network6", text),
	may("gateway", special((*transcoder).ipv4Address)),
	may("gateway6", text),
	may("reservations", special((*transcoder).bits)),
	may("ext_reservations", special((*transcoder).bits)),
	identify, times, serial(""), tags,
)

var nicSchema = newSchema(
	must("mac", text),
	may("ip", text),
	must("nicparams", partialNIC),
	may("network", text),
	may("name", text),
	identify,
).withLegacy("bridge")

var instanceSchema = newSchema(
	unless("forthcoming", boolean, "false"),
	must("name", text),
	must("primary_node", text),
	must("os", text),
	must("hypervisor", hypervisors),
	orElse("hvparams", freeDict, "{}"),
	orElse("beparams", partialBE, "{}"),
	orElse("osparams", textDict, "{}"),
	orElse("osparams_private", textDict, "{}"),
	must("admin_state", adminStates),
	should("admin_state_source", adminSources, `"admin"`),
	orElse("nics", listOf(objectOf(nicSchema)), "[]"),
	orElse("disks", listOf(special((*transcoder).diskName)), "[]"),
	should("disks_active", boolean, "false"), // true for an instance that is up: see checkInstance
	may("network_port", integer),
	times, identify, serial(""), tags,
).withLegacy("admin_up", "disk_template").withForthcoming().withCheck(checkInstance)

// checkInstance derives, when it is missing, whether the disks are active.
func checkInstance(t *transcoder, f frame) bool {
	if t.field(f, InstanceDisksActive.index()) == nil && string(t.field(f, InstanceAdminState.index())) == `"up"` && !t.forthcoming(f) {
		t.fill(f, InstanceDisksActive.index(), "true")
	}
	return true
}

var diskSchema = newDiskSchema()

// newDiskSchema ties the knot: the children of a disk are disks.
func newDiskSchema() *schema {
	s := newSchema(
		unless("forthcoming", boolean, "false"),
		must("logical_id", special((*transcoder).logicalID)),
		must("dev_type", templates),
		orElse("children", nil, "[]"),
		orElse("nodes", texts, "[]"),
		orElse("iv_name", text, `""`),
		must("size", integer),
		orElse("mode", diskModes, `"rw"`),
		may("name", text),
		may("spindles", integer),
		may("params", freeDict),
		identify, serial("1"), times,
	).withLegacy("physical_id").withForthcoming().withCheck(checkDisk)
	s.fields[s.index["children"]].shape = listOf(objectOf(s))
	return s
}

var filterSchema = newSchema(
	must("watermark", special((*transcoder).jobID)),
	must("priority", special((*transcoder).nonNegative)),
	must("predicates", listOf(special((*transcoder).predicate))),
	must("action", special((*transcoder).action)),
	must("reason_trail", listOf(tupleOf("not a source, a text and a time", text, text, unbound))),
	identify,
)

// drivers has, by disk template, the words allowed as first part of a logical id; others allow any.
var drivers = map[string][]string{
	`"file"`:       fileDrivers,
	`"sharedfile"`: fileDrivers,
	`"gluster"`:    fileDrivers,
	`"blockdev"`:   {"manual"},
}

var fileDrivers = []string{"loop", "blktap", "blktap2"}

// checkDisk holds a disk's type and logical id together: the one says how the other looks.
func checkDisk(t *transcoder, f frame) bool {
	id, kind := t.field(f, DiskLogicalID.index()), t.field(f, DiskDevType.index())
	if id == nil {
		t.drop(f, DiskDevType.index()) // the reference writes the type as part of the id
		return true
	}
	switch allowed := drivers[string(kind)]; {
	case kind == nil:
		return t.wrongField("dev_type", "missing")
	case string(kind) == `"diskless"`:
		return t.wrongField("dev_type", "a disk can't be diskless")
	case (string(kind) == `"drbd"`) != isDRBD(id):
		return t.wrongField("logical_id", "not the logical id of a disk of type "+string(kind))
	case allowed != nil && rank(firstText(id), allowed) < 0:
		return t.wrongField("logical_id", "no driver of a disk of type "+string(kind))
	}
	return true
}

// wrongField fails because of a field that was read before.
func (t *transcoder) wrongField(name, rule string) bool {
	t.fail(rule, nil)
	return t.within(name)
}

func isDRBD(logicalID []byte) bool {
	n := 0
	for range Elements(logicalID) {
		n++
	}
	return n > 2
}

// firstText is the body of the first element of a list of strings.
func firstText(list []byte) []byte {
	for e := range Elements(list) {
		return e[1 : len(e)-1]
	}
	return nil
}
