package config

// A shape is the type of a JSON value in config.data: what is accepted, and how it is written.
type shape struct {
	kind   shapeKind
	fields *schema                // of an object
	elem   *shape                 // of the elements of a list, the members of a container
	tuple  []*shape               // of the elements of a tuple, in order
	words  []string               // of an enumeration; of a container: the allowed keys, in the order in which they are written
	legacy []string               // words that only older layouts have
	rule   string                 // what an error says
	read   func(*transcoder) bool // of a special shape
}

type shapeKind uint8

const (
	shapeText      shapeKind = iota
	shapeInt                 // any number, rounded half to even, modulo 2^64 as a signed 64-bit integer
	shapeInteger             // the same without a bound
	shapeFloat               // an IEEE 754 double
	shapeTime                // seconds, kept as whole picoseconds in between
	shapeBool                //
	shapeWord                // a string out of a list
	shapeObject              // members by a schema
	shapeList                // elements of one shape
	shapeTuple               // a list with a shape for each element
	shapeSet                 // a list of strings, written sorted and each once
	shapeContainer           // members of one shape, written sorted by key
	shapeFree                // anything, written as it is read
	shapeSpecial             // read by a function
)

var (
	text     = &shape{kind: shapeText}
	integer  = &shape{kind: shapeInt}
	unbound  = &shape{kind: shapeInteger}
	double   = &shape{kind: shapeFloat}
	seconds  = &shape{kind: shapeTime}
	boolean  = &shape{kind: shapeBool}
	free     = &shape{kind: shapeFree}
	texts    = listOf(text)
	textSet  = &shape{kind: shapeSet}
	freeDict = containerOf(free)
	textDict = containerOf(text)
)

func objectOf(s *schema) *shape      { return &shape{kind: shapeObject, fields: s} }
func listOf(elem *shape) *shape      { return &shape{kind: shapeList, elem: elem} }
func containerOf(elem *shape) *shape { return &shape{kind: shapeContainer, elem: elem} }

// tupleOf is a list of exactly these shapes; rule is what an error says.
func tupleOf(rule string, shapes ...*shape) *shape {
	return &shape{kind: shapeTuple, tuple: shapes, rule: rule}
}

// wordOf is one of the words; what names it in errors.
func wordOf(what string, words ...string) *shape {
	return &shape{kind: shapeWord, words: words, rule: "no " + what}
}

func special(read func(*transcoder) bool) *shape {
	return &shape{kind: shapeSpecial, read: read}
}

var (
	hypervisors = wordOf("hypervisor", "kvm", "xen-pvm", "chroot", "xen-hvm", "lxc", "fake")
	templates   = legacyWords(
		wordOf("disk template", "diskless", "file", "sharedfile", "plain", "blockdev", "drbd", "rbd", "ext", "gluster"),
		"lvm", "drbd8")
	allocPolicies = wordOf("allocation policy", "preferred", "last_resort", "unallocable")
	adminStates   = wordOf("admin state", "up", "down", "offline")
	adminSources  = wordOf("source of an admin state", "admin", "user")
	diskModes     = wordOf("disk mode", "rw", "ro")
	nicModes      = wordOf("network mode", "bridged", "routed", "openvswitch", "pool", "ext") // ext: since 3.1
	sshKeyTypes   = wordOf("type of SSH key", "rsa", "dsa", "ecdsa")
)

func legacyWords(s *shape, words ...string) *shape {
	s.legacy = words
	return s
}
