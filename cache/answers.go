package cache

import (
	"strconv"

	"gantry/confd/config"
	"gantry/confd/wire"
)

// fixedAnswers don't depend on a query's value.
type fixedAnswers struct {
	unavailable              answerRef // set when there is no config
	ping                     answerRef
	unknown, internal, wrong answerRef // the three error codes
	roles                    [wire.RoleRegular + 1]answerRef
	nodeIPs, candidateIPs    answerRef
	collectors, noIPs        answerRef
	masterName               answerRef
	masterRow                int
	masterMatch              Match
	masterUUID               span    // decoded
	masterFields             [3]span // JSON: node name, cluster IP, node IP
	unknownEntry             span    // an entry of a list of answers
	serial                   span    // the cluster's, a canonical number
	defaultLink              int     // row of links, -1 when no NIC is on it
	hasDefaultLink           bool
}

// NewUnavailable makes the snapshot that stands for the lack of a config. text
// says why; it is the answer to everything.
func NewUnavailable(text string) *Snapshot {
	b := newBuilder(0, nil)
	b.s.fixed.unavailable = b.render(wire.StatusError, "0", func(dst []byte) []byte {
		return config.AppendQuoted(dst, text)
	})
	b.s.fixed.internal = b.renderError(wire.ErrorInternal)
	return b.s
}

// Unavailable is the answer to everything when there is no config; ok is false
// when there is one.
func (s *Snapshot) Unavailable() (a Answer, ok bool) {
	if s.fixed.unavailable == (answerRef{}) {
		return Answer{}, false
	}
	return s.answer(s.fixed.unavailable), true
}

// Ping answers with the version of the config's layout.
func (s *Snapshot) Ping() Answer { return s.answer(s.fixed.ping) }

// UnknownEntry, InternalError and ArgumentError answer status 1 with a code.
func (s *Snapshot) UnknownEntry() Answer  { return s.answer(s.fixed.unknown) }
func (s *Snapshot) InternalError() Answer { return s.answer(s.fixed.internal) }
func (s *Snapshot) ArgumentError() Answer { return s.answer(s.fixed.wrong) }

// NodeIPs answers with all nodes' primary addresses, CandidateIPs with the
// master candidates', both in descending order of the nodes' uuids.
func (s *Snapshot) NodeIPs() Answer      { return s.answer(s.fixed.nodeIPs) }
func (s *Snapshot) CandidateIPs() Answer { return s.answer(s.fixed.candidateIPs) }

// Collectors answers with the state of the data collectors.
func (s *Snapshot) Collectors() Answer { return s.answer(s.fixed.collectors) }

// FindNode finds a node by its uuid, else its name, else a unique prefix of
// whole components of a name.
func (s *Snapshot) FindNode(q []byte) (row int, m Match) {
	if row := s.containers[nodeContainer].find(s.text, q); row >= 0 {
		return row, Found
	}
	return s.nodeNames.find(s.text, q)
}

// FindInstance finds an instance as FindNode finds a node.
func (s *Snapshot) FindInstance(q []byte) (row int, m Match) {
	if row := s.containers[instanceContainer].find(s.text, q); row >= 0 {
		return row, Found
	}
	return s.instanceNames.find(s.text, q)
}

// Master returns the master's row, or what is wrong with the uuid that the
// cluster has for it.
func (s *Snapshot) Master() (row int, uuid []byte, m Match) {
	return s.fixed.masterRow, s.fixed.masterUUID.of(s.text), s.fixed.masterMatch
}

// MasterName answers with the master's name; only if Master was found.
func (s *Snapshot) MasterName() Answer { return s.answer(s.fixed.masterName) }

// MasterField is the JSON of a field of the answer about the master: 0 its
// name, 1 the cluster's address, 2 the master node's; only if Master was found.
func (s *Snapshot) MasterField(field wire.Field) []byte {
	return s.fixed.masterFields[field].of(s.text)
}

// NodeRole answers with a node's role. asked is the query's text: only one that
// is the master's whole name is told of the master role.
func (s *Snapshot) NodeRole(row int, asked []byte) Answer {
	role := s.nodes[row].role
	if string(s.nodeNames.names[s.fixed.masterRow].of(s.text)) == string(asked) {
		role = wire.RoleMaster
	}
	return s.answer(s.fixed.roles[role])
}

