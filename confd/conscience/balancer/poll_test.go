package balancer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gantry/confd/conscience/score"
)

func pool(t testing.TB, text string) *Pool {
	t.Helper()
	p, warnings, err := NewPool("p", text)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	return p
}

// scenarioWorld is the annex's: two hosts, of which the first has a, b and e.
func scenarioWorld(more ...Item) *World {
	return NewWorld(append([]Item{
		{Key: "a", Location: 0x10001, Weight: 50, Slots: []string{"m", "f"}}, {Key: "b", Location: 0x10002, Weight: 50, Slots: []string{"m", "f"}},
		{Key: "e", Location: 0x10003, Weight: 50, Slots: []string{"g", "f"}}, {Key: "c", Location: 0x20001, Weight: 50, Slots: []string{"f"}},
	}, more...))
}

func keys(items []*Item) string {
	var names []string
	for _, item := range items {
		names = append(names, item.Key)
	}
	return strings.Join(names, "")
}

// outcomes polls a thousand times and tells what came out: choices in the order of their letters, with ! if they are flawed.
func outcomes(t *testing.T, w *World, p *Pool, c Constraints) string {
	t.Helper()
	source := rand.New(rand.NewPCG(1, 2))
	seen := map[string]bool{}
	for range 1000 {
		items, flawed, err := w.Poll(source, p, c, nil)
		text := keys(items)
		letters := strings.Split(text, "")
		if !strings.Contains(p.Name, "ordered") {
			sort.Strings(letters)
		}
		text = strings.Join(letters, "")
		if flawed {
			text += "!"
		}
		if err != nil {
			if len(items) > 0 {
				t.Fatalf("an error and %s", text)
			}
			text = "none"
			if known := new(TooManyKnownError); errors.As(err, &known) {
				text = "known"
			}
		}
		seen[text] = true
	}
	var all []string
	for text := range seen {
		all = append(all, text)
	}
	sort.Strings(all)
	return strings.Join(all, " ")
}

func TestScenarios(t *testing.T) {
	w := scenarioWorld()
	for _, test := range []struct {
		pool string
		c    Constraints
		want string
	}{
		{"1,g;1,m,f", Constraints{}, "ce!"},
		{"2,m,f", Constraints{}, "ab"},
		{"5,f", Constraints{}, "none"}, {"4,f", Constraints{Avoid: []score.Location{0x10003}}, "none"},
		{"2,m;min_dist=2", Constraints{}, "none"},
		{"2,f;min_dist=2", Constraints{}, "ac bc ce"},
		{"2,m;warn_dist=1", Constraints{}, "ab!"},
		{"2,f;strict_location_constraint=9.9.1.1", Constraints{}, "ac bc ce"},
		{"3,f;strict_location_constraint=9.9.1.1", Constraints{}, "none"},
		{"3,f;strict_location_constraint=9.9.2.1;fair_location_constraint=9.9.1.1", Constraints{}, "abc! ace! bce!"},
		{"3,f;strict_location_constraint=9.9.2.1;fair_location_constraint=9.9.1.1", Constraints{ForceFair: true}, "none"},
		{"3,f;strict_location_constraint=9.9.2.1;fair_location_constraint=9.9.1.1", Constraints{FairFirst: true}, "abc! ace! bce!"},
		{"2,f;min_dist=1;max_dist=1;strict_location_constraint=9.9.2.1;fair_location_constraint=9.9.1.1", Constraints{FairFirst: true}, "ac bc ce"},
		{"1,f", Constraints{Avoid: []score.Location{0x10001}}, "b c e"},
		{"3,f", Constraints{Known: []score.Location{0x10001}}, "bc be ce"},
		{"3,f", Constraints{Known: []score.Location{0x9999000000000001}}, "abc abe ace bce"},
		{"3,f", Constraints{Known: []score.Location{1, 2, 3}}, "known"},
		{"1,__any_slot;1,f", Constraints{Known: []score.Location{0x10001}}, "c"},
		{"1,__any_slot;1,f", Constraints{}, "none"},
		{"1,g;1,f;1,m", Constraints{Known: []score.Location{0x10003}}, "ac bc"}, {"1,f;1,m;1,g", Constraints{Known: []score.Location{0x10003}}, "none"},
		{"1,none", Constraints{}, "none"}, {"1,none,m", Constraints{}, "a! b!"}, {"1,f;min_dist=4", Constraints{}, "none"},
	} {
		if got, want := outcomes(t, w, pool(t, test.pool), test.c), test.want; !sameWords(got, want) {
			t.Errorf("%s with %+v: %s, want %s", test.pool, test.c, got, want)
		}
	}
	// A service without weight is never chosen, but satisfies a target when it is known.
	w = scenarioWorld(Item{Key: "d", Location: 0x30001, Weight: 0, Slots: []string{"f"}})
	if got := outcomes(t, w, pool(t, "2,f"), Constraints{Known: []score.Location{0x30001}}); got != "a b c e" {
		t.Errorf("with a known idle service: %s", got)
	}
	if got := outcomes(t, w, pool(t, "1,f"), Constraints{}); got != "a b c e" {
		t.Errorf("an idle service is chosen: %s", got)
	}
}

