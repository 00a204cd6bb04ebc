package balancer

import (
	"cmp"
	"slices"
	"strings"

	"gantry/confd/conscience/score"
)

// An Item is a service that can be chosen.
type Item struct {
	Key      string // by which it is known to who made the world
	Location score.Location
	Weight   int      // its score: 100 is chosen ten times as often as 10, and 0 or less never
	Slots    []string // in which it is
}

// SlotsOf returns the slots of a service of a type, by its tag.slots: the type's own, and those named there, with the type before
// names that don't begin with it.
func SlotsOf(typeName, tag string) []string {
	slots := []string{typeName}
	for name := range strings.SplitSeq(tag, ",") {
		if name == "" {
			continue
		}
		if !strings.HasPrefix(name, typeName) {
			name = typeName + "-" + name
		}
		if !slices.Contains(slots, name) {
			slots = append(slots, name)
		}
	}
	return slots
}

// A World is all services in their slots at some time. It is immutable.
type World struct {
	items       []Item // by location
	slots       map[string]*slot
	maxDistance int // that two services can have: 1 if all locations differ in their last part only
}

// NewWorld sorts services into their slots. It keeps the items, in another order, and what they point to.
func NewWorld(items []Item) *World {
	w := &World{items: items, slots: map[string]*slot{}}
	slices.SortStableFunc(w.items, func(a, b Item) int { return cmp.Compare(a.Location, b.Location) })
	for i := range w.items {
		item := &w.items[i]
		w.maxDistance = max(w.maxDistance, levelsOf(item.Location), 1)
		for _, name := range item.Slots {
			s := w.slots[name]
			if s == nil {
				s = &slot{}
				w.slots[name] = s
			}
			s.add(item)
		}
	}
	for _, s := range w.slots {
		s.finish()
	}
	return w
}

// levelsOf is how many levels a location has that aren't 0 all the way up.
func levelsOf(location score.Location) (levels int) {
	for ; location != 0; location = location.Area(1) {
		levels++
	}
	return levels
}

// Len returns the number of services in a slot that can be chosen.
func (w *World) Len(slotName string) int {
	if s := w.slots[slotName]; s != nil {
		return len(s.items)
	}
	return 0
}

// A slot is services that are alike, in the order of their locations.
type slot struct {
	items      []*Item
	locations  []score.Location // of the items: looking there touches less memory
	cumulative []uint64         // weights of all items before each, and of all in the end
	cells      []cell
	areas      [score.Levels]int // how many there are of each level
	idle       []score.Location  // of items that have no weight
}

// A cell of the alias table stands for an n-th of the weight: up to the threshold it is the item of its own number, beyond another's.
type cell struct {
	threshold uint32 // in units of an n-th of a point of weight
	alias     uint32
}

// maxWeight bounds weights: scores are no larger, and sums over a million services fit 32 bits.
const maxWeight = score.Max

func (s *slot) add(item *Item) {
	if item.Weight <= 0 {
		s.idle = append(s.idle, item.Location)
		return
	}
	for level := range s.areas {
		if n := len(s.items); n == 0 || s.locations[n-1].Area(level) != item.Location.Area(level) {
			s.areas[level]++
		}
	}
	s.items = append(s.items, item)
	s.locations = append(s.locations, item.Location)
}

func (s *slot) total() uint64 { return s.cumulative[len(s.items)] }

// finish makes the tables by which items are drawn.
func (s *slot) finish() {
	s.cumulative = make([]uint64, len(s.items)+1)
	for i, item := range s.items {
		s.cumulative[i+1] = s.cumulative[i] + uint64(min(item.Weight, maxWeight))
	}
	s.alias()
}

// alias fills each cell that an item of less than the mean weight leaves open with a part of an item that has more (Vose's method,
// in integers: nothing is rounded).
func (s *slot) alias() {
	n, total := uint64(len(s.items)), s.total()
	s.cells = make([]cell, n)
	left := make([]uint64, n) // of each item's weight times n
	var small, large []uint32
	for i := range s.cells {
		left[i] = (s.cumulative[i+1] - s.cumulative[i]) * n
		if left[i] < total {
			small = append(small, uint32(i))
		} else {
			large = append(large, uint32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		poor, rich := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		s.cells[poor] = cell{threshold: uint32(left[poor]), alias: rich}
		left[rich] -= total - left[poor]
		if left[rich] < total {
			large = large[:len(large)-1]
			small = append(small, rich)
		}
	}
	for _, full := range [][]uint32{small, large} {
		for _, i := range full {
			s.cells[i] = cell{threshold: uint32(total), alias: i}
		}
	}
}

// area is the run of items that stand in an area: from is the first one's number, to the number behind the last.
func (s *slot) area(location score.Location, level int) (from, to int) {
	area := location.Area(level)
	from, _ = slices.BinarySearchFunc(s.locations, area, func(l, area score.Location) int {
		return cmp.Compare(l.Area(level), area)
	})
	length, _ := slices.BinarySearchFunc(s.locations[from:], area, func(l, area score.Location) int {
		if l.Area(level) <= area {
			return -1
		}
		return 1
	})
	return from, from + length
}

// has says whether an item stands at a location; idle ones count if they are asked for.
func (s *slot) has(location score.Location, idle bool) bool {
	if from, to := s.area(location, 0); from < to {
		return true
	}
	if !idle {
		return false
	}
	_, found := slices.BinarySearch(s.idle, location)
	return found
}