// ClusterSerial, NodeSerial and InstanceSerial are canonical numbers.
func (s *Snapshot) ClusterSerial() []byte         { return s.fixed.serial.of(s.text) }
func (s *Snapshot) NodeSerial(row int) []byte     { return s.nodes[row].serial.of(s.text) }
func (s *Snapshot) InstanceSerial(row int) []byte { return s.instances[row].serial.of(s.text) }

// BadPeer returns the first DRBD peer of a node that is not a node of the
// config, and what is wrong with it. If all are, m is Found.
func (s *Snapshot) BadPeer(row int) (uuid []byte, m Match) {
	r := &s.nodes[row].minors
	return r.badPeer.of(s.text), r.match
}

// AppendNodeMinors appends the JSON list of a node's DRBD minors, each as
// [node, minor, instance, disk, role, peer]. It reports false, and dst is as it
// was, if that would take more than limit bytes.
func (s *Snapshot) AppendNodeMinors(dst []byte, row, limit int) ([]byte, bool) {
	r := &s.nodes[row].minors
	if r.size > uint64(limit) {
		return dst, false
	}
	dst = append(dst, '[')
	for i := r.from; i < r.to; i++ {
		if i > r.from {
			dst = append(dst, ',')
		}
		dst = s.appendMinor(dst, row, &s.minors[i])
	}
	return append(dst, ']'), true
}

func (s *Snapshot) appendMinor(dst []byte, node int, m *minorRow) []byte {
	dst = append(append(dst, '['), s.nodes[node].name.of(s.text)...)
	dst = append(append(dst, ','), m.minor.of(s.text)...)
	if name := s.instances[m.instance].name; name.len > 0 {
		dst = append(append(dst, ','), name.of(s.text)...)
	} else {
		dst = append(dst, `,""`...)
	}
	dst = strconv.AppendUint(append(dst, `,"disk/`...), uint64(m.disk), 10)
	if m.isPrimary {
		dst = append(dst, `","primary",`...)
	} else {
		dst = append(dst, `","secondary",`...)
	}
	return append(append(dst, s.nodes[m.peer].name.of(s.text)...), ']')
}

// minorLen is at least the length of what appendMinor appends, and at most ten
// bytes more.
func (s *Snapshot) minorLen(node int, m *minorRow) int {
	const rest = len(`[,,"","disk/4294967295","secondary",]`)
	return int(s.nodes[node].name.len+m.minor.len+s.instances[m.instance].name.len+s.nodes[m.peer].name.len) + rest
}

// AppendNodeInstances appends the JSON of the two lists of a node's instances,
// primary and secondary. It reports false, and dst is as it was, if that would
// take more than limit bytes.
func (s *Snapshot) AppendNodeInstances(dst []byte, row, limit int) ([]byte, bool) {
	r := s.nodes[row].hosted
	start := len(dst)
	dst, ok := s.appendObjects(append(dst, '['), instanceContainer, s.hosted[r.from:r.mid], limit)
	if ok {
		dst, ok = s.appendObjects(append(dst, ','), instanceContainer, s.hosted[r.mid:r.to], limit-(len(dst)-start))
	}
	if !ok || len(dst)+1-start > limit {
		return dst[:start], false
	}
	return append(dst, ']'), true
}

// AppendInstanceDisks appends the JSON list of an instance's disks. If the
// config lacks one of them, missing is its uuid and nothing is appended; ok is
// as for AppendNodeInstances.
func (s *Snapshot) AppendInstanceDisks(dst []byte, row, limit int) (out, missing []byte, ok bool) {
	disks := s.instanceDisks[s.instances[row].from:s.instances[row].to]
	for _, disk := range disks {
		if disk&absent != 0 {
			return dst, s.missingDisks[disk&^absent].of(s.text), true
		}
	}
	out, ok = s.appendObjects(dst, diskContainer, disks, limit)
	return out, nil, ok
}

// appendObjects appends a JSON list of objects, or reports false and appends
// nothing of use if it would take more than limit bytes.
func (s *Snapshot) appendObjects(dst []byte, kind container, rows []uint32, limit int) ([]byte, bool) {
	objects := s.containers[kind].objects
	size := len("[]")
	for _, row := range rows {
		size += int(objects[row].len) + len(",")
	}
	if size > limit {
		return dst, false
	}
	dst = append(dst, '[')
	for i, row := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, objects[row].of(s.text)...)
	}
	return append(dst, ']'), true
}
