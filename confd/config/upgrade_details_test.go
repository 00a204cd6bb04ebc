package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// edited is a generated file of a layout with a text replaced.
func edited(t testing.TB, layout, old, replacement string) []byte {
	t.Helper()
	text := string(generated(t, GenerateOptions{Nodes: 2, Instances: 3, Layout: layout, Templates: []string{"drbd"}}))
	if !strings.Contains(text, old) {
		t.Fatalf("layout %s has no %s", layout, old)
	}
	return []byte(strings.Replace(text, old, replacement, 1))
}

func TestUpgradeRefuses(t *testing.T) {
	for _, c := range []struct {
		what string
		doc  []byte
		kind error
		want string
	}{
		{"nothing", nil, ErrSyntax, "unexpected end"},
		{"no object", []byte("[]"), nil, "not an object"},
		{"torn file", edited(t, "2.9", `"instances"`, `"instances`)[:5000], ErrSyntax, ""},
		{"data after the end", append(edited(t, "3.0", "{", "{"), "{}"...), ErrSyntax, "data after the configuration"},
		{"deep nesting", []byte(strings.Repeat("[", 1_000_000)), nil, ""},
		{"no version", edited(t, "2.4", `"version":2040000,`, ""), nil, "version: not a whole number"},
		{"null version", edited(t, "2.4", `"version":2040000`, `"version":null`), nil, "version: not a whole number"},
		{"version as text", edited(t, "2.4", `"version":2040000`, `"version":"2.4"`), nil, "version: not a whole number"},
		{"version too old", edited(t, "2.4", `2040000`, "1020000"), ErrUnknownVersion, "version 1020000"},
		{"version too new", edited(t, "2.4", `2040000`, "3020000"), ErrUnknownVersion, "version 3020000"},
		{"version 2.18", edited(t, "2.4", `2040000`, "2180000"), ErrUnknownVersion, "version 2180000"},
		{"negative version", edited(t, "2.4", `2040000`, "-3000000"), ErrUnknownVersion, "version -3000000"},
		{"no cluster", []byte(`{"version":3000000}`), nil, "cluster: missing"},
		{"cluster is a list", []byte(`{"version":3000000,"cluster":[]}`), nil, "cluster: not an object"},
		{"nodes are a number", edited(t, "2.4", `"nodes":{`, `"nodes":5,"x":{`), nil, "nodes: not an object"},
		{"node is a text", edited(t, "2.4", `"nodes":{`, `"nodes":{"n":"node",`), nil, "nodes/n: not an object"},
		{"no serial_no", edited(t, "2.4", `"serial_no":`, `"serial":`), nil, "serial_no: missing"},
		{"top serial_no", []byte(`{"version":3000000,"cluster":{}}`), nil, "missing"},
		{"admin_state of another kind", edited(t, "2.7", `"admin_state":"up"`, `"admin_state":5`), nil, "admin_state: "},
		{"disks are a number", edited(t, "2.7", `"disks":[`, `"disks":7,"x":[`), nil, "disks: "},
		{"disk is a number", edited(t, "2.7", `"disks":[`, `"disks":[4,`), nil, "disks"},
		{"disk without a type", edited(t, "2.7", `"dev_type":"drbd8",`, ""), nil, "dev_type: missing"},
		{"nics are a text", edited(t, "2.0", `"nics":[`, `"nics":"none","x":[`), nil, "nics: "},
		{"hypervisor", edited(t, "2.0", `"hypervisor":"`, `"hypervisor":"vmware`), nil, "hypervisor: "},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, err := Upgrade(c.doc)
			if err == nil || got != nil {
				t.Fatalf("got %d bytes, %v", len(got), err)
			}
			if c.kind != nil && !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %v with %q", err, c.kind, c.want)
			}
			if !strings.HasPrefix(err.Error(), "upgrade configuration: ") || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "-1)") {
				t.Errorf("got %q", err)
			}
		})
	}
}

// What shapes alone show must not depend on the version number, which a person may have changed by hand.
func TestUpgradeGoesByShapesRatherThanTheVersion(t *testing.T) {
	for _, text := range []string{"2.4", "2.7", "2.8", "2.12", "2.14"} {
		doc := generated(t, GenerateOptions{Nodes: 4, Instances: 12, Layout: text, Templates: []string{"drbd", "plain"}})
		number := fmt.Sprint(int(mustLayout(t, text)))
		lied := bytes.Replace(doc, []byte(number), []byte("2100000"), 1)
		if got, want := upgraded(t, lied), upgraded(t, doc); !bytes.Equal(got, want) {
			t.Errorf("%s called 2.10: %s", text, difference(want, got))
		}
	}
}

