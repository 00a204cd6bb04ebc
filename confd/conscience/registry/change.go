package registry

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"

	"gantry/confd/conscience/score"
)

// Limits on what a service may say of itself.
const (
	// MaxTags is how many tags a record has at most. Real services have about twenty.
	MaxTags = 128
	// MaxTagName is the length of a tag's name in bytes: the reference cuts off what is longer.
	MaxTagName = 31
	// MaxTagText is the length of a text in bytes: a path or a list of slots.
	MaxTagText = 4096
	// MaxTagBytes bounds what a record's tags have together: names, texts, and eight bytes for each that is no text.
	MaxTagBytes = 16 << 10
	// MaxNumber bounds real numbers: beyond it a double has no room for the six decimals that are written of it.
	MaxNumber = 1e9 * 1e6
	// MaxBatch is how many changes come at once at most: what a tool that locks a whole namespace sends.
	MaxBatch = 10_000
	// MaxRecords is how many services a type has at most. A record takes about a kilobyte.
	MaxRecords = 1 << 20
)

// What errors about changes wrap.
var (
	ErrUnknownType    = errors.New("service type is not managed")
	ErrInvalidAddress = errors.New("invalid service address")
	ErrInvalidTag     = errors.New("invalid tag")
	ErrTooMany        = errors.New("too many")
)

// An Action is what a change does to one of a service's scores: lock it at the value (0 to 100, others are brought between them), or
// one of the next two.
type Action int

const (
	Compute Action = -2 // by the type's expression, unless it is locked
	Unlock  Action = -1 // which leaves the score's value until the next registration
)

// A Change is a registration (both actions are Compute), a lock or an unlock. An unlock of both scores does nothing to a service that
// isn't known; all else makes it known.
type Change struct {
	Type     string
	Address  netip.AddrPort
	Tags     []Tag
	Put, Get Action
}

func (c *Change) registers() bool { return c.Put == Compute && c.Get == Compute }
func (c *Change) unlocks() bool   { return c.Put == Unlock && c.Get == Unlock }

// A Key names a service by its type and address.
type Key struct {
	Type    string
	Address netip.AddrPort
}

// check says what is wrong with a change, whatever is registered already.
func (c *Change) check() error {
	if err := CheckAddress(c.Address); err != nil {
		return err
	}
	if len(c.Tags) > MaxTags {
		return fmt.Errorf("service %s: %w tags: %d, at most %d", c.Address, ErrTooMany, len(c.Tags), MaxTags)
	}
	for _, tag := range c.Tags {
		if err := tag.check(); err != nil {
			return fmt.Errorf("service %s: %w", c.Address, err)
		}
	}
	return checkSize(c.Address, c.Tags)
}

// checkSize checks the limits on all tags of a record.
func checkSize(address netip.AddrPort, tags []Tag) error {
	if len(tags) > MaxTags {
		return fmt.Errorf("service %s: %w tags: %d, at most %d", address, ErrTooMany, len(tags), MaxTags)
	}
	size := 0
	for i := range tags {
		size += len(tags[i].Name) + max(8, len(tags[i].Value.Text()))
	}
	if size > MaxTagBytes {
		return fmt.Errorf("service %s: %w bytes of tags: %d, at most %d", address, ErrTooMany, size, MaxTagBytes)
	}
	return nil
}

// CheckAddress returns an error for addresses at which there can be no service.
func CheckAddress(address netip.AddrPort) error {
	if !address.IsValid() || address.Port() == 0 || address.Addr().IsUnspecified() {
		return fmt.Errorf("%w: %s", ErrInvalidAddress, address)
	}
	return nil
}

func (t *Tag) check() error {
	if !strings.HasPrefix(t.Name, "tag.") && !strings.HasPrefix(t.Name, "stat.") {
		return fmt.Errorf("%w: a name begins with tag. or stat., not with %.40q", ErrInvalidTag, t.Name)
	}
	if len(t.Name) > MaxTagName {
		return fmt.Errorf("%w: the name %.40q has more than %d bytes", ErrInvalidTag, t.Name, MaxTagName)
	}
	switch t.Value.Kind() {
	case score.KindReal:
		if v := t.Value.Real(); math.IsNaN(v) || math.Abs(v) > MaxNumber {
			return fmt.Errorf("%w: %s is %v, beyond ±%g", ErrInvalidTag, t.Name, v, float64(MaxNumber))
		}
	case score.KindText:
		if n := len(t.Value.Text()); n > MaxTagText {
			return fmt.Errorf("%w: %s has %d bytes, at most %d", ErrInvalidTag, t.Name, n, MaxTagText)
		}
	}
	return nil
}

// act carries out a change's actions on a record whose tags are merged already.
func (t *Type) act(record *Record, c *Change, first bool, now int64) {
	if c.Put != Compute || c.Get != Compute || first {
		record.LockedAt = now
	}
	// Both expressions see the locks as they were.
	was := *record
	t.settle(&record.Put, t.Put, c.Put, first, &was)
	t.settle(&record.Get, t.Get, c.Get, first, &was)
	if down(c.Tags) {
		for _, s := range []*Score{&record.Put, &record.Get} {
			if !s.Locked {
				s.Value = score.Min
			}
		}
	}
}

// settle carries out one action.
func (t *Type) settle(s *Score, expression *score.Expression, action Action, first bool, tags score.Tags) {
	switch {
	case action >= 0:
		*s = Score{Value: min(int(action), score.Max), Locked: true}
	case first:
		*s = Score{Value: score.Min, Locked: true}
	case action == Unlock:
		s.Locked = false
	case !s.Locked:
		// Without a value the score stays as it was.
		if value, err := expression.Evaluate(tags); err == nil {
			s.Value = score.FromValue(value, s.Value, t.VariationBound)
		}
	}
}

// down says whether the tags that came say that the service is down.
func down(tags []Tag) bool {
	for i := range tags {
		if tags[i].Name == TagUp {
			up, ok := tags[i].Value.Truth()
			return ok && !up
		}
	}
	return false
}
