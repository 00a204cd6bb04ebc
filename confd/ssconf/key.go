package ssconf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// FilePrefix is what every file's name begins with; the key follows.
const FilePrefix = "ssconf_"

// FileMode is a file's mode: world readable, and no one's to write, as it is
// only ever replaced.
const FileMode = 0o444

// MaxSize is the largest file that is read or written, in bytes: the
// reference's limit, beyond which its own readers refuse a file.
const MaxSize = 128 * 1024

// Key names one of the files.
type Key string

// The keys of a 3.0 cluster.
const (
	ClusterName           Key = "cluster_name"
	ClusterTags           Key = "cluster_tags"
	EnabledUserShutdown   Key = "enabled_user_shutdown"
	FileStorageDir        Key = "file_storage_dir"
	GlusterStorageDir     Key = "gluster_storage_dir"
	HVParamsChroot        Key = "hvparams_chroot"
	HVParamsFake          Key = "hvparams_fake"
	HVParamsKVM           Key = "hvparams_kvm"
	HVParamsLXC           Key = "hvparams_lxc"
	HVParamsXenHVM        Key = "hvparams_xen-hvm"
	HVParamsXenPVM        Key = "hvparams_xen-pvm"
	HypervisorList        Key = "hypervisor_list"
	InstanceList          Key = "instance_list"
	MaintainNodeHealth    Key = "maintain_node_health"
	MasterCandidates      Key = "master_candidates"
	MasterCandidatesCerts Key = "master_candidates_certs"
	MasterCandidatesIPs   Key = "master_candidates_ips"
	MasterIP              Key = "master_ip"
	MasterNetdev          Key = "master_netdev"
	MasterNetmask         Key = "master_netmask"
	MasterNode            Key = "master_node"
	Networks              Key = "networks"
	NodeList              Key = "node_list"
	NodePrimaryIPs        Key = "node_primary_ips"
	NodeSecondaryIPs      Key = "node_secondary_ips"
	NodeVMCapable         Key = "node_vm_capable"
	NodeGroups            Key = "nodegroups"
	OfflineNodes          Key = "offline_nodes"
	OnlineNodes           Key = "online_nodes"
	PrimaryIPFamily       Key = "primary_ip_family"
	ReleaseVersion        Key = "release_version"
	SharedFileStorageDir  Key = "shared_file_storage_dir"
	SSHPorts              Key = "ssh_ports"
	UIDPool               Key = "uid_pool"
)

// hvParamsPrefix begins the keys that hold a hypervisor's parameters.
const hvParamsPrefix = "hvparams_"

// keys is sorted by byte value, where an underscore comes before a letter.
var keys = []Key{
	ClusterName, ClusterTags, EnabledUserShutdown, FileStorageDir, GlusterStorageDir,
	HVParamsChroot, HVParamsFake, HVParamsKVM, HVParamsLXC, HVParamsXenHVM, HVParamsXenPVM,
	HypervisorList, InstanceList, MaintainNodeHealth, MasterCandidates, MasterCandidatesCerts,
	MasterCandidatesIPs, MasterIP, MasterNetdev, MasterNetmask, MasterNode, Networks,
	NodeList, NodePrimaryIPs, NodeSecondaryIPs, NodeVMCapable, NodeGroups, OfflineNodes, OnlineNodes,
	PrimaryIPFamily, ReleaseVersion, SharedFileStorageDir, SSHPorts, UIDPool,
}

// ErrUnknownKey is wrapped by errors about a key that is none of Keys.
var ErrUnknownKey = errors.New("unknown ssconf key")

// Keys returns all keys in ascending order.
func Keys() []Key { return slices.Clone(keys) }

// HVParams returns the key of a hypervisor's parameters, e.g. of "xen-hvm".
// Whether there is such a hypervisor is Valid's to say.
func HVParams(hypervisor string) Key { return Key(hvParamsPrefix + hypervisor) }

// Valid says whether k is one of Keys.
func (k Key) Valid() bool {
	_, found := slices.BinarySearch(keys, k)
	return found
}

// FileName returns the name, without a folder, of the file that holds k.
func (k Key) FileName() string { return FilePrefix + string(k) }

// CheckKeys returns an error that wraps ErrUnknownKey and names, in ascending
// order, those of the given keys that aren't valid.
func CheckKeys(given ...Key) error {
	var unknown []string
	for _, k := range given {
		if !k.Valid() {
			unknown = append(unknown, string(k))
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return fmt.Errorf("%w: %s", ErrUnknownKey, strings.Join(unknown, ", "))
}