func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	sort.Strings(x)
	sort.Strings(y)
	return slices.Equal(x, y)
}

func TestErrorsAreTheReferences(t *testing.T) {
	w := scenarioWorld()
	source := rand.New(rand.NewPCG(1, 2))
	_, _, err := w.Poll(source, pool(t, "7,f"), Constraints{}, nil)
	if got, want := fmt.Sprint(err), "no service polled from [f], 4/7 services polled, 0 known services, 4 services in slot, min_dist=1, strict_location_constraint=0.0.0.0"; got != want {
		t.Errorf("%s", got)
	}
	_, _, err = w.Poll(source, pool(t, "3,m;fair_location_constraint=1.2.3.4;min_dist=2"), Constraints{ForceFair: true, Known: []score.Location{0x10001}}, nil)
	if got, want := fmt.Sprint(err), "no service polled from [m], 0/2 services polled, 1 known services, 2 services in slot, min_dist=2, fair_location_constraint=1.2.3.4"; got != want {
		t.Errorf("%s", got)
	}
	_, _, err = w.Poll(source, pool(t, "1,m"), Constraints{Known: []score.Location{0x10001}}, nil)
	if got, want := fmt.Sprint(err), "too many locations already known (1), maximum 1 locations for this storage policy"; got != want {
		t.Errorf("%s", got)
	}
}

func TestPools(t *testing.T) {
	for text, want := range map[string]string{
		"3,rawx;": "rawx rawx rawx", "2,rawx;;1,rawx": "rawx rawx rawx", "a,b": "a+b", "rawx": "rawx", "1,a,b;2,c;min_dist=2;max_dist=3;warn_dist=5": "a+b c c 2 3 5",
		"x1,y": "x1+y", "1,a;fair_location_constraint=1.2.x.300;strict_location_constraint=7": "a 1 4 0 7.0.0.0 1.2.0.255",
		"": "error", "0,a": "error", "-3,a": "error", "min_dist=1": "error", "1001,a": "error", "999,a;2,a": "error", "99999999999999999999,a": "error",
		"1,a;min_dist=0": "a warning", "1,a;max_dist=5": "a warning", "1,a;warn_dist=6": "a warning", "1,a;min_dist=x": "a warning", "1,a;colour=red": "a warning",
	} {
		p, warnings, err := NewPool("p", text)
		got := "error"
		if err == nil {
			var names []string
			for _, target := range p.targets {
				names = append(names, strings.Join(target.slots, "+"))
			}
			got = strings.Join(names, " ")
			if p.MinDistance != 1 || p.MaxDistance != 4 || p.WarnDistance != 0 || p.Fair != (Limits{}) {
				got += fmt.Sprintf(" %d %d %d", p.MinDistance, p.MaxDistance, p.WarnDistance)
			}
			if p.Fair != (Limits{}) {
				got += fmt.Sprintf(" %s %s", p.Strict, p.Fair)
			}
			if len(warnings) > 0 {
				got += " warning"
			}
		} else if !errors.Is(err, ErrNoTargets) && !errors.Is(err, ErrTooManyTargets) {
			t.Errorf("%q: %v", text, err)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestSlotsOf(t *testing.T) {
	for tag, want := range map[string]string{"": "[rawx]", "rawx,rawx-even": "[rawx rawx-even]", "fast,,fast": "[rawx rawx-fast]", "rawxb": "[rawx rawxb]"} {
		if got := fmt.Sprint(SlotsOf("rawx", tag)); got != want {
			t.Errorf("%q: %s, want %s", tag, got, want)
		}
	}
}

// randomWorld is services in a few areas, so that constraints are tight.
func randomWorld(t *rapid.T) ([]Item, *World) {
	items := make([]Item, rapid.IntRange(1, 25).Draw(t, "services"))
	for i := range items {
		var location score.Location
		for range score.Levels {
			location = location<<16 | score.Location(rapid.IntRange(1, 3).Draw(t, "part"))
		}
		items[i] = Item{Key: fmt.Sprint(i), Location: location, Weight: rapid.SampledFrom([]int{-1, 0, 1, 5, 100}).Draw(t, "weight"), Slots: []string{"s"}}
		if rapid.Bool().Draw(t, "two slots") {
			items[i].Slots = append(items[i].Slots, "t")
		}
	}
	return items, NewWorld(slices.Clone(items))
}

// The reference's rules, written without any of the tricks: what is chosen keeps them all, and where something may be chosen, something is.
func TestConstraintsAreNeverBroken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items, w := randomWorld(t)
		text := fmt.Sprintf("%d,s;%d,t,s;min_dist=%d;strict_location_constraint=%d.%d.%d.1", rapid.IntRange(1, 4).Draw(t, "s"), rapid.IntRange(1, 3).Draw(t, "t"),
			rapid.IntRange(1, 3).Draw(t, "min_dist"), rapid.IntRange(0, 4).Draw(t, "dc"), rapid.IntRange(0, 3).Draw(t, "rack"), rapid.IntRange(0, 2).Draw(t, "host"))
		p, _, err := NewPool("p", text)
		if err != nil {
			t.Fatal(err)
		}
		var c Constraints
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(items)-1), 0, 3).Draw(t, "avoid") {
			c.Avoid = append(c.Avoid, items[i].Location)
		}
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		chosen, _, err := w.Poll(source, p, c, nil)
		if err != nil {
			if len(chosen) > 0 {
				t.Fatal("an error, and services")
			}
			return
		}
		if len(chosen) != p.Targets() {
			t.Fatalf("%d services for %d targets", len(chosen), p.Targets())
		}
		for i, item := range chosen {
			if item.Weight <= 0 || slices.Contains(c.Avoid, item.Location) || !slices.Contains(item.Slots, "s") {
				t.Fatalf("%+v is chosen", item)
			}
			for _, other := range chosen[:i] {
				if score.Distance(item.Location, other.Location) < p.MinDistance {
					t.Fatalf("%#x and %#x are chosen, for %s", item.Location, other.Location, text)
				}
			}
			for level := 1; level < score.Levels; level++ {
				n := 0
				for _, other := range chosen {
					if other.Location.Area(level) == item.Location.Area(level) {
						n++
					}
				}
				if limit := int(p.Strict[level]); limit > 0 && n > limit {
					t.Fatalf("%d services at level %d, for %s", n, level, text)
				}
			}
		}
	})
}

