package config

import "encoding/json"

// Time is a point in time as config.data has it: seconds since 1970, with a fraction; 0 means unknown.
type Time float64

// Member is one member of a JSON object: its decoded name and the text of its value.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Extra holds the members of an object that its schema doesn't know, in the order of the file. They are written after the
// known ones.
type Extra []Member

// Params is a dictionary of free form: hypervisor parameters, disk parameters and the like. Values are JSON text.
type Params map[string]json.RawMessage

// Cluster is the one object that describes the cluster as a whole. Fields without a comment are named as the parameter of
// gnt-cluster that sets them. A nil pointer means that the member is absent.
type Cluster struct {
	RSAHostKeyPub                string                       `json:"rsahostkeypub"`
	DSAHostKeyPub                *string                      `json:"dsahostkeypub"`
	HighestUsedPort              int64                        `json:"highest_used_port"` // the last TCP or UDP port given out
	PortPool                     []int64                      `json:"tcpudp_port_pool"`  // ports that were returned
	MACPrefix                    string                       `json:"mac_prefix"`        // three octets, "aa:00:00"
	VolumeGroupName              *string                      `json:"volume_group_name"`
	ReservedLVs                  []string                     `json:"reserved_lvs"`
	DRBDHelper                   *string                      `json:"drbd_usermode_helper"`
	MasterNode                   string                       `json:"master_node"` // a node's uuid
	MasterIP                     string                       `json:"master_ip"`
	MasterNetdev                 string                       `json:"master_netdev"`
	MasterNetmask                int64                        `json:"master_netmask"` // prefix length
	UseExternalMIPScript         bool                         `json:"use_external_mip_script"`
	ClusterName                  string                       `json:"cluster_name"`
	FileStorageDir               string                       `json:"file_storage_dir"`
	SharedFileStorageDir         string                       `json:"shared_file_storage_dir"`
	GlusterStorageDir            string                       `json:"gluster_storage_dir"`
	EnabledHypervisors           []string                     `json:"enabled_hypervisors"`
	HVParams                     map[string]Params            `json:"hvparams"` // by hypervisor
	OSHVP                        map[string]map[string]Params `json:"os_hvp"`   // by operating system, then hypervisor
	BEParams                     map[string]BEParams          `json:"beparams"` // only "default" is used; all fields set
	OSParams                     map[string]map[string]string `json:"osparams"` // by operating system
	OSParamsPrivate              map[string]map[string]string `json:"osparams_private_cluster"`
	NICParams                    map[string]NICParams         `json:"nicparams"` // only "default" is used; all fields set
	NDParams                     NDParams                     `json:"ndparams"`  // all fields set
	DiskParams                   map[string]Params            `json:"diskparams"`
	CandidatePoolSize            int64                        `json:"candidate_pool_size"`
	ModifyEtcHosts               bool                         `json:"modify_etc_hosts"`
	ModifySSHSetup               bool                         `json:"modify_ssh_setup"`
	MaintainNodeHealth           bool                         `json:"maintain_node_health"`
	UIDPool                      [][2]int64                   `json:"uid_pool"` // inclusive ranges
	DefaultIAllocator            string                       `json:"default_iallocator"`
	DefaultIAllocatorParams      Params                       `json:"default_iallocator_params"`
	HiddenOS                     []string                     `json:"hidden_os"`
	BlacklistedOS                []string                     `json:"blacklisted_os"`
	PrimaryIPFamily              int64                        `json:"primary_ip_family"` // 2 is IPv4, 10 is IPv6
	PreallocWipeDisks            bool                         `json:"prealloc_wipe_disks"`
	IPolicy                      IPolicy                      `json:"ipolicy"` // all fields set
	HVStateStatic                Params                       `json:"hv_state_static"`
	DiskStateStatic              Params                       `json:"disk_state_static"`
	EnabledDiskTemplates         []string                     `json:"enabled_disk_templates"`
	CandidateCerts               map[string]string            `json:"candidate_certs"` // by node uuid: SHA1 of the client certificate
	MaxRunningJobs               int64                        `json:"max_running_jobs"`
	MaxTrackedJobs               int64                        `json:"max_tracked_jobs"`
	InstallImage                 string                       `json:"install_image"`
	InstanceCommunicationNetwork string                       `json:"instance_communication_network"`
	ZeroingImage                 string                       `json:"zeroing_image"`
	CompressionTools             []string                     `json:"compression_tools"`
	EnabledUserShutdown          bool                         `json:"enabled_user_shutdown"`
	DataCollectors               map[string]DataCollector     `json:"data_collectors"`
	SSHKeyType                   string                       `json:"ssh_key_type"`
	SSHKeyBits                   int64                        `json:"ssh_key_bits"`
	Ctime                        Time                         `json:"ctime"`
	Mtime                        Time                         `json:"mtime"`
	UUID                         string                       `json:"uuid"`
	SerialNo                     int64                        `json:"serial_no"`
	Tags                         []string                     `json:"tags"`
	Extra                        Extra                        `json:"-"`
}

