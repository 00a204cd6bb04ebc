package registry

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gantry/confd/conscience/score"
)

// A Type is how services of a type are scored.
type Type struct {
	Name                string
	Put, Get            *score.Expression
	Timeout             time.Duration // whole seconds without a registration after which scores are 0
	VariationBound      int           // how much a score rises at most a registration; below 1: no bound
	LockAtFirstRegister bool
	AlertInterval       time.Duration // between two warnings about a service whose score fell to 0
}

// A Named is a line of a configuration file whose value is kept as text.
type Named struct{ Name, Text string }

// A Config is what a namespace's configuration files say.
type Config struct {
	Namespace       string  // empty if no file says it
	Types           []Type  // by name
	Pools           []Named // in the order of the files; the text is targets, then options, as in "1,rawx;min_dist=2"
	StoragePolicies []Named // POOL:SECURITY
	DataSecurities  []Named // as "plain/min_dist=1,nb_copy=3"
	FlushStats      bool    // a registration's tags replace all that were there

	// Warnings are about what was read otherwise than it is written, or not at all: a line each, with its file.
	Warnings []string
}

// What types have that say nothing else, as in the reference.
const (
	defaultTimeout       = 300 * time.Second
	defaultBound         = 5
	defaultAlertInterval = 300 * time.Second
	defaultExpression    = "100"
	maxTypeName          = 31
	maxSeconds           = 10 * 365 * 24 * 3600
)

// ErrConfig is wrapped by errors about the content of a configuration file.
var ErrConfig = errors.New("invalid configuration")

// builtinTypes exist whether or not a file tells of them.
var builtinTypes = map[string]string{
	"meta0": defaultExpression,
	"meta1": "root(2,((num stat.cpu)*(num stat.io)))",
	"meta2": "root(2,((num stat.cpu)*(num stat.io)))",
	"rawx":  "root(3,((num stat.cpu)*(num stat.io)*(num stat.space)))",
}

// Type returns a type by its name.
func (c *Config) Type(name string) (*Type, bool) {
	i, found := slices.BinarySearchFunc(c.Types, name, func(t Type, name string) int { return strings.Compare(t.Name, name) })
	if !found {
		return nil, false
	}
	return &c.Types[i], true
}

// DefaultConfig has the types that always exist.
func DefaultConfig() *Config {
	c := &Config{}
	for name := range builtinTypes {
		c.ensure(name)
	}
	return c
}

// ensure returns the type of a name, with what it has by default if it is new. The pointer is valid until the next one is made.
func (c *Config) ensure(name string) *Type {
	i, found := slices.BinarySearchFunc(c.Types, name, func(t Type, name string) int { return strings.Compare(t.Name, name) })
	if !found {
		text, builtin := builtinTypes[name]
		if !builtin {
			text = defaultExpression
		}
		expression, err := score.Parse(text, score.Strict)
		if err != nil {
			panic(fmt.Sprintf("expression of type %s: %v", name, err)) // a constant of this file
		}
		c.Types = slices.Insert(c.Types, i, Type{
			Name: name, Put: expression, Get: expression, Timeout: defaultTimeout, VariationBound: defaultBound,
			LockAtFirstRegister: true, AlertInterval: defaultAlertInterval,
		})
	}
	return &c.Types[i]
}

// add takes over the sections of one file.
func (c *Config) add(path string, sections []section, mode score.Mode) error {
	for _, s := range sections {
		name, kind := s.name, s.name
		if prefix, rest, ok := strings.Cut(s.name, ":"); ok {
			kind, name = prefix, rest
		}
		switch kind {
		case "type":
			if name == "" || len(name) > maxTypeName {
				return fmt.Errorf("%s:%d: %w: the name of a type has 1 to %d bytes", path, s.line, ErrConfig, maxTypeName)
			}
			if err := c.addType(path, name, s, mode); err != nil {
				return err
			}
		case "pool":
			c.addPool(name, s)
		case "STORAGE_POLICY":
			c.StoragePolicies = addNamed(c.StoragePolicies, s)
		case "DATA_SECURITY":
			c.DataSecurities = addNamed(c.DataSecurities, s)
		case "Server.conscience", "Plugin.conscience":
		default:
			c.warn(path, s.line, "unknown section [%s] is ignored", s.name)
		}
	}
	return nil
}

