package balancer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gantry/confd/conscience/score"
)

// AnySlot is the name of a slot in which every known location is, and no service.
const AnySlot = "__any_slot"

// MaxTargets is how many services a pool may ask for. Real pools ask for at most thirty; the time of a poll grows with the square.
const MaxTargets = 1000

// ErrTooManyTargets means that a pool asks for more than MaxTargets services.
var ErrTooManyTargets = fmt.Errorf("more than %d targets", MaxTargets)

// ErrNoTargets means that a pool asks for nothing.
var ErrNoTargets = errors.New("no targets")

// Limits are how many services may stand in the same area, by its level: the place itself, host, rack, datacenter. 0 is a number
// in proportion to the services that the area has.
type Limits [score.Levels]uint8

// String returns the limits as pools are written: the datacenter's first.
func (l Limits) String() string {
	return fmt.Sprintf("%d.%d.%d.%d", l[3], l[2], l[1], l[0])
}

// parseLimits reads numbers with points between them, the datacenter's first. Missing ones are 0, and so are those that are none.
func parseLimits(text string) (l Limits) {
	for i, part := range strings.Split(text, ".") {
		if i >= score.Levels {
			break
		}
		n := 0
		for n < len(part) && '0' <= part[n] && part[n] <= '9' {
			n++
		}
		value, err := strconv.ParseUint(part[:n], 10, 8)
		if errors.Is(err, strconv.ErrRange) {
			value = 255
		}
		l[score.Levels-1-i] = uint8(value)
	}
	return l
}

// A target is one service that is wanted: the slot that it is to come from, and those that do as well.
type target struct {
	slots   []string
	similar int // targets of the pool with the same first slot
}

// A Pool is what is wanted together. It is immutable.
type Pool struct {
	Name        string
	MaxDistance int // that is tried first, 1 to 4
	MinDistance int // that is good enough, 1 to 4
	// WarnDistance is a distance at or below which a choice is flawed, 0 to 5.
	WarnDistance int
	// Strict limits are never exceeded, Fair ones make a choice flawed.
	Strict, Fair Limits

	targets []target
}

// Targets returns how many services the pool asks for.
func (p *Pool) Targets() int { return len(p.targets) }

// NewPool reads a pool as configuration files and clients describe it: items with semicolons between them, each a number of
// services and the slots they may come from, as in 2,rawx-even,rawx, or an option, as in min_dist=2. Options that can't be used are left
// out; warnings say which. Errors wrap [ErrTooManyTargets] or [ErrNoTargets].
func NewPool(name, text string) (p *Pool, warnings []string, err error) {
	p = &Pool{Name: name, MaxDistance: score.Levels, MinDistance: 1}
	for _, item := range strings.Split(text, ";") {
		if item == "" {
			continue
		}
		if key, value, ok := strings.Cut(item, "="); ok {
			if warning := p.option(key, value); warning != "" {
				warnings = append(warnings, fmt.Sprintf("pool %s: %s", name, warning))
			}
			continue
		}
		if err := p.add(item); err != nil {
			return nil, warnings, fmt.Errorf("pool %.40q: %w", name, err)
		}
	}
	if len(p.targets) == 0 {
		return nil, warnings, fmt.Errorf("pool %.40q: %w", name, ErrNoTargets)
	}
	p.countSimilar()
	return p, warnings, nil
}

// add reads targets: a number, a comma and slots, or only slots for one target.
func (p *Pool) add(item string) error {
	count := int64(1)
	if first, rest, ok := strings.Cut(item, ","); ok {
		if n, err := strconv.ParseInt(first, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
			count, item = n, rest
		}
	}
	if count > int64(MaxTargets-len(p.targets)) {
		return ErrTooManyTargets
	}
	t := target{slots: strings.Split(item, ",")}
	for range count {
		p.targets = append(p.targets, t)
	}
	return nil
}

func (p *Pool) countSimilar() {
	counts := map[string]int{}
	for _, t := range p.targets {
		counts[t.slots[0]]++
	}
	for i := range p.targets {
		p.targets[i].similar = counts[p.targets[i].slots[0]]
	}
}

// option sets an option, or says why it can't.
func (p *Pool) option(key, value string) (warning string) {
	switch key {
	case "min_dist":
		return setDistance(&p.MinDistance, key, value, 1, score.Levels)
	case "max_dist":
		return setDistance(&p.MaxDistance, key, value, 1, score.Levels)
	case "warn_dist":
		return setDistance(&p.WarnDistance, key, value, 0, score.Levels+1)
	case "strict_location_constraint":
		p.Strict = parseLimits(value)
	case "fair_location_constraint":
		p.Fair = parseLimits(value)
	default:
		return fmt.Sprintf("unknown option %.40q is ignored", key)
	}
	return ""
}

func setDistance(to *int, key, value string, least, most int) (warning string) {
	n, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || n < least || n > most {
		return fmt.Sprintf("%s=%.40q is ignored: it is a number from %d to %d", key, value, least, most)
	}
	*to = n
	return ""
}