// DataCollector says whether the monitoring daemon runs a collector, and how often.
type DataCollector struct {
	Active         bool  `json:"active"`
	IntervalMicros int64 `json:"interval"`
	Extra          Extra `json:"-"`
}

// BEParams are backend parameters; a nil field is inherited. Memory is in MiB.
type BEParams struct {
	MinMem         *int64 `json:"minmem"`
	MaxMem         *int64 `json:"maxmem"`
	VCPUs          *int64 `json:"vcpus"`
	AutoBalance    *bool  `json:"auto_balance"`
	AlwaysFailover *bool  `json:"always_failover"`
	SpindleUse     *int64 `json:"spindle_use"`
	Extra          Extra  `json:"-"`
}

// NICParams are the parameters of a network interface; a nil field is inherited.
type NICParams struct {
	Mode  *string `json:"mode"`
	Link  *string `json:"link"`
	VLAN  *string `json:"vlan"`
	Extra Extra   `json:"-"`
}

// NDParams are node parameters; a nil field is inherited.
type NDParams struct {
	OOBProgram       *string  `json:"oob_program"`
	SpindleCount     *int64   `json:"spindle_count"`
	ExclusiveStorage *bool    `json:"exclusive_storage"`
	OVS              *bool    `json:"ovs"`
	OVSName          *string  `json:"ovs_name"`
	OVSLink          *string  `json:"ovs_link"`
	SSHPort          *int64   `json:"ssh_port"`
	CPUSpeed         *float64 `json:"cpu_speed"`
	Extra            Extra    `json:"-"`
}

// IPolicy is an instance policy; a nil field is inherited.
type IPolicy struct {
	MinMax        []MinMaxISpecs `json:"minmax"`
	Std           *ISpec         `json:"std"`
	SpindleRatio  *float64       `json:"spindle-ratio"`
	VCPURatio     *float64       `json:"vcpu-ratio"`
	DiskTemplates []string       `json:"disk-templates"`
	Extra         Extra          `json:"-"`
}

// MinMaxISpecs is one range of allowed instance sizes; all fields of both ends are set.
type MinMaxISpecs struct {
	Min   ISpec `json:"min"`
	Max   ISpec `json:"max"`
	Extra Extra `json:"-"`
}

// ISpec is the size of an instance, in MiB where it is a size; a nil field is inherited.
type ISpec struct {
	MemorySize *int64 `json:"memory-size"`
	DiskSize   *int64 `json:"disk-size"`
	DiskCount  *int64 `json:"disk-count"`
	CPUCount   *int64 `json:"cpu-count"`
	NICCount   *int64 `json:"nic-count"`
	SpindleUse *int64 `json:"spindle-use"`
	Extra      Extra  `json:"-"`
}

// Node is a machine of the cluster.
type Node struct {
	Name            string   `json:"name"`
	PrimaryIP       string   `json:"primary_ip"`
	SecondaryIP     string   `json:"secondary_ip"`
	MasterCandidate bool     `json:"master_candidate"`
	Offline         bool     `json:"offline"`
	Drained         bool     `json:"drained"`
	Group           string   `json:"group"` // a node group's uuid
	MasterCapable   bool     `json:"master_capable"`
	VMCapable       bool     `json:"vm_capable"`
	NDParams        NDParams `json:"ndparams"`
	Powered         bool     `json:"powered"`
	HVStateStatic   Params   `json:"hv_state_static"`
	DiskStateStatic Params   `json:"disk_state_static"`
	Ctime           Time     `json:"ctime"`
	Mtime           Time     `json:"mtime"`
	UUID            string   `json:"uuid"`
	SerialNo        int64    `json:"serial_no"`
	Tags            []string `json:"tags"`
	Extra           Extra    `json:"-"`
}

// Group is a node group of nodes. Membership is what Node.Group says; Members is always empty in practice.
type Group struct {
	Name            string               `json:"name"`
	Members         []string             `json:"members"`
	NDParams        NDParams             `json:"ndparams"`
	AllocPolicy     string               `json:"alloc_policy"` // preferred, last_resort, unallocable
	IPolicy         IPolicy              `json:"ipolicy"`
	DiskParams      map[string]Params    `json:"diskparams"` // by disk template
	Networks        map[string]NICParams `json:"networks"`   // by network uuid
	HVStateStatic   Params               `json:"hv_state_static"`
	DiskStateStatic Params               `json:"disk_state_static"`
	Ctime           Time                 `json:"ctime"`
	Mtime           Time                 `json:"mtime"`
	UUID            string               `json:"uuid"`
	SerialNo        int64                `json:"serial_no"`
	Tags            []string             `json:"tags"`
	Extra           Extra                `json:"-"`
}

