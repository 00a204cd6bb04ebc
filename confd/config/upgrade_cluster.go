package config

import "slices"

func stepDefaultBridge(_ *upgrade, v *value, _ string) error {
	if v.get("nicparams").empty() {
		params := constantValue(defaultNICParams)
		if bridge := v.get("default_bridge"); v.has("default_bridge") {
			params.set("link", *bridge)
		}
		v.set("nicparams", objectValue(field("default", params)))
	}
	v.remove("default_bridge")
	return nil
}

func stepDefaultHypervisor(_ *upgrade, v *value, _ string) error {
	first := v.get("default_hypervisor")
	if enabled := v.get("enabled_hypervisors"); first.str() != "" && enabled != nil {
		others := slices.DeleteFunc(slices.Clone(enabled.items), func(h value) bool { return h.str() == first.str() })
		enabled.items = slices.Insert(others, 0, *first)
	}
	v.remove("default_hypervisor")
	return nil
}

func stepClusterMemory(_ *upgrade, v *value, _ string) error {
	if params := v.get("beparams"); params != nil {
		for i := range params.members {
			rangeOfMemory(&params.members[i].value)
		}
	}
	return nil
}

func stepDiskParams(_ *upgrade, v *value, _ string) error {
	completeEach(v, "diskparams", defaultDiskParams)
	return nil
}

func stepHVParams(_ *upgrade, v *value, _ string) error {
	completeEach(v, "hvparams", defaultHVParams)
	return nil
}

// completeEach completes a dictionary of dictionaries.
func completeEach(v *value, key, defaults string) {
	all := constantValue(defaults)
	if v.get(key).empty() {
		v.set(key, all)
		return
	}
	for _, m := range all.members {
		v.get(key).setDefault(m.key, objectValue())
		complete(v.get(key).get(m.key), m.value)
	}
}

func stepClusterPolicy(_ *upgrade, v *value, _ string) error {
	if policy := v.get("ipolicy"); policy != nil && policy.kind == valueObject {
		listPolicy(policy)
		completePolicy(policy, new(defaultRanges()))
		complete(policy, constantValue(defaultIPolicy))
	} else {
		v.set("ipolicy", constantValue(defaultIPolicy))
	}
	return nil
}

func defaultRanges() value {
	policy := constantValue(defaultIPolicy)
	return *policy.get("minmax")
}

func stepGroupPolicy(u *upgrade, v *value, _ string) error {
	policy := v.get("ipolicy")
	if policy.empty() || policy.kind != valueObject {
		return nil
	}
	listPolicy(policy)
	if u.layout < layoutCurrent {
		policy.remove("std") // was never used for groups
	}
	completePolicy(policy, &u.policySizes)
	return nil
}

// listPolicy puts a minimum and a maximum that stand side by side into a list of one range. Empty ones say nothing.
func listPolicy(policy *value) {
	if !policy.has("min") && !policy.has("max") {
		return
	}
	sizes := objectValue()
	for _, key := range []string{"min", "max"} {
		if own := policy.get(key); !own.empty() {
			sizes.set(key, *own)
		}
	}
	policy.remove("min", "max")
	if !sizes.empty() {
		policy.set("minmax", arrayValue(sizes))
	}
}

// completePolicy fills in the sizes that the first range lacks.
func completePolicy(policy, defaults *value) {
	ranges := policy.get("minmax")
	if ranges == nil || len(ranges.items) == 0 || len(defaults.items) == 0 {
		return
	}
	first := &ranges.items[0]
	complete(first, objectValue(field("min", objectValue()), field("max", objectValue())))
	for _, key := range []string{"min", "max"} {
		if own, theirs := first.get(key), defaults.items[0].get(key); own != nil && theirs != nil {
			complete(own, *theirs)
		}
	}
}

// stepTemplates finds out which disk templates are enabled, if the cluster doesn't say: those in use, and with a volume group
// those that need one.
func stepTemplates(u *upgrade, v *value, _ string) error {
	if v.get("enabled_disk_templates").empty() {
		if v.get("volume_group_name").str() != "" {
			u.usedTypes["drbd"], u.usedTypes["plain"] = true, true
		}
		enabled := arrayValue()
		for _, t := range diskTemplates {
			if u.usedTypes[t] {
				enabled.items = append(enabled.items, rawString(t))
			}
		}
		v.set("enabled_disk_templates", enabled)
	}
	if !v.has("drbd_usermode_helper") && holds(v.get("enabled_disk_templates"), "drbd") {
		v.set("drbd_usermode_helper", rawString("/bin/true"))
	}
	allowEnabled(v.get("ipolicy"), v.get("enabled_disk_templates"))
	return nil
}

func stepGroupTemplates(u *upgrade, v *value, _ string) error {
	allowEnabled(v.get("ipolicy"), u.cluster.get("enabled_disk_templates"))
	return nil
}

// allowEnabled takes disk templates out of a policy that the cluster hasn't enabled.
func allowEnabled(policy, enabled *value) {
	if allowed := policy.get("disk-templates"); allowed != nil && allowed.kind == valueArray {
		allowed.items = slices.DeleteFunc(allowed.items, func(t value) bool { return !holds(enabled, t.str()) })
	}
}

func holds(list *value, text string) bool {
	for item := range eachItem(list) {
		if item.str() == text {
			return true
		}
	}
	return false
}

func stepMasterNode(u *upgrade, v *value, _ string) error {
	u.translateNode(v.get("master_node"))
	return nil
}

func stepDataCollectors(_ *upgrade, v *value, _ string) error {
	completeEach(v, "data_collectors", defaultDataCollectors)
	return nil
}

// stepSSHKeys: before 2.16 there were DSA keys of 1024 bits only.
func stepSSHKeys(u *upgrade, v *value, _ string) error {
	if u.layout < layoutCurrent {
		v.setDefault("ssh_key_type", rawString("dsa"))
		v.setDefault("ssh_key_bits", intValue(1024))
	}
	return nil
}

// stepNewerCluster takes back what version 3.1 changed: it has no choice of Xen's command, and one parameter more for rbd.
func stepNewerCluster(u *upgrade, v *value, _ string) error {
	if u.layout <= layoutCurrent {
		return nil
	}
	for _, hypervisor := range []string{"xen-pvm", "xen-hvm"} {
		if params := v.get("hvparams").get(hypervisor); params != nil && params.kind == valueObject {
			params.setDefault("xen_cmd", rawString("xl"))
		}
	}
	if params := v.get("diskparams").get("rbd"); params != nil {
		params.remove("user-id")
	}
	return nil
}
