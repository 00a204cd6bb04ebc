package config

import (
	"fmt"
	"strconv"
)

// An upgradeStep undoes what a version of Ganeti made different: it brings one object from the layout before to that version's.
// Steps look at the object's shape and leave one alone that has theirs already.
type upgradeStep struct {
	since Layout
	kind  Kind
	what  string // becomes true of the object
	apply func(u *upgrade, v *value, key string) error
}

// upgradeSteps are taken in order, those of an object's kind. The order within a kind is that of the versions, but for what a
// later step needs done. Missing members that mean one and the same in every layout are the transcoder's business.
var upgradeSteps = []upgradeStep{
	{layoutTimes, KindCluster, "it has a uuid", stepUUID},
	{layoutTimes, KindCluster, "default_bridge is the link of nicparams", stepDefaultBridge},
	{layoutTimes, KindCluster, "default_hypervisor is the first of enabled_hypervisors", stepDefaultHypervisor},
	{layoutAdminState, KindCluster, "memory is minmem and maxmem in beparams", stepClusterMemory},
	{layoutAdminState, KindCluster, "diskparams have every template and parameter", stepDiskParams},
	{layoutNICNames, KindCluster, "policies have lists of ranges, and complete ones", stepClusterPolicy},
	{layoutNICNames, KindCluster, "enabled_disk_templates says what is in use; policies allow no more", stepTemplates},
	{layoutUUIDKeys, KindCluster, "master_node is a uuid", stepMasterNode},
	{layoutFilters, KindCluster, "data_collectors has all six", stepDataCollectors},
	{layoutSSHKeyType, KindCluster, "the type of SSH keys is said; earlier versions had DSA", stepSSHKeys},
	{layoutCurrent, KindCluster, "2.17's diagnose_data_collector_filename is gone", removing("diagnose_data_collector_filename")},
	{layoutCurrent, KindCluster, "3.1's parameters are those of 3.0", stepNewerCluster},
	{layoutCurrent, KindCluster, "hvparams have every hypervisor and parameter", stepHVParams},

	{layoutTimes, KindNode, "it has a uuid", stepUUID},
	{layoutGroups, KindNode, "it is in a group", stepNodeGroup},
	{layoutNetworks, KindNode, "exclusive_storage is no parameter of single nodes", stepExclusiveStorage},

	{layoutNetworks, KindGroup, "parameters of networks are complete", stepGroupNetworks},
	{layoutNICNames, KindGroup, "policies have lists of ranges, and complete ones", stepGroupPolicy},
	{layoutNICNames, KindGroup, "policies allow enabled disk templates only", stepGroupTemplates},

	{layoutTimes, KindInstance, "it has a uuid", stepUUID},
	{layoutTimes, KindInstance, "a NIC's bridge is the link of its nicparams", stepBridges},
	{layoutTimes, KindInstance, "hvparams hold nothing that only the cluster sets", stepInstanceHVParams},
	{layoutAdminState, KindInstance, "admin_up is admin_state", stepAdminState},
	{layoutAdminState, KindInstance, "memory is minmem and maxmem in beparams", stepInstanceMemory},
	{layoutNetworks, KindInstance, "a NIC's network is a uuid", stepNICNetworks},
	{layoutNICNames, KindInstance, "NICs have uuids", stepNICUUIDs},
	{layoutUUIDKeys, KindInstance, "primary_node is a uuid", stepPrimaryNode},
	{layoutTopDisks, KindInstance, "NICs have no PCI slot", stepNICSlots},
	{layoutTopDisks, KindInstance, "disks are in their own container", stepInlineDisks},
	{layoutDiskNodes, KindInstance, "disk_template follows from the disks", removing("disk_template")},

	{layoutAdminState, KindDisk, "params is an object", eachDisk(stepDiskObject)},
	{layoutNICNames, KindDisk, "it and its children have uuids", stepDiskUUIDs},
	{layoutUUIDKeys, KindDisk, "lvm is plain, drbd8 is drbd", eachDisk(stepDiskType)},
	{layoutUUIDKeys, KindDisk, "the nodes of DRBD are uuids", eachDisk(stepMirrorNodes)},
	{layoutTopDisks, KindDisk, "it has no physical_id and no PCI slot", eachDisk(removing("physical_id", "pci"))},
	{layoutDiskNodes, KindDisk, "it says its nodes", stepDiskNodes},
}