// Counting out finds the very services that asking one by one allows, and none if there are none.
func TestCountingOutAgreesWithAsking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items, w := randomWorld(t)
		s := w.slots["s"]
		if len(s.items) == 0 {
			return
		}
		p := picker{pool: &Pool{targets: make([]target, rapid.IntRange(1, 9).Draw(t, "targets"))}}
		source := rand.New(rand.NewPCG(3, 4))
		for level := 1; level < score.Levels; level++ {
			p.limits[level] = uint8(rapid.IntRange(0, 3).Draw(t, "limit"))
		}
		for _, to := range []*[]score.Location{&p.avoid, &p.taken} {
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(items)-1), 0, 4).Draw(t, "locations") {
				*to = append(*to, items[i].Location)
			}
		}
		distance := rapid.IntRange(1, 4).Draw(t, "distance")
		want := map[*Item]bool{}
		for _, item := range s.items {
			if p.allows(s, item.Location, distance) {
				want[item] = true
			}
		}
		runs := p.forbid(nil, s, distance)
		for i, item := range s.items {
			forbidden := slices.ContainsFunc(runs, func(r run) bool { return r.from <= i && i < r.to })
			if forbidden == want[item] {
				t.Fatalf("item %d at %#x: allowed %v, forbidden %v (%v)", i, item.Location, want[item], forbidden, runs)
			}
		}
		for range 50 {
			i := p.pickAllowed(source, s, distance)
			if (i < 0) != (len(want) == 0) || i >= 0 && !want[s.items[i]] {
				t.Fatalf("item %d is picked of %d", i, len(want))
			}
		}
	})
}

// A known service that satisfies no target still keeps its host free of others, however many are chosen.
func TestAKnownServiceIsNeverForgotten(t *testing.T) {
	w := NewWorld([]Item{
		{Key: "a", Location: 0x10001, Weight: 100, Slots: []string{"s"}}, {Key: "b", Location: 0x20001, Weight: 100, Slots: []string{"s"}},
		{Key: "c", Location: 0x30001, Weight: 100, Slots: []string{"s"}}, {Key: "x", Location: 0x10002, Weight: 100, Slots: []string{"other"}},
	})
	if got := outcomes(t, w, pool(t, "2,s;min_dist=2;strict_location_constraint=9.9.9.9"), Constraints{Known: []score.Location{0x10002}}); got != "bc" {
		t.Errorf("two services beside a known one: %s", got)
	}
	if got := outcomes(t, w, pool(t, "3,s;min_dist=2;strict_location_constraint=9.9.9.9"), Constraints{Known: []score.Location{0x10002}}); got != "none" {
		t.Errorf("three hosts of which one is taken give %s", got)
	}
}
