package cache

import (
	"math"

	"gantry/confd/config"
	"gantry/confd/wire"
)

// maxText bounds a snapshot's text: offsets into it are 32 bits wide. The
// largest clusters need a tenth of it.
const maxText = math.MaxUint32

// Snapshot is one state of the config with every answer's text ready. It is
// immutable and safe for any number of concurrent readers. What its methods
// return is a part of it: valid as long as the snapshot is reachable, and never
// to be written to. No method allocates.
//
// It consists of a few large slices without pointers, so that a hundred
// thousand instances cost the garbage collector nothing to scan.
type Snapshot struct {
	text []byte // canonical objects, decoded strings and rendered answers

	top        []topValue
	containers [containerCount]members
	cluster    span

	nodeNames     names
	instanceNames names

	fixed     fixedAnswers
	nodes     []nodeRow
	instances []instanceRow
	links     linkTable

	fieldLengths []config.FieldLength // of the objects that the next builder may take over

	instanceDisks []uint32 // rows of disks, or absent | row of missingDisks
	missingDisks  []span   // decoded uuids of disks that instances name and the config lacks
	hosted        []uint32 // rows of instances, a run a node and role
	minors        []minorRow

	info Info
}

// Info describes a snapshot to people and metrics.
type Info struct {
	Version   int64  // of the config's layout, e.g. 3000000
	Serial    int64  // of the config
	Cluster   string // its name
	Nodes     int
	Instances int
	Objects   int    // that the config consists of
	Unchanged int    // of those, the ones that were taken over from the snapshot before
	Bytes     int    // memory that the snapshot holds
	FileBytes int64  // size of the file it was built from
	Hash      uint64 // xxhash of the file
}

// Info returns what the snapshot holds; the zero Info when it stands for the
// lack of a config.
func (s *Snapshot) Info() Info { return s.info }

// Answer is the msg of a reply. Escaped is the same text as it stands within
// the datagram's JSON string, nil if that wasn't rendered ahead.
type Answer struct{ Msg, Escaped []byte }

// answerRef is an Answer within the text: the escaped form follows the plain.
// A zero answerRef is no answer.
type answerRef struct{ off, msg, escaped uint32 }

func (s *Snapshot) answer(r answerRef) Answer {
	mid := r.off + r.msg
	end := mid + r.escaped
	return Answer{Msg: s.text[r.off:mid:mid], Escaped: s.text[mid:end:end]}
}

// topValue is a member of the config's outermost object that is no container.
type topValue struct{ name, value span }

// nodeRow is what is answered about a node.
type nodeRow struct {
	role    wire.Role // by its flags, the master not considered
	name    span      // JSON
	serial  span      // canonical number
	ip      answerRef // its primary IP as a whole answer
	ipEntry span      // the same as an entry of a list of answers
	minors  minorsRef
	hosted  hostedRef
}

// minorsRef is a node's part of Snapshot.minors. When a peer is no node of the
// config, the node has no list, as in the reference: badPeer is its uuid.
type minorsRef struct {
	from, to uint32
	size     uint64 // bytes of the list
	badPeer  span   // decoded
	match    Match  // Found, or what is wrong with badPeer
}

// minorRow is one end of a DRBD device.
type minorRow struct {
	minor     span   // canonical number
	instance  uint32 // row
	disk      uint32 // position among the instance's disks
	peer      uint32 // row of a node
	isPrimary bool
}

// hostedRef is a node's part of Snapshot.hosted: instances whose primary node
// it is, then those whose secondary node it is, each in order of their uuids.
type hostedRef struct{ from, mid, to uint32 }

// absent marks, in a list of rows, a row of missingDisks.
const absent = 1 << 31

// instanceRow is what is answered about an instance.
type instanceRow struct {
	name     span // JSON, empty without one
	serial   span // canonical number
	from, to uint32
}