func removing(keys ...string) func(*upgrade, *value, string) error {
	return func(_ *upgrade, v *value, _ string) error {
		v.remove(keys...)
		return nil
	}
}

func stepUUID(u *upgrade, v *value, key string) error {
	switch id := v.get("uuid").str(); {
	case id != "" && id != v.get("name").str():
	case key == "":
		v.set("uuid", rawString(u.derivedUUID("cluster")))
	default:
		v.set("uuid", textValue(key))
	}
	return nil
}

func stepNodeGroup(u *upgrade, v *value, _ string) error {
	if u.onlyGroup != "" {
		v.setDefault("group", rawString(u.onlyGroup))
	}
	return nil
}

func stepExclusiveStorage(_ *upgrade, v *value, _ string) error {
	if params := v.get("ndparams"); params != nil {
		params.remove("exclusive_storage")
	}
	return nil
}

func stepGroupNetworks(_ *upgrade, v *value, _ string) error {
	if networks := v.get("networks"); networks != nil {
		for i := range networks.members {
			complete(&networks.members[i].value, constantValue(defaultNICParams))
		}
	}
	return nil
}

// complete adds the members that v hasn't got.
func complete(v *value, defaults value) {
	if v == nil || v.kind != valueObject {
		return
	}
	for _, m := range defaults.members {
		v.setDefault(m.key, m.value)
	}
}

func stepBridges(_ *upgrade, v *value, _ string) error {
	for nic := range eachItem(v.get("nics")) {
		if bridge := nic.get("bridge"); bridge != nil && !nic.has("nicparams") {
			params := objectValue(field("mode", rawString("bridged")))
			if bridge.kind == valueString {
				params.set("link", *bridge)
			}
			nic.set("nicparams", params)
		}
		nic.remove("bridge")
		nic.setDefault("nicparams", objectValue())
	}
	return nil
}

func stepInstanceHVParams(_ *upgrade, v *value, _ string) error {
	if params := v.get("hvparams"); params != nil {
		params.remove("migration_bandwidth", "migration_mode", "migration_port", "xen_cmd")
	}
	return nil
}

func stepAdminState(_ *upgrade, v *value, _ string) error {
	if !v.has("admin_state") && !v.get("forthcoming").isTrue() {
		state := "down"
		if v.get("admin_up").isTrue() {
			state = "up"
		}
		v.set("admin_state", rawString(state))
	}
	v.remove("admin_up")
	return nil
}

func stepInstanceMemory(_ *upgrade, v *value, _ string) error {
	rangeOfMemory(v.get("beparams"))
	return nil
}

// rangeOfMemory makes both ends of the range what memory was.
func rangeOfMemory(params *value) {
	if memory := params.get("memory"); memory != nil {
		params.setDefault("minmem", *memory)
		params.setDefault("maxmem", *memory)
		params.remove("memory")
	}
}

func stepNICNetworks(u *upgrade, v *value, _ string) error {
	for nic := range eachItem(v.get("nics")) {
		if id := u.networkIDs[nic.get("network").str()]; id != "" {
			nic.set("network", textValue(id))
		}
	}
	return nil
}

func stepNICUUIDs(u *upgrade, v *value, _ string) error {
	n := 0
	for nic := range eachItem(v.get("nics")) {
		nic.setDefault("uuid", rawString(u.derivedUUID("instances", v.get("uuid").str(), "nics", strconv.Itoa(n))))
		n++
	}
	return nil
}

func stepPrimaryNode(u *upgrade, v *value, _ string) error {
	u.translateNode(v.get("primary_node"))
	return nil
}

func (u *upgrade) translateNode(reference *value) {
	if reference == nil {
		return
	}
	if id := u.nodeIDs[reference.str()]; id != "" {
		*reference = textValue(id)
	}
}

func stepNICSlots(_ *upgrade, v *value, _ string) error {
	for nic := range eachItem(v.get("nics")) {
		nic.remove("pci", "hvinfo", "netinfo")
	}
	return nil
}

