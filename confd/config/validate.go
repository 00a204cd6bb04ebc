package config

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// Severity says whether a Problem breaks a rule.
type Severity uint8

const (
	// SeverityWarning is something odd that no rule of the reference forbids.
	SeverityWarning Severity = iota
	// SeverityError is a broken rule: an invariant of the file, or what the reference's own verification refuses.
	SeverityError
)

// String returns "warning" or "error".
func (s Severity) String() string {
	if s == SeverityError {
		return "error"
	}
	return "warning"
}

// A Problem is one thing that is wrong with one object.
type Problem struct {
	Severity Severity
	Object   string // what it is: "instance web.example.com (30000000-0000-4000-8000-000000000001)", "cluster", "configuration"
	Rule     string // what is wrong: "primary_node names no node: …"

	kind Kind // for the order of a report
	key  string
}

// String returns one line: "error: instance web.example.com (…): primary_node names no node: …".
func (p Problem) String() string { return p.Severity.String() + ": " + p.Object + ": " + p.Rule }

// A Report is the outcome of validating a configuration.
type Report struct {
	Version   int64 // as in the file
	SerialNo  int64
	Objects   [numKinds]int // number of objects by kind
	Problems  []Problem     // by kind of object and then by key
	ErrorSeen bool          // one of them at least is an error
}

// Validate reads a configuration of the current layout and checks it. It finds what the reference's verification finds, the
// invariants that a writer of the file keeps beyond that, and, as warnings, unknown members and other oddities.
//
// An error means that the file can't be read at all; it is one of Walk's. Some hundred bytes an object are held, not the file.
func Validate(r io.Reader) (*Report, error) {
	v := newValidator()
	if err := Walk(r, v); err != nil {
		return nil, err
	}
	return v.report(), nil
}

// A validator collects what it needs to know of every object, and then compares.
type validator struct {
	top       subject
	version   int64
	serialNo  int64
	cluster   clusterFacts
	nodes     map[string]*nodeFacts
	groups    map[string]*groupFacts
	instances map[string]*instanceFacts
	networks  map[string]*networkFacts
	disks     map[string]*diskFacts
	filters   map[string]*subject
	owners    map[claim]owner // of everything that only one object may have
}

func newValidator() *validator {
	return &validator{
		nodes: map[string]*nodeFacts{}, groups: map[string]*groupFacts{}, instances: map[string]*instanceFacts{},
		networks: map[string]*networkFacts{}, disks: map[string]*diskFacts{}, filters: map[string]*subject{},
		owners: map[claim]owner{},
	}
}

// Top takes in a member at the top.
func (v *validator) Top(name string, text []byte) error {
	switch name {
	case "version":
		v.version = mustInt(text)
	case "serial_no":
		v.serialNo = mustInt(text)
		v.top.serial(v.serialNo)
	case "ctime", "mtime":
	default:
		v.top.warn("unknown member %s", name)
	}
	return nil
}

// Object takes in an object. The last one of a key counts.
func (v *validator) Object(o *Object) error {
	key := string(o.Key)
	switch o.Kind {
	case KindCluster:
		return take(o, key, &v.cluster.subject, v.cluster.read)
	case KindNode:
		n := &nodeFacts{}
		v.nodes[key] = n
		return take(o, key, &n.subject, n.read)
	case KindGroup:
		g := &groupFacts{}
		v.groups[key] = g
		return take(o, key, &g.subject, g.read)
	case KindInstance:
		i := &instanceFacts{}
		v.instances[key] = i
		return take(o, key, &i.subject, i.read)
	case KindNetwork:
		n := &networkFacts{}
		v.networks[key] = n
		return take(o, key, &n.subject, n.read)
	case KindDisk:
		d := &diskFacts{}
		v.disks[key] = d
		return take(o, key, &d.subject, d.read)
	}
	s := &subject{}
	v.filters[key] = s
	return take(o, key, s, func(f *FilterRule) { s.identity("", f.UUID) })
}