// Network is an IPv4 network with a pool of addresses.
type Network struct {
	Name            string   `json:"name"`
	MACPrefix       *string  `json:"mac_prefix"`
	Network         string   `json:"network"` // "192.0.2.0/24"
	Network6        *string  `json:"network6"`
	Gateway         *string  `json:"gateway"`
	Gateway6        *string  `json:"gateway6"`
	Reservations    *string  `json:"reservations"` // a '0' or '1' for each address
	ExtReservations *string  `json:"ext_reservations"`
	UUID            string   `json:"uuid"`
	Ctime           Time     `json:"ctime"`
	Mtime           Time     `json:"mtime"`
	SerialNo        int64    `json:"serial_no"`
	Tags            []string `json:"tags"`
	Extra           Extra    `json:"-"`
}

// Instance is a virtual machine. A forthcoming one is a reservation that a running job holds.
type Instance struct {
	Forthcoming      bool              `json:"forthcoming"`
	Name             string            `json:"name"`
	PrimaryNode      string            `json:"primary_node"` // a node's uuid
	OS               string            `json:"os"`
	Hypervisor       string            `json:"hypervisor"`
	HVParams         Params            `json:"hvparams"`
	BEParams         BEParams          `json:"beparams"`
	OSParams         map[string]string `json:"osparams"`
	OSParamsPrivate  map[string]string `json:"osparams_private"`
	AdminState       string            `json:"admin_state"`        // up, down, offline
	AdminStateSource string            `json:"admin_state_source"` // admin, user
	NICs             []NIC             `json:"nics"`
	Disks            []string          `json:"disks"` // disk uuids, in the order of the instance's disk indices
	DisksActive      bool              `json:"disks_active"`
	NetworkPort      *int64            `json:"network_port"`
	Ctime            Time              `json:"ctime"`
	Mtime            Time              `json:"mtime"`
	UUID             string            `json:"uuid"`
	SerialNo         int64             `json:"serial_no"`
	Tags             []string          `json:"tags"`
	Absent           []string          `json:"-"` // names of the mandatory members that a forthcoming instance lacks
	Extra            Extra             `json:"-"`
}

// NIC is a network interface of an instance.
type NIC struct {
	MAC       string    `json:"mac"`
	IP        *string   `json:"ip"`
	NICParams NICParams `json:"nicparams"`
	Network   *string   `json:"network"` // a network's uuid
	Name      *string   `json:"name"`
	UUID      string    `json:"uuid"`
	Extra     Extra     `json:"-"`
}

// Disk is a disk of an instance or a part (child) of such a disk.
type Disk struct {
	Forthcoming bool      `json:"forthcoming"`
	LogicalID   LogicalID `json:"logical_id"`
	DevType     string    `json:"dev_type"`
	Children    []Disk    `json:"children"`
	Nodes       []string  `json:"nodes"`   // node uuids
	IVName      string    `json:"iv_name"` // "disk/0"; empty for a child
	Size        int64     `json:"size"`    // MiB
	Mode        string    `json:"mode"`    // rw, ro
	Name        *string   `json:"name"`
	Spindles    *int64    `json:"spindles"`
	Params      *Params   `json:"params"`
	UUID        string    `json:"uuid"`
	SerialNo    int64     `json:"serial_no"`
	Ctime       Time      `json:"ctime"`
	Mtime       Time      `json:"mtime"`
	Absent      []string  `json:"-"` // names of the mandatory members that a forthcoming disk lacks
	Extra       Extra     `json:"-"`
}

// LogicalID says where a disk is: six values for a DRBD disk, two strings for all others.
type LogicalID struct {
	DRBD *DRBD     // set if, and only if, the disk's type is drbd
	Pair [2]string // volume group and volume; driver and path; pool and image; provider and name
}

// DRBD is the logical id of a DRBD disk.
type DRBD struct {
	NodeA, NodeB   string // node uuids
	Port           int64
	MinorA, MinorB int64
	Secret         string
}

// FilterRule is a rule of the job queue's filter.
type FilterRule struct {
	Watermark   int64             `json:"watermark"` // a job id
	Priority    int64             `json:"priority"`
	Predicates  []json.RawMessage `json:"predicates"` // [name, filter expression]
	Action      json.RawMessage   `json:"action"`     // a string, or ["RATE_LIMIT", n]
	ReasonTrail []Reason          `json:"reason_trail"`
	UUID        string            `json:"uuid"`
	Extra       Extra             `json:"-"`
}

// Reason is one entry of a reason trail.
type Reason struct {
	Source, Text string
	Nanos        int64 // since 1970
}