func (c *Config) warn(path string, line int, format string, arguments ...any) {
	c.Warnings = append(c.Warnings, fmt.Sprintf("%s:%d: %s", path, line, fmt.Sprintf(format, arguments...)))
}

func addNamed(to []Named, s section) []Named {
	for _, e := range s.entries {
		i := slices.IndexFunc(to, func(n Named) bool { return n.Name == e.key })
		if i < 0 {
			to = append(to, Named{Name: e.key, Text: e.value})
			continue
		}
		to[i].Text = e.value
	}
	return to
}

// addPool joins a section's lines into the one text that pools are described by.
func (c *Config) addPool(name string, s section) {
	var parts []string
	for _, e := range s.entries {
		switch {
		case e.key != "targets":
			parts = append(parts, e.key+"="+e.value)
		case e.value != "" && '0' <= e.value[0] && e.value[0] <= '9': // others are not taken for targets
			parts = slices.Insert(parts, 0, e.value)
		}
	}
	text := strings.Join(parts, ";")
	if i := slices.IndexFunc(c.Pools, func(n Named) bool { return n.Name == name }); i >= 0 {
		c.Pools[i].Text += ";" + text
		return
	}
	c.Pools = append(c.Pools, Named{Name: name, Text: text})
}

func (c *Config) addType(path, name string, s section, mode score.Mode) error {
	t := c.ensure(name)
	for _, e := range s.entries {
		switch key := strings.ToLower(e.key); key {
		case "score_expr", "put_score_expr", "get_score_expr":
			if err := c.setExpression(t, path, key, e, mode); err != nil {
				return err
			}
		case "score_timeout":
			t.Timeout = time.Duration(c.number(path, e, 0)) * time.Second
		case "score_variation_bound":
			t.VariationBound = c.number(path, e, -1)
		case "alert_frequency_limit":
			t.AlertInterval = time.Duration(c.number(path, e, 0)) * time.Second
		case "lock_at_first_register":
			value, ok := score.ParseBool(e.value)
			t.LockAtFirstRegister = value || !ok
		default:
			c.warn(path, e.line, "unknown key %s of type %s is ignored", e.key, name)
		}
	}
	return nil
}

// number reads the integer that a value starts with, 0 if there is none, as the reference does, and brings it between least and ten years.
func (c *Config) number(path string, e entry, least int) int {
	n := 0
	for n < len(e.value) && (e.value[n] >= '0' && e.value[n] <= '9' || n == 0 && (e.value[n] == '-' || e.value[n] == '+')) {
		n++
	}
	value, err := strconv.Atoi(e.value[:n])
	if err != nil && !errors.Is(err, strconv.ErrRange) || n < len(e.value) {
		c.warn(path, e.line, "%s = %s is read as %d", e.key, e.value, min(max(value, least), maxSeconds))
	}
	return min(max(value, least), maxSeconds)
}

// setExpression sets one or both of a type's expressions. One that is not an expression leaves the old one in place, with a warning; so the
// reference does. In strict mode that is an error, as every trap is.
func (c *Config) setExpression(t *Type, path, key string, e entry, mode score.Mode) error {
	expression, err := score.Parse(e.value, mode)
	if err != nil {
		if mode == score.Strict {
			return fmt.Errorf("%s:%d: %w: %s of type %s: %w", path, e.line, ErrConfig, key, t.Name, err)
		}
		c.warn(path, e.line, "%s of type %s is ignored: %v", key, t.Name, err)
		return nil
	}
	for _, trap := range expression.Traps() {
		c.warn(path, e.line, "%s of type %s, %v", key, t.Name, trap)
	}
	if key != "get_score_expr" {
		t.Put = expression
	}
	if key != "put_score_expr" {
		t.Get = expression
	}
	return nil
}