// take decodes an object, whose text is canonical, and has its facts read.
func take[T Typed](o *Object, key string, s *subject, read func(*T)) error {
	object := new(T)
	if err := decodeStruct(o.Text, reflect.ValueOf(object).Elem(), schemas[o.Kind]); err != nil {
		return fmt.Errorf("%s: %w", objectName(o.Kind, key), err)
	}
	s.kind, s.key = o.Kind, key
	read(object)
	s.unknownMembers(o)
	return nil
}

// report compares the objects with each other and returns all problems.
func (v *validator) report() *Report {
	v.checkCluster()
	eachSorted(v.nodes, v.checkNode)
	eachSorted(v.groups, v.checkGroup)
	eachSorted(v.networks, v.checkNetwork)
	eachSorted(v.instances, v.checkInstance)
	eachSorted(v.disks, v.checkDisk)
	v.checkPorts()
	r := &Report{Version: v.version, SerialNo: v.serialNo}
	r.Objects = [numKinds]int{1, len(v.nodes), len(v.groups), len(v.instances), len(v.networks), len(v.disks), len(v.filters)}
	for _, s := range v.subjects() {
		r.Problems = append(r.Problems, s.problems...)
	}
	slices.SortStableFunc(r.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), strings.Compare(a.key, b.key))
	})
	r.ErrorSeen = slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Severity == SeverityError })
	return r
}

func (v *validator) subjects() []*subject {
	all := []*subject{&v.top, &v.cluster.subject}
	for _, f := range v.nodes {
		all = append(all, &f.subject)
	}
	for _, f := range v.groups {
		all = append(all, &f.subject)
	}
	for _, f := range v.instances {
		all = append(all, &f.subject)
	}
	for _, f := range v.networks {
		all = append(all, &f.subject)
	}
	for _, f := range v.disks {
		all = append(all, &f.subject)
	}
	for _, f := range v.filters {
		all = append(all, f)
	}
	return all
}

// eachSorted visits objects in the order of their keys, so that a report is always the same.
func eachSorted[F any](all map[string]F, check func(F)) {
	keys := make([]string, 0, len(all))
	for key := range all {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		check(all[key])
	}
}

// A claim is something that only one object may have, such as a MAC address.
type claim struct{ what, value string }

// An owner is the object that has claimed something, and what of it.
type owner struct {
	*subject
	which string
}

// unique claims something for an object; which says what of the object has it, or is empty.
func (v *validator) unique(s *subject, what, value, which string) {
	c := claim{what, value}
	other, taken := v.owners[c]
	switch {
	case !taken:
		v.owners[c] = owner{s, which}
	case other.which == "":
		s.fail("%s%s %s is also that of %s", which, what, value, other.name())
	default:
		s.fail("%s%s %s is also that of %s, %s", which, what, value, other.name(), strings.TrimRight(other.which, ": "))
	}
}

// A subject is an object that problems are found with.
type subject struct {
	kind     Kind
	key      string
	label    string // its name, if it has one
	problems []Problem
}

var kindNames = [numKinds]string{
	KindCluster: "cluster", KindNode: "node", KindGroup: "group", KindInstance: "instance", KindNetwork: "network", KindDisk: "disk",
	KindFilter: "filter",
}

// name is how a problem calls the object.
func (s *subject) name() string {
	switch {
	case s.kind == KindCluster && s.label == "":
		return "configuration"
	case s.kind == KindCluster:
		return "cluster"
	case s.label == "":
		return kindNames[s.kind] + " " + s.key
	}
	return fmt.Sprintf("%s %s (%s)", kindNames[s.kind], s.label, s.key)
}

func (s *subject) fail(format string, args ...any) { s.add(SeverityError, format, args) }
func (s *subject) warn(format string, args ...any) { s.add(SeverityWarning, format, args) }

func (s *subject) add(severity Severity, format string, args []any) {
	s.problems = append(s.problems, Problem{severity, s.name(), fmt.Sprintf(format, args...), s.kind, s.key})
}

// identity checks that the object is kept under its own uuid.
func (s *subject) identity(name, uuid string) {
	s.label = name
	if uuid != s.key {
		s.fail("it is kept under a key that isn't its uuid, %s", uuid)
	}
}

// serial checks a serial number: it starts at 1 and grows.
func (s *subject) serial(n int64) {
	if n < 1 {
		s.fail("serial_no is %d: must be at least 1", n)
	}
}
