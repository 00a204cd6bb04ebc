package config

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// The values that primary_ip_family may have: Linux's numbers for IPv4 and IPv6, whatever the system.
const (
	FamilyIPv4 = 2
	FamilyIPv6 = 10
)

const (
	generatedDomain     = "example.com"
	generatedVG         = "xenvg"
	generatedMACPrefix  = "aa:00:00"
	generatedFileDir    = "/srv/ganeti/file-storage"
	generatedSharedDir  = "/srv/ganeti/shared-file-storage"
	generatedGlusterDir = "/var/run/ganeti/gluster"
	generatedLink       = "br0" // default link of NICs
)

func (g *generator) clusterValue() value {
	r := randomFor(g.seed, streamCluster, 0)
	templates := g.enabledTemplates()
	ipolicy := constantValue(defaultIPolicy)
	ipolicy.set("disk-templates", templates)
	v := objectValue(
		field("rsahostkeypub", rawString(r.hostKey())),
		field("dsahostkeypub", rawString("")),
		field("highest_used_port", intValue(g.highestPort)),
		field("tcpudp_port_pool", intsValue(g.freePorts)),
		field("mac_prefix", rawString(generatedMACPrefix)),
		field("volume_group_name", rawString(generatedVG)),
		field("reserved_lvs", stringsValue("xenvg/root", "xenvg/swap")),
		field("drbd_usermode_helper", rawString("/bin/true")),
		field("master_node", g.nodeRef(masterIndex)),
		field("master_ip", rawString(g.masterAddress())),
		field("master_netdev", rawString("eth0")),
		field("master_netmask", intValue(g.netmask())),
		field("use_external_mip_script", boolValue(false)),
		field("cluster_name", rawString("cluster."+generatedDomain)),
		field("file_storage_dir", rawString(generatedFileDir)),
		field("shared_file_storage_dir", rawString(generatedSharedDir)),
		field("gluster_storage_dir", rawString(generatedGlusterDir)),
		field("enabled_hypervisors", stringsValue(g.hypervisors()...)),
		field("hvparams", constantValue(defaultHVParams)),
		field("os_hvp", constantValue(`{"debian-image+buster":{"kvm":{"kernel_path":""}}}`)),
		field("beparams", objectValue(field("default", constantValue(defaultBEParams)))),
		field("osparams", constantValue(`{"debootstrap":{"mirror":"http://deb.example.com/debian"}}`)),
		field("osparams_private_cluster", constantValue(`{"debootstrap":{"root_password":"changeme"}}`)),
		field("nicparams", objectValue(field("default", g.defaultNICParams()))),
		field("ndparams", constantValue(defaultNDParams)),
		field("diskparams", constantValue(defaultDiskParams)),
		field("candidate_pool_size", intValue(g.opts.Candidates)),
		field("modify_etc_hosts", boolValue(true)),
		field("modify_ssh_setup", boolValue(true)),
		field("maintain_node_health", boolValue(r.chance(50))),
		field("uid_pool", constantValue(`[[20000,20099]]`)),
		field("default_iallocator", rawString("hail")),
		field("default_iallocator_params", objectValue()),
		field("hidden_os", arrayValue()),
		field("blacklisted_os", arrayValue()),
		field("primary_ip_family", intValue(g.opts.Family)),
		field("prealloc_wipe_disks", boolValue(r.chance(30))),
		field("ipolicy", ipolicy),
		field("hv_state_static", constantValue(`{"kvm":{"cpu_node":1,"cpu_total":1,"mem_hv":0,"mem_node":0,"mem_total":0}}`)),
		field("disk_state_static", objectValue()),
		field("enabled_disk_templates", templates),
		field("candidate_certs", g.candidateCerts()),
		field("max_running_jobs", intValue(20)),
		field("max_tracked_jobs", intValue(25)),
		field("install_image", rawString("")),
		field("instance_communication_network", rawString("")),
		field("zeroing_image", rawString("")),
		field("compression_tools", constantValue(defaultCompressionTools)),
		field("enabled_user_shutdown", boolValue(r.chance(30))),
		field("data_collectors", r.dataCollectors()),
		field("ssh_key_type", rawString("rsa")),
		field("ssh_key_bits", intValue(2048)),
	)
	v.members = append(v.members, g.trailerOf(&r, g.cluster, g.someTags(&r, 50))...)
	g.shape(KindCluster, &v, 0)
	return v
}

func intsValue(numbers []int) value {
	v := arrayValue()
	for _, n := range numbers {
		v.items = append(v.items, intValue(n))
	}
	return v
}

// hypervisors are the enabled ones; a third of the clusters has no Xen.
func (g *generator) hypervisors() []string {
	if g.seed%3 == 2 {
		return []string{"kvm", "lxc"}
	}
	return []string{"kvm", "xen-pvm", "lxc"}
}

