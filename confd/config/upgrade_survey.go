package config

import "slices"

// survey collects what steps must know of other objects, and decides on the final keys.
func (u *upgrade) survey() error {
	u.origin = u.cluster.get("uuid").str()
	if u.origin == "" {
		u.origin = u.cluster.get("cluster_name").str()
	}
	u.surveyNetworks()
	u.surveyNodes()
	u.surveyInstances()
	u.surveyPolicy()
	for kind := range u.members {
		u.members[kind] = lastOfEach(u.members[kind])
	}
	return nil
}

func (u *upgrade) surveyNetworks() {
	u.networkIDs = map[string]string{}
	for _, e := range u.members[KindNetwork] {
		v := u.parser.parse(string(e.text))
		id := v.get("uuid").str()
		if id == "" {
			id = e.key
		}
		u.networkIDs[v.get("name").str()] = id
	}
}

// surveyNodes gives nodes that are keyed by their names their uuids as keys, and makes a group for them if there is none.
func (u *upgrade) surveyNodes() {
	u.nodeIDs = map[string]string{}
	for i := range u.members[KindNode] {
		e := &u.members[KindNode][i]
		v := u.parser.parse(string(e.text))
		if e.newKey = u.finalKey("nodes", e.key, &v); e.newKey != e.key {
			u.nodeIDs[e.key] = e.newKey
		}
	}
	if len(u.members[KindGroup]) == 0 {
		u.onlyGroup = u.derivedUUID("nodegroups", "default")
		group := objectValue(field("name", rawString("default")))
		u.members[KindGroup] = []entry{{newKey: u.onlyGroup, text: group.appendTo(nil, compactStyle)}}
	}
}

// finalKey is the key of an object: the one that it has, unless that is its name.
func (u *upgrade) finalKey(container, key string, v *value) string {
	switch id := v.get("uuid").str(); {
	case v.get("name").str() != key:
		return key
	case id != "" && id != key:
		return id
	}
	return u.derivedUUID(container, key)
}

// nodeID translates a reference to a node.
func (u *upgrade) nodeID(reference string) string {
	if id := u.nodeIDs[reference]; id != "" {
		return id
	}
	return reference
}

// surveyInstances decides on keys, sees which disk templates are in use, and which nodes the disks of each instance are on:
// its primary node, and both nodes of its DRBD disks.
func (u *upgrade) surveyInstances() {
	u.usedTypes = map[string]bool{}
	u.diskNodes = map[string][]string{}
	disks := u.surveyDisks()
	for i := range u.members[KindInstance] {
		e := &u.members[KindInstance][i]
		v := u.parser.parse(string(e.text))
		e.newKey = u.finalKey("instances", e.key, &v)
		list := v.get("disks")
		if list.empty() {
			u.usedTypes["diskless"] = true
			continue
		}
		nodes := []string{u.nodeID(v.get("primary_node").str())}
		for d := range list.items {
			disk := &list.items[d]
			if disk.kind == valueObject {
				u.usedTypes[currentType(disk)] = true
				nodes = u.appendMirrors(nodes, disk)
				continue
			}
			nodes = append(nodes, disks[disk.str()]...)
		}
		for d := range list.items {
			if id := list.items[d].str(); id != "" {
				u.diskNodes[id] = unique(nodes)
			}
		}
	}
}

// surveyDisks returns the nodes that the disks of the container name in their logical ids.
func (u *upgrade) surveyDisks() map[string][]string {
	mirrors := map[string][]string{}
	for _, e := range u.members[KindDisk] {
		v := u.parser.parse(string(e.text))
		u.usedTypes[currentType(&v)] = true
		if nodes := u.appendMirrors(nil, &v); nodes != nil {
			mirrors[e.key] = nodes
		}
	}
	return mirrors
}

// appendMirrors appends the nodes of a disk and its children as far as they are DRBD.
func (u *upgrade) appendMirrors(nodes []string, disk *value) []string {
	if id := disk.get("logical_id"); currentType(disk) == "drbd" && id != nil && len(id.items) > 1 {
		nodes = append(nodes, u.nodeID(id.items[0].str()), u.nodeID(id.items[1].str()))
	}
	if children := disk.get("children"); children != nil {
		for i := range children.items {
			nodes = u.appendMirrors(nodes, &children.items[i])
		}
	}
	return nodes
}

// unique keeps the first of each.
func unique(all []string) []string {
	kept := []string{}
	for _, one := range all {
		if !slices.Contains(kept, one) {
			kept = append(kept, one)
		}
	}
	return kept
}

// surveyPolicy finds the range that completes those of groups.
func (u *upgrade) surveyPolicy() {
	u.policySizes = defaultRanges()
	if policy := u.cluster.get("ipolicy"); policy.has("minmax") || policy.has("min") || policy.has("max") {
		v := policy.clone()
		listPolicy(&v)
		completePolicy(&v, &u.policySizes)
		if own := v.get("minmax"); own != nil && own.kind == valueArray && len(own.items) > 0 {
			u.policySizes = *own
		}
	}
}
