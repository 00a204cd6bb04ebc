package config

// A schema lists the members of one kind of JSON object in the order in which they are written.
type schema struct {
	fields []fieldRule
	index  map[string]int // field by name

	// legacy names members that only layouts before 2.14 have. Meeting one proves such a layout.
	legacy []string
	// forthcoming: the first field, "forthcoming", makes the mandatory ones optional when true.
	forthcoming bool
	// check looks at the object as a whole, after its members were written and before missing ones are filled in.
	check func(*transcoder, frame) bool
}

// A fieldRule says what a field looks like and what it means when it is missing (or null, which is the same).
type fieldRule struct {
	name   string
	prefix string // ,"name":
	shape  *shape
	need   need
	def    string // canonical text of the default
}

type need uint8

const (
	// optional: left out.
	optional need = iota
	// defaulted: the default is written.
	defaulted
	// hidden: left out, also when it equals the default.
	hidden
	// mandatory: the default is written if there is one, else it is an error; left out of a forthcoming object.
	mandatory
	// always: as mandatory, in a forthcoming object too.
	always
	// identity: the object's key in its container is written; left out where there is none.
	identity
)

func newSchema(fields ...[]fieldRule) *schema {
	s := &schema{index: map[string]int{}}
	for _, group := range fields {
		for _, f := range group {
			f.prefix = `,"` + f.name + `":`
			s.index[f.name] = len(s.fields)
			s.fields = append(s.fields, f)
		}
	}
	return s
}

func (s *schema) withLegacy(names ...string) *schema {
	s.legacy = names
	return s
}

func (s *schema) withForthcoming() *schema {
	s.forthcoming = true
	return s
}

func (s *schema) withCheck(check func(*transcoder, frame) bool) *schema {
	s.check = check
	return s
}

func one(f fieldRule) []fieldRule { return []fieldRule{f} }

// must is mandatory without a default, should mandatory with one.
func must(name string, s *shape) []fieldRule {
	return one(fieldRule{name: name, shape: s, need: mandatory})
}

func should(name string, s *shape, def string) []fieldRule {
	return one(fieldRule{name: name, shape: s, need: mandatory, def: def})
}

func may(name string, s *shape) []fieldRule {
	return one(fieldRule{name: name, shape: s, need: optional})
}

func orElse(name string, s *shape, def string) []fieldRule {
	return one(fieldRule{name: name, shape: s, need: defaulted, def: def})
}

func unless(name string, s *shape, def string) []fieldRule {
	return one(fieldRule{name: name, shape: s, need: hidden, def: def})
}

// The groups of fields that most objects end with.
var (
	times    = append(orElse("ctime", seconds, "0"), orElse("mtime", seconds, "0")...)
	identify = one(fieldRule{name: "uuid", shape: text, need: identity})
	tags     = orElse("tags", textSet, "[]")
)

// serial is mandatory in forthcoming objects too; def may be empty.
func serial(def string) []fieldRule {
	return one(fieldRule{name: "serial_no", shape: integer, need: always, def: def})
}
