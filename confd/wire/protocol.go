package wire

// The numbers of the protocol, as Ganeti 3.0 has them.
const (
	// Magic begins every datagram, request or reply.
	Magic = "plj0"

	// MaxRequest is the longest request that is read, in bytes with its magic. It is the limit of Ganeti's own client, 15 times what
	// the reference server reads.
	MaxRequest = 61440

	// MaxReply is the longest reply that fits a datagram: 65,535 bytes less the headers of IPv4 (20) and UDP (8).
	MaxReply = 65507

	// MaxClockSkew is how far a request's time stamp may lie from the server's clock, in seconds, either way, inclusive.
	MaxClockSkew = 300

	// Protocol is the protocol number that our requests and replies carry. The server takes any number.
	Protocol = 1
)

// Type is what a request asks for.
type Type uint8

// The types of request.
const (
	ReqPing            Type = 0
	ReqNodeRole        Type = 1
	ReqNodePipByInstIP Type = 2
	ReqClusterMaster   Type = 3
	ReqNodePipList     Type = 4
	ReqMCPipList       Type = 5
	ReqInstIPsList     Type = 6
	ReqNodeDRBD        Type = 7
	ReqNodeInstances   Type = 8
	ReqInstanceDisks   Type = 9
	ReqConfigQuery     Type = 10
	ReqDataCollectors  Type = 11

	// NumTypes is the number of types: they run from 0 without a gap.
	NumTypes = 12
)

var typeNames = [NumTypes]string{
	ReqPing:            "ping",
	ReqNodeRole:        "node_role",
	ReqNodePipByInstIP: "node_pip_by_instance_ip",
	ReqClusterMaster:   "cluster_master",
	ReqNodePipList:     "node_pip_list",
	ReqMCPipList:       "mc_pip_list",
	ReqInstIPsList:     "instances_ips_list",
	ReqNodeDRBD:        "node_drbd",
	ReqNodeInstances:   "node_instances",
	ReqInstanceDisks:   "instance_disks",
	ReqConfigQuery:     "config_query",
	ReqDataCollectors:  "data_collectors",
}

// String returns the type's name in metrics and logs.
func (t Type) String() string {
	if t < NumTypes {
		return typeNames[t]
	}
	return "unknown"
}

// Status is the outcome that a reply states.
type Status uint8

// The statuses.
const (
	StatusOK             Status = 0
	StatusError          Status = 1
	StatusNotImplemented Status = 2 // sent by servers older than 2.7 only

	// NumStatuses is the number of statuses.
	NumStatuses = 3
)

var statusNames = [NumStatuses]string{"ok", "error", "not_implemented"}

// String returns the status's name in metrics and logs.
func (s Status) String() string {
	if s < NumStatuses {
		return statusNames[s]
	}
	return "unknown"
}

// ErrorCode is the answer of some replies with StatusError. Other such replies answer with a text.
type ErrorCode uint8

// The error codes, as servers from 2.10 on send them; older ones counted from 1.
const (
	ErrorUnknownEntry ErrorCode = 0
	ErrorInternal     ErrorCode = 1
	ErrorArgument     ErrorCode = 2
)

// Role is the answer to ReqNodeRole.
type Role uint8

// The roles of a node.
const (
	RoleMaster    Role = 0
	RoleCandidate Role = 1
	RoleOffline   Role = 2
	RoleDrained   Role = 3
	RoleRegular   Role = 4
)

// Field is one of the values that a ReqClusterMaster may name.
type Field uint8

// The fields.
const (
	FieldName          Field = 0 // the master node's name
	FieldIP            Field = 1 // the cluster's master address
	FieldMasterNodePip Field = 2 // the master node's primary address

	numFields = 3
)

// QueryKind is the shape of a request's query.
type QueryKind uint8

// The shapes.
const (
	QueryEmpty QueryKind = iota // none, or null
	QueryPlain                  // a string
	QueryDict                   // an object with the keys of ReqNodePipByInstIP and ReqClusterMaster
)

// The keys of a dictionary query.
const (
	keyLink   = "0"
	keyIP     = "1"
	keyIPs    = "2"
	keyFields = "3"
)