func TestUpgradeDetails(t *testing.T) {
	for _, c := range []struct {
		what          string
		layout        string
		old, new      string // of the file
		pointer, want string // of the result
	}{
		{"unknown members of the cluster are kept", "2.7", `"cluster":{`, `"cluster":{"colour":"red",`, "/cluster/colour", `"red"`},
		{"unknown members at the top are kept", "2.7", `{"version"`, `{"colour":{"a":[1,2]},"version"`, "/colour", `{"a":[1,2]}`},
		{"the version is the current one", "2.7", "{", "{", "/version", "3000000"},
		{"a revision doesn't matter", "2.7", "2070000", "2070003", "/version", "3000000"},
		{"default_bridge", "2.0", `"default_bridge":"br0"`, `"default_bridge":"xen-br7"`, "/cluster/nicparams/default/link", `"xen-br7"`},
		{"no default_bridge", "2.0", `"default_bridge":"br0"`, `"default_bridge":null`, "/cluster/nicparams/default/link", `"xen-br0"`},
		{"default_hypervisor", "2.0", `"default_hypervisor":"kvm"`, `"default_hypervisor":"lxc"`, "/cluster/enabled_hypervisors", `["lxc","kvm","xen-pvm"]`},
		{"SSH keys were DSA", "2.15", "{", "{", "/cluster/ssh_key_type", `"dsa"`},
		{"of 1024 bits", "2.15", "{", "{", "/cluster/ssh_key_bits", "1024"},
		{"SSH keys of 2.16", "2.16", "{", "{", "/cluster/ssh_key_type", `"rsa"`},
		{"maintenance of 2.17", "2.17", "{", "{", "/maintenance", ""},
		{"diagnosis of 2.17", "2.17", "{", "{", "/cluster/diagnose_data_collector_filename", ""},
		{"Xen's command", "3.1", "{", "{", "/cluster/hvparams/xen-pvm/xen_cmd", `"xl"`},
		{"Xen's command before", "2.7", `"xen_cmd":"xm"`, `"a":1`, "/cluster/hvparams/xen-pvm/xen_cmd", `"xm"`},
		{"rbd's user of 3.1", "3.1", "{", "{", "/cluster/diskparams/rbd", `{"access":"kernelspace","pool":"rbd"}`},
		{"a hypervisor's missing parameter", "2.4", `"migration_downtime":30`, `"a":1`, "/cluster/hvparams/kvm/migration_downtime", "30"},
		{"a set parameter stays", "2.4", `"migration_downtime":30`, `"migration_downtime":7`, "/cluster/hvparams/kvm/migration_downtime", "7"},
		{"a range of sizes", "2.7", `"spindle-ratio":32`, `"spindle-ratio":16.5`, "/cluster/ipolicy/spindle-ratio", "16.5"},
		{"an incomplete range", "2.7", `"min":{"memory-size":128,`, `"min":{`, "/cluster/ipolicy/minmax/0/min/memory-size", "128"},
		{"templates in use", "2.7", "{", "{", "/cluster/enabled_disk_templates", `["drbd","plain"]`},
		{"a policy allows no more", "2.7", "{", "{", "/cluster/ipolicy/disk-templates", `["drbd","plain"]`},
		{"no DRBD helper", "2.8", `"drbd_usermode_helper":"/bin/true"`, `"drbd_usermode_helper":null`, "/cluster/drbd_usermode_helper", `"/bin/true"`},
		{"netmask", "2.4", "{", "{", "/cluster/master_netmask", "32"},
		{"a collector's missing entry", "2.14", `"lv":`, `"own":`, "/cluster/data_collectors/lv", `{"active":true,"interval":5000000}`},
		{"networks are filled", "3.0", `"networks":{`, `"networks":{"00000000-0000-4000-8000-000000000000":{"link":"l"},`,
			"/nodegroups/{group}/networks/00000000-0000-4000-8000-000000000000", `{"mode":"bridged","link":"l","vlan":""}`},
		{"networks are null", "2.7", `"networks":{`, `"networks":null,"x":{`, "/filters", "{}"},
		{"empty list for a container", "2.13", `"filters":{`, `"filters":[],"x":{`, "/filters", "{}"},
		{"memory", "2.4", `"memory":128`, `"memory":777`, "/cluster/beparams/default/minmem", "777"},
		{"memory and its successor", "2.4", `"memory":128`, `"memory":777,"minmem":5`, "/cluster/beparams/default", `{"minmem":5,"maxmem":777,"vcpus":1,"auto_balance":true,"always_failover":false,"spindle_use":1}`},
		{"exclusive storage of a node", "2.12", `"ndparams":{}`, `"ndparams":{"exclusive_storage":true}`, "/nodes/{node}/ndparams", "{}"},
		{"float as integer", "2.12", `"highest_used_port":110`, `"highest_used_port":1.0e4,"x":110`, "/cluster/highest_used_port", "10000"},
		{"repeated member", "2.12", `"master_netdev":"eth0"`, `"master_netdev":"eth0","master_netdev":"eth9"`, "/cluster/master_netdev", `"eth0"`},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := upgraded(t, edited(t, c.layout, c.old, c.new))
			d, err := Parse(got)
			if err != nil {
				t.Fatal(err)
			}
			pointer := c.pointer
			for key := range d.All(KindGroup) {
				pointer = strings.Replace(pointer, "{group}", key, 1)
			}
			for key := range d.All(KindNode) {
				pointer = strings.Replace(pointer, "{node}", key, 1)
			}
			if value := string(Evaluate(got, []byte(pointer))); value != c.want {
				t.Errorf("%s: got %s, want %s", pointer, value, c.want)
			}
		})
	}
}

