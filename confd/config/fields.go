package config

// Field is a member at the top of an object of one kind, known to its schema.
type Field uint16

// Kind returns the kind of object that has the field.
func (f Field) Kind() Kind { return Kind(f >> fieldBits) }

func (f Field) index() int { return int(f & (1<<fieldBits - 1)) }

// String returns the name of the member, such as "primary_ip".
func (f Field) String() string {
	if f.Kind() < numKinds {
		if s := schemas[f.Kind()]; f.index() < len(s.fields) {
			return s.fields[f.index()].name
		}
	}
	return "unknown"
}

// fieldBits is the width of the index of a field in its kind's schema.
const fieldBits = 8

// The fields of the cluster, in the order in which they are written.
const (
	ClusterRSAHostKeyPub = Field(KindCluster)<<fieldBits + iota
	ClusterDSAHostKeyPub
	ClusterHighestUsedPort
	ClusterTCPUDPPortPool
	ClusterMACPrefix
	ClusterVolumeGroupName
	ClusterReservedLVs
	ClusterDRBDUsermodeHelper
	ClusterMasterNode
	ClusterMasterIP
	ClusterMasterNetdev
	ClusterMasterNetmask
	ClusterUseExternalMIPScript
	ClusterName
	ClusterFileStorageDir
	ClusterSharedFileStorageDir
	ClusterGlusterStorageDir
	ClusterEnabledHypervisors
	ClusterHVParams
	ClusterOSHVP
	ClusterBEParams
	ClusterOSParams
	ClusterOSParamsPrivateCluster
	ClusterNICParams
	ClusterNDParams
	ClusterDiskParams
	ClusterCandidatePoolSize
	ClusterModifyEtcHosts
	ClusterModifySSHSetup
	ClusterMaintainNodeHealth
	ClusterUIDPool
	ClusterDefaultIAllocator
	ClusterDefaultIAllocatorParams
	ClusterHiddenOS
	ClusterBlacklistedOS
	ClusterPrimaryIPFamily
	ClusterPreallocWipeDisks
	ClusterIPolicy
	ClusterHVStateStatic
	ClusterDiskStateStatic
	ClusterEnabledDiskTemplates
	ClusterCandidateCerts
	ClusterMaxRunningJobs
	ClusterMaxTrackedJobs
	ClusterInstallImage
	ClusterInstanceCommunicationNetwork
	ClusterZeroingImage
	ClusterCompressionTools
	ClusterEnabledUserShutdown
	ClusterDataCollectors
	ClusterSSHKeyType
	ClusterSSHKeyBits
	ClusterCTime
	ClusterMTime
	ClusterUUID
	ClusterSerialNo
	ClusterTags
)

// The fields of a node, in the order in which they are written.
const (
	NodeName = Field(KindNode)<<fieldBits + iota
	NodePrimaryIP
	NodeSecondaryIP
	NodeMasterCandidate
	NodeOffline
	NodeDrained
	NodeGroup
	NodeMasterCapable
	NodeVMCapable
	NodeNDParams
	NodePowered
	NodeHVStateStatic
	NodeDiskStateStatic
	NodeCtime
	NodeMtime
	NodeUUID
	NodeSerialNo
	NodeTags
)

// The fields of a node group, in the order in which they are written.
const (
	GroupName = Field(KindGroup)<<fieldBits + iota
	GroupMembers
	GroupNDParams
	GroupAllocPolicy
	GroupIPolicy
	GroupDiskParams
	GroupNetworks
	GroupHVStateStatic
	GroupDiskStateStatic
	GroupCtime
	GroupMtime
	GroupUUID
	GroupSerialNo
	GroupTags
)

// The fields of an instance, in the order in which they are written.
const (
	InstanceForthcoming = Field(KindInstance)<<fieldBits + iota
	InstanceName
	InstancePrimaryNode
	InstanceOS
	InstanceHypervisor
	InstanceHVParams
	InstanceBEParams
	InstanceOSParams
	InstanceOSParamsPrivate
	InstanceAdminState
	InstanceAdminStateSource
	InstanceNICs
	InstanceDisks
	InstanceDisksActive
	InstanceNetworkPort
	InstanceCtime
	InstanceMtime
	InstanceUUID
	InstanceSerialNo
	InstanceTags
)

// The fields of a network, in the order in which they are written.
const (
	NetworkName = Field(KindNetwork)<<fieldBits + iota
	NetworkMACPrefix
	NetworkNetwork
	NetworkNetwork6
	NetworkGateway
	NetworkGateway6
	NetworkReservations
	NetworkExtReservations
	NetworkUUID
	NetworkCtime
	NetworkMtime
	NetworkSerialNo
	NetworkTags
)

// The fields of a disk, in the order in which they are written.
const (
	DiskForthcoming = Field(KindDisk)<<fieldBits + iota
	DiskLogicalID
	DiskDevType
	DiskChildren
	DiskNodes
	DiskIVName
	DiskSize
	DiskMode
	DiskName
	DiskSpindles
	DiskParams
	DiskUUID
	DiskSerialNo
	DiskCtime
	DiskMtime
)

// The fields of a filter rule, in the order in which they are written.
const (
	FilterWatermark = Field(KindFilter)<<fieldBits + iota
	FilterPriority
	FilterPredicates
	FilterAction
	FilterReasonTrail
	FilterUUID
)