// hostKey looks like the body of an RSA public key of 2048 bits: algorithm, exponent, modulus.
func (r *random) hostKey() string {
	key := []byte("\x00\x00\x00\x07ssh-rsa\x00\x00\x00\x03\x01\x00\x01\x00\x00\x01\x01\x00")
	for range 256 {
		key = append(key, byte(r.next()>>32))
	}
	return base64.StdEncoding.EncodeToString(key)
}

// dataCollectors is the reference's default, with one of them switched off or slower now and then.
func (r *random) dataCollectors() value {
	v := constantValue(defaultDataCollectors)
	if r.chance(50) {
		one := &v.members[r.below(len(v.members))].value
		one.set("active", boolValue(r.chance(50)))
		one.set("interval", intValue(1_000_000*(1+r.below(60))))
	}
	return v
}

// enabledTemplates lists what instances use, and the two that every cluster with a volume group has, in the order of preference.
func (g *generator) enabledTemplates() value {
	used := map[string]bool{"drbd": true, "plain": true}
	for i := range g.instances {
		used[g.instances[i].template] = true
	}
	v := arrayValue()
	for _, t := range diskTemplates {
		if used[t] {
			v.items = append(v.items, rawString(t))
		}
	}
	return v
}

func (g *generator) defaultNICParams() value {
	return objectValue(field("mode", rawString("bridged")), field("link", rawString(generatedLink)), field("vlan", rawString("")))
}

func (g *generator) masterAddress() string {
	if g.opts.Family == FamilyIPv6 {
		return "2001:db8::1"
	}
	return "172.31.255.254"
}

func (g *generator) netmask() int {
	if g.opts.Family == FamilyIPv6 {
		return 128
	}
	return 32
}

// candidateCerts maps every candidate to the digest of its client certificate.
func (g *generator) candidateCerts() value {
	v := objectValue()
	for _, i := range g.nodeOrder {
		if !g.nodes[i].candidate {
			continue
		}
		r := randomFor(g.seed, streamNode, int(i)+MaxGeneratedNodes)
		v.members = append(v.members, field(g.nodes[i].uuid.String(), rawString(certificateDigest(&r))))
	}
	return v
}

// certificateDigest is twenty bytes in upper case with colons.
func certificateDigest(r *random) string {
	digits := strings.ToUpper(r.hexDigits(20))
	pairs := make([]string, 20)
	for i := range pairs {
		pairs[i] = digits[2*i : 2*i+2]
	}
	return strings.Join(pairs, ":")
}

// Times lie in a window that is past for every reader of the file.
const (
	generatedEpoch  = 1_700_000_000 // seconds; 14 November 2023
	generatedWindow = 20_000_000
)

// timeValue is a time as the writer at hand writes it: wconfd, or Python.
func (g *generator) timeValue(seconds, micros int) value {
	at := float64(seconds) + float64(micros)/1e6
	if g.opts.Python {
		return numValue(strconv.FormatFloat(at, 'f', -1, 64))
	}
	return numValue(string(appendTime(nil, at)))
}

// times returns ctime and mtime.
func (g *generator) times(r *random) (ctime, mtime value) {
	created, micros := generatedEpoch+r.below(generatedWindow), r.below(1_000_000)
	return g.timeValue(created, micros), g.timeValue(created+1+r.below(generatedWindow), r.below(1_000_000))
}

// trailerOf returns the members that close most objects.
func (g *generator) trailerOf(r *random, id uuid, tags value) []member {
	ctime, mtime := g.times(r)
	return []member{
		field("ctime", ctime), field("mtime", mtime), field("uuid", rawString(id.String())),
		field("serial_no", intValue(1+r.below(60))), field("tags", tags),
	}
}

var generatedTags = []string{"critical", "db", "env:prod", "env:staging", "owner:alice@example.com", "rack:b12", "web"}

// someTags gives percent of the objects one to three tags, sorted.
func (g *generator) someTags(r *random, percent int) value {
	if !r.chance(percent) {
		return arrayValue()
	}
	tags := []string{}
	for range 1 + r.below(3) {
		tags = append(tags, pick(r, generatedTags))
	}
	if g.opts.NonASCII && r.chance(50) {
		tags = append(tags, pick(r, []string{"\u00e9quipe", "m\u00fcnchen", "\u6771\u4eac"}))
	}
	slices.Sort(tags)
	return stringsValue(slices.Compact(tags)...)
}

// trailer is what follows the containers at the top.
func (g *generator) trailer() []member {
	r := randomFor(g.seed, streamCluster, 1)
	members := []member{
		field("ctime", g.timeValue(generatedEpoch, 0)),
		field("mtime", g.timeValue(generatedEpoch+2*generatedWindow, r.below(1_000_000))),
		field("serial_no", intValue(1000+r.below(9000))),
	}
	switch {
	case g.layout < layoutTimes:
		return members[2:]
	case g.layout == layoutMaintenance:
		return append(members, field("maintenance", maintenanceValue()))
	}
	return members
}