// A null inside a dictionary once hid what it should have been taken for.
func TestUpgradeTakesInnerNullsForNothing(t *testing.T) {
	for _, c := range []struct{ layout, old, new, pointer, want string }{
		{"2.6", `"nicparams":{"default":{"mode":"bridged","link":"br0"}}`, `"nicparams":{"default":null}`, "/cluster/nicparams/default/link", `"xen-br0"`},
		{"2.4", `"beparams":{"default":{`, `"beparams":{"other":null,"default":{`, "/cluster/beparams/other", ""},
		{"2.14", `"lv":{"active":true,"interval":5000000}`, `"lv":null`, "/cluster/data_collectors/lv/interval", "5000000"},
	} {
		got := upgraded(t, edited(t, c.layout, c.old, c.new))
		if value := string(Evaluate(got, []byte(c.pointer))); value != c.want {
			t.Errorf("%s: got %s, want %s", c.pointer, value, c.want)
		}
	}
}

// Removing a null from the cluster once overwrote what a step had set on it.
func TestUpgradeOfAClusterWithANull(t *testing.T) {
	got := upgraded(t, edited(t, "2.2", `"volume_group_name":"xenvg"`, `"volume_group_name":null`))
	if value := string(Evaluate(got, []byte("/cluster/ipolicy/disk-templates"))); value != `["drbd"]` {
		t.Errorf("got %s", value)
	}
}

// A uuid that is the name can't be the key: the file would look old for ever.
func TestUpgradeOfANodeWhoseUUIDIsItsName(t *testing.T) {
	doc := smallest(t, "2.1", 0)
	v := constantValue(string(doc))
	node := &v.get("nodes").members[0]
	node.value.set("uuid", rawString(node.key))
	d, err := Parse(upgraded(t, v.appendTo(nil, compactStyle)))
	if err != nil {
		t.Fatal(err)
	}
	for key := range d.All(KindNode) {
		if n := load[Node](t, d, key); n.UUID != key || !looksLikeUUID(key) {
			t.Errorf("key %s, uuid %s", key, n.UUID)
		}
	}
}

// Names are all that the oldest layouts have. The UUIDs made from them are part of the answers, so they must never change.
func TestDerivedUUIDsNeverChange(t *testing.T) {
	d, err := Parse(upgraded(t, generated(t, GenerateOptions{Nodes: 1, Instances: 1, Layout: "2.0", Templates: []string{"plain"}})))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{"cluster": load[Cluster](t, d, "").UUID}
	for kind := range numKinds {
		for key := range d.All(kind) {
			if kind != KindCluster {
				got[kind.String()] = key
			}
		}
	}
	want := map[string]string{
		"cluster":    "768ec90f-32aa-5714-9593-76caa82ac4e3",
		"nodes":      "2fac2a5a-3ef0-569b-9f1c-2dded51374b0",
		"nodegroups": "66f097d4-5364-5b20-9630-325ebde4a1a2",
		"instances":  "f4f68ceb-47fc-5b3e-9500-b0b0963323c7",
		"disks":      "a6851bbe-e935-5171-8d57-b534f76a913a",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

// A version of the reference kept names of networks in NICs for a while.
func TestUpgradeTranslatesNetworkNames(t *testing.T) {
	doc := upgraded(t, generated(t, GenerateOptions{Nodes: 2, Instances: 40, Layout: "2.7"}))
	d, err := Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	connected := 0
	for key := range d.All(KindInstance) {
		for _, nic := range load[Instance](t, d, key).NICs {
			if nic.Network != nil {
				connected++
				if d.Get(KindNetwork, *nic.Network) == nil {
					t.Errorf("network %s", *nic.Network)
				}
			}
		}
	}
	if connected == 0 {
		t.Error("no NIC is in a network")
	}
}
