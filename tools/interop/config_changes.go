package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// objectsOf are a container's objects in the order of their keys, which is also the order of most answers.
func objectsOf(root map[string]any, container string) (keys []string, objects []map[string]any) {
	members, _ := root[container].(map[string]any)
	keys = slices.Sorted(maps.Keys(members))
	for _, key := range keys {
		object, _ := members[key].(map[string]any)
		objects = append(objects, object)
	}
	return keys, objects
}

// namesAlike gives objects names that begin alike, are equal, have no dot, or are empty.
func namesAlike(root map[string]any) {
	nodeNames := []string{"node1.a.example.com", "node1.b.example.com", "node1.b.example.org", "node10.a.example.com", "node1", "NODE1.a.example.com", "node2.example.com", "node2.example.com", "node2", ".example.com", "node3.", "node4.x"}
	_, nodes := objectsOf(root, "nodes")
	for i, node := range nodes {
		node["name"] = nodeNames[i%len(nodeNames)]
	}
	names := []string{"web.a.example.com", "web.b.example.com", "web", "web.", "", "db.example.com", "db.example.com", "db", "mail.example.com", "mail.example.com.", "x", "x.y", "x.y.z", "a b", `quo"te\.x`}
	_, instances := objectsOf(root, "instances")
	for i, instance := range instances {
		instance["name"] = names[i%len(names)]
		// All on one address and a few links, so that the last one wins, and is then found by a name that others have too.
		instance["nics"] = []any{
			map[string]any{"mac": "aa:00:00:00:00:01", "ip": fmt.Sprintf("10.1.0.%d", i%7), "nicparams": map[string]any{"link": []string{"br0", "br1", ""}[i%3]}, "uuid": fmt.Sprintf("nic-%d", i)},
			map[string]any{"mac": "aa:00:00:00:00:02", "ip": "", "nicparams": map[string]any{}, "uuid": fmt.Sprintf("nic-%d-b", i)},
			map[string]any{"mac": "aa:00:00:00:00:03", "nicparams": map[string]any{"mode": "bridged"}, "uuid": fmt.Sprintf("nic-%d-c", i)},
		}
	}
}

// keysOff makes keys and uuids of objects differ, which to the reference makes two objects of one.
func keysOff(root map[string]any) {
	namesAlike(root)
	renameKey(root, "instances", 3, "web.a")
	renameKey(root, "nodes", 2, "node2.example")
	nodeKeys, nodes := objectsOf(root, "nodes")
	nodes[1]["uuid"], nodes[3]["uuid"] = nodeKeys[0], "elsewhere"
	_, instances := objectsOf(root, "instances")
	instances[4]["uuid"] = "another"
}

// renameKey puts the n-th object of a container under another key.
func renameKey(root map[string]any, container string, n int, key string) {
	members, _ := root[container].(map[string]any)
	keys := slices.Sorted(maps.Keys(members))
	if n < len(keys) {
		members[key] = members[keys[n]]
		delete(members, keys[n])
	}
}

// referencesOff breaks what the objects say of each other: nodes and disks that are not there, disks used twice, nodes meant by name.
func referencesOff(root map[string]any) {
	nodeKeys, nodes := objectsOf(root, "nodes")
	nodes[3]["name"] = nodes[4]["name"]
	_, instances := objectsOf(root, "instances")
	diskKeys, disks := objectsOf(root, "disks")
	for i, instance := range instances {
		own, _ := instance["disks"].([]any)
		switch i % 8 {
		case 0:
			instance["primary_node"] = nodes[0]["name"]
		case 1:
			instance["primary_node"] = "nowhere"
		case 2:
			instance["disks"] = append(append([]any{}, own...), "no-such-disk")
		case 3:
			instance["disks"] = append(append([]any{}, own...), own...)
		case 5:
			instance["disks"] = []any{diskKeys[i%len(diskKeys)], diskKeys[0], disks[0]["uuid"]}
		}
	}
	for i, disk := range disks {
		id, _ := disk["logical_id"].([]any)
		if disk["dev_type"] != "drbd" || len(id) != 6 {
			continue
		}
		switch i % 5 {
		case 0:
			id[1] = id[0] // both ends on one node
		case 1:
			id[0], id[1] = id[1], id[0]
		case 2:
			id[1] = nodes[5]["name"] // an end by name
		}
	}
	// A peer that isn't there spoils every DRBD answer of the other end: only one.
	for _, disk := range disks {
		if id, _ := disk["logical_id"].([]any); disk["dev_type"] == "drbd" && len(id) == 6 && id[0] == nodeKeys[5] {
			id[1] = "gone"
			break
		}
	}
	cluster := root["cluster"].(map[string]any)
	cluster["master_node"] = nodes[0]["name"]
}