// stepInlineDisks moves the disks out of an instance and leaves their uuids.
func stepInlineDisks(u *upgrade, v *value, _ string) error {
	nodes := []string{u.nodeID(v.get("primary_node").str())}
	for disk := range eachItem(v.get("disks")) {
		nodes = u.appendMirrors(nodes, disk)
	}
	index := 0
	for disk := range eachItem(v.get("disks")) {
		if disk.kind == valueObject {
			u.moveDisk(v, disk, index, unique(nodes))
		}
		index++
	}
	return nil
}

// moveDisk gives an instance's disk what only a disk in the container has, keeps it for there and leaves its uuid.
func (u *upgrade) moveDisk(instance, disk *value, index int, nodes []string) {
	disk.set("iv_name", rawString(fmt.Sprintf("disk/%d", index)))
	disk.setDefault("uuid", rawString(u.derivedUUID("instances", instance.get("uuid").str(), "disks", strconv.Itoa(index))))
	disk.set("serial_no", intValue(1))
	created := intValue(0)
	if instance.has("ctime") {
		created = *instance.get("ctime")
	}
	disk.set("ctime", created)
	disk.set("mtime", created)
	key := disk.get("uuid").str()
	u.diskNodes[key] = nodes
	u.moved = append(u.moved, entry{newKey: key, text: disk.appendTo(nil, compactStyle)})
	*disk = *disk.get("uuid")
}

// eachDisk applies a step to a disk and, before that, to its children.
func eachDisk(apply func(*upgrade, *value, string) error) func(*upgrade, *value, string) error {
	var each func(u *upgrade, v *value, key string) error
	each = func(u *upgrade, v *value, key string) error {
		for child := range eachItem(v.get("children")) {
			if err := each(u, child, ""); err != nil {
				return err
			}
		}
		return apply(u, v, key)
	}
	return each
}

func stepDiskObject(_ *upgrade, v *value, _ string) error {
	if params := v.get("params"); v.kind == valueObject && (params == nil || params.kind != valueObject) {
		v.set("params", objectValue())
	}
	return nil
}

func stepDiskUUIDs(u *upgrade, v *value, key string) error {
	v.setDefault("uuid", textValue(key))
	n := 0
	for child := range eachItem(v.get("children")) {
		if child.kind == valueObject {
			id := u.derivedUUID("disks", key, "children", strconv.Itoa(n))
			if child.has("uuid") {
				id = child.get("uuid").str()
			}
			if err := stepDiskUUIDs(u, child, id); err != nil {
				return err
			}
		}
		n++
	}
	return nil
}

var currentTypes = map[string]string{"lvm": "plain", "drbd8": "drbd"}

// currentType is a disk's type under its present name.
func currentType(v *value) string {
	name := v.get("dev_type").str()
	if current := currentTypes[name]; current != "" {
		return current
	}
	return name
}

func stepDiskType(_ *upgrade, v *value, _ string) error {
	if v.has("dev_type") {
		v.set("dev_type", textValue(currentType(v)))
	}
	return nil
}

func stepMirrorNodes(u *upgrade, v *value, _ string) error {
	if id := v.get("logical_id"); currentType(v) == "drbd" && id != nil && len(id.items) > 1 {
		u.translateNode(&id.items[0])
		u.translateNode(&id.items[1])
	}
	return nil
}

// stepDiskNodes says where an attached disk is: on all nodes of its instance if it is mirrored or local, on none in particular if
// every node reaches it. The children of a mirrored disk are where it is.
func stepDiskNodes(u *upgrade, v *value, key string) error {
	nodes, attached := u.diskNodes[key]
	if !attached || v.has("nodes") {
		return nil
	}
	switch currentType(v) {
	case "drbd":
		setNodes(v, nodes)
	case "plain", "file":
		v.set("nodes", stringsValue(nodes...))
	default:
		v.set("nodes", arrayValue())
	}
	return nil
}

func setNodes(v *value, nodes []string) {
	v.set("nodes", stringsValue(nodes...))
	for child := range eachItem(v.get("children")) {
		setNodes(child, nodes)
	}
}
