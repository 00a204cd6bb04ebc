package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"gantry/confd/wire"
)

// The methods below read a reply by the type of its request. A reply that isn't an answer gives its *StatusError, an answer of another shape
// an error that wraps ErrUnexpectedAnswer.

// Version reads the answer to a Ping: the version of the config's layout, e.g. 3000000. (Servers up to 2.5 answered "ok", which is none.)
func (r Reply) Version() (int64, error) {
	return decode[int64](r, "config version")
}

// Role reads the answer to a NodeRole.
func (r Reply) Role() (wire.Role, error) {
	role, err := decode[wire.Role](r, "node role")
	if err == nil && role > wire.RoleRegular {
		return 0, unexpected(r, "node role")
	}
	return role, err
}

// NodeIP reads the answer to a NodeIP: the primary address of the node that the instance with the asked address runs on.
func (r Reply) NodeIP() (string, error) {
	return decode[string](r, "address")
}

// NodeIPResult is the outcome of one of the addresses of a NodeIPs.
type NodeIPResult struct {
	IP  string // the node's primary address, "" if Err is set
	Err error  // nil or a *StatusError, mostly one that is ErrUnknownEntry
}

// NodeIPs reads the answer to a NodeIPs: a result for each asked address, in their order. It reads the triples that servers send since 2.12
// and the pairs of older ones.
func (r Reply) NodeIPs() ([]NodeIPResult, error) {
	entries, err := decode[[][]json.RawMessage](r, "list of addresses")
	if err != nil {
		return nil, err
	}
	results := make([]NodeIPResult, len(entries))
	for i, entry := range entries {
		one, ok := nodeIPEntry(entry)
		if !ok {
			return nil, unexpected(r, "list of addresses")
		}
		results[i].IP, results[i].Err = one.NodeIP()
	}
	return results, nil
}

// nodeIPEntry reads [status, answer] or [status, answer, serial].
func nodeIPEntry(entry []json.RawMessage) (one Reply, ok bool) {
	if len(entry) != 2 && len(entry) != 3 {
		return one, false
	}
	if json.Unmarshal(entry[0], &one.Status) != nil || one.Status >= wire.NumStatuses {
		return one, false
	}
	if len(entry) == 3 && json.Unmarshal(entry[2], &one.Serial) != nil {
		return one, false
	}
	one.Answer = entry[1]
	return one, true
}

// Master reads the answer to a Master without fields: the master node's name.
func (r Reply) Master() (string, error) {
	return decode[string](r, "node name")
}

// MasterFields reads the answer to a Master with fields: a text for each, in their order.
func (r Reply) MasterFields() ([]string, error) {
	return decode[[]string](r, "list of fields")
}

// Addresses reads the answer to a NodeIPList, a CandidateIPList or an InstanceIPList, in the server's order. They are texts because a
// config may hold any text as an instance's address.
func (r Reply) Addresses() ([]string, error) {
	return decode[[]string](r, "list of addresses")
}

// DRBDMinor is one replicated disk that a node takes part in.
type DRBDMinor struct {
	Node     string
	Minor    int
	Instance string // "" if it has no name yet
	Disk     string // "disk/0" is the instance's first
	Role     string // "primary" or "secondary": the node's, for the instance
	Peer     string // the other node
}

// DRBDMinors reads the answer to a NodeDRBD.
func (r Reply) DRBDMinors() ([]DRBDMinor, error) {
	rows, err := decode[[][]json.RawMessage](r, "list of minors")
	if err != nil {
		return nil, err
	}
	minors := make([]DRBDMinor, len(rows))
	for i, row := range rows {
		m := &minors[i]
		if !decodeRow(row, &m.Node, &m.Minor, &m.Instance, &m.Disk, &m.Role, &m.Peer) {
			return nil, unexpected(r, "list of minors")
		}
	}
	return minors, nil
}

func decodeRow(row []json.RawMessage, columns ...any) bool {
	if len(row) != len(columns) {
		return false
	}
	for i, column := range columns {
		if string(row[i]) == "null" || json.Unmarshal(row[i], column) != nil {
			return false
		}
	}
	return true
}

// Instances reads the answer to a NodeInstances: the instances that run on the node and those it is the secondary node of, each a whole
// object of the config. They hold secrets (private OS parameters).
func (r Reply) Instances() (primary, secondary []json.RawMessage, err error) {
	lists, err := decode[[][]json.RawMessage](r, "two lists of instances")
	if err == nil && len(lists) != 2 {
		err = unexpected(r, "two lists of instances")
	}
	if err != nil {
		return nil, nil, err
	}
	return lists[0], lists[1], nil
}

// Disks reads the answer to an InstanceDisks, each a whole object of the config. They hold secrets (DRBD's).
func (r Reply) Disks() ([]json.RawMessage, error) {
	return decode[[]json.RawMessage](r, "list of disks")
}

// Value reads the answer to a ConfigValue: any JSON.
func (r Reply) Value() (json.RawMessage, error) {
	return r.Answer, r.Err()
}

// Collector is how a data collector is set up.
type Collector struct {
	Active   bool
	Interval time.Duration
}

// Collectors reads the answer to a DataCollectors, by collector name.
func (r Reply) Collectors() (map[string]Collector, error) {
	type collector struct {
		Active   *bool    `json:"active"`
		Interval *float64 `json:"interval"` // microseconds
	}
	byName, err := decode[map[string]collector](r, "collectors")
	if err != nil {
		return nil, err
	}
	collectors := make(map[string]Collector, len(byName))
	for name, c := range byName {
		if c.Active == nil || c.Interval == nil {
			return nil, unexpected(r, "collectors")
		}
		collectors[name] = Collector{*c.Active, time.Duration(*c.Interval * float64(time.Microsecond))}
	}
	return collectors, nil
}

// decode reads an answer as a T. Null is none of the types' answers.
func decode[T any](r Reply, what string) (value T, err error) {
	if err := r.Err(); err != nil {
		return value, err
	}
	if string(bytes.TrimSpace(r.Answer)) == "null" || json.Unmarshal(r.Answer, &value) != nil {
		return *new(T), unexpected(r, what)
	}
	return value, nil
}

// shownAnswer is how much of an unexpected answer an error shows, in bytes.
const shownAnswer = 60

func unexpected(r Reply, what string) error {
	shown := string(r.Answer)
	if len(shown) > shownAnswer {
		shown = shown[:shownAnswer] + "…"
	}
	return fmt.Errorf("%w: %q is no %s", ErrUnexpectedAnswer, shown, what)
}