// masterUnknown names a master that isn't there.
func masterUnknown(root map[string]any) {
	root["cluster"].(map[string]any)["master_node"] = `no"where`
}

// noDefaultNIC takes the cluster's default NIC parameters away: the reference dies in the threads that need them.
func noDefaultNIC(root map[string]any) {
	nicparams := root["cluster"].(map[string]any)["nicparams"].(map[string]any)
	nicparams["other"] = nicparams["default"]
	delete(nicparams, "default")
}

// oddValues writes values in ways that the reference reads as something else.
func oddValues(root map[string]any) {
	n := func(text string) json.Number { return json.Number(text) }
	cluster := root["cluster"].(map[string]any)
	cluster["serial_no"], cluster["ctime"], cluster["mtime"] = n("18446744073709551621"), n("1e18"), n("-12345678.25")
	cluster["tags"] = []any{"b", "a", "a", "", " ", "~", "a/b~c", `q"uo\te`, "tab\tnew\nline", "\x01\x1f\x7f", "<&>"}
	cluster["candidate_pool_size"], cluster["highest_used_port"] = n("9.5"), n("10.5")
	cluster["uid_pool"] = []any{[]any{n("1"), n("2.5")}, []any{n("-3"), n("1e3")}}
	cluster["data_collectors"] = map[string]any{
		"lv": map[string]any{"active": false, "interval": n("1.5")}, "drbd": map[string]any{"active": false, "interval": n("-7")}, "zz": map[string]any{"active": true, "interval": n("1")},
		"inst-status-xen": map[string]any{"active": true, "interval": n("2.5")},
	}
	cluster["enabled_hypervisors"] = []any{"kvm", "xen-hvm", "kvm"}
	cluster["hvparams"].(map[string]any)["kvm"].(map[string]any)["odd"] = []any{
		n("1.0"), n("1.5"), n("1e100"), n("1e-100"), n("0.1"), n("0.1e0"), n("123456789.125"), n("1e7"), n("9999999.5"), n("-0.0"), n("12345678901234567890"), n("5e-324"), n("1e-7"),
		n("0.05"), n("-0.05"), n("100000000000000000000000000.5"), n("4.35"), n("1E5"), n("2.5e-3"), nil, true, false, "", map[string]any{"z": n("1"), "a": map[string]any{}, "": []any{}},
	}
	cluster["candidate_certs"] = map[string]any{"b": "1", "a": "2", "": "3", "~": "4", "/": "5"}
	nodeKeys, nodes := objectsOf(root, "nodes")
	nodes[0]["serial_no"], nodes[1]["serial_no"] = n("-5"), n("2.5")
	nodes[1]["ctime"], nodes[2]["ctime"], nodes[3]["ctime"] = n("1705640835.281205"), n("2.5e-12"), n("0.1")
	nodes[3]["tags"] = nil
	nodes[1]["hv_state_static"], nodes[2]["disk_state_static"] = map[string]any{}, map[string]any{"plain": map[string]any{"xenvg": map[string]any{"disk_total": n("1")}}}
	_, instances := objectsOf(root, "instances")
	times := []string{"1740693394.56983", "1795289394.4542418", "1.5e-12", "-0.1", "1e15", "123456789012.345", "3e-13", "0.05", "1.7e9"}
	for i, instance := range instances {
		instance["ctime"] = n(times[i%len(times)])
		instance["serial_no"] = n([]string{"1", "2.5", "-1", "1e3", "18446744073709551616"}[i%5])
		instance["beparams"] = []any{map[string]any{"maxmem": "1g", "minmem": "512", "vcpus": n("2.0")}, map[string]any{"always_failover": true, "auto_balance": false, "spindle_use": n("1.4")}, map[string]any{}}[i%3]
		instance["osparams"] = map[string]any{"b": "1", "a": "2", "B": "3", "": "4", "é": "5"}
		instance["hvparams"] = map[string]any{"zz": n("1.0"), "aa": nil, "kernel_path": "x", "list": []any{n("1.10")}}
		if i%4 == 0 {
			instance["network_port"] = nil
		}
		if i%4 == 1 {
			instance["network_port"] = n("11000.5")
		}
		if i%4 == 2 {
			instance["forthcoming"] = false
		}
	}
	members := root["instances"].(map[string]any)
	members["00000000-bare"] = map[string]any{"forthcoming": true, "uuid": "00000000-bare", "serial_no": n("3")}
	members["ffffffff-bare"] = map[string]any{"forthcoming": true, "uuid": "00000000-bare", "serial_no": n("4"), "primary_node": nodeKeys[0], "nics": []any{map[string]any{"mac": "aa:00:00:00:00:04", "ip": "10.8.8.8", "nicparams": map[string]any{}, "uuid": "n"}}}
}
