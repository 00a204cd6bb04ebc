package balancer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gantry/confd/conscience/score"
)

// picks is how many services the tests of fairness draw.
const picks = 1_000_000

// chiSquare compares counts with shares. With as many degrees of freedom as here, five standard deviations above the mean are
// passed by chance once in a million runs; seeds are fixed, so that it is always or never.
func chiSquare(t *testing.T, name string, counts map[string]int, weights map[string]float64) {
	t.Helper()
	total, sum := 0, 0.0
	for _, n := range counts {
		total += n
	}
	for _, weight := range weights {
		sum += weight
	}
	statistic, degrees := 0.0, -1.0
	for key, weight := range weights {
		if weight == 0 {
			continue
		}
		expected := weight / sum * float64(total)
		difference := float64(counts[key]) - expected
		statistic += difference * difference / expected
		degrees++
	}
	for key, n := range counts {
		if n > 0 && weights[key] == 0 {
			t.Errorf("%s: %s was chosen %d times", name, key, n)
		}
	}
	if limit := degrees + 5*math.Sqrt(2*degrees); statistic > limit {
		t.Errorf("%s: chi-square is %.1f with %.0f degrees of freedom, over %.1f", name, statistic, degrees, limit)
	}
}

// weighted is n services with weights from 0 to 100, a disk each on a few hosts.
func weighted(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{Key: fmt.Sprint(i), Location: score.Location(1<<48 | (i%7+1)<<16 | i + 1), Weight: (i * 37) % 101, Slots: []string{"s"}}
	}
	return items
}

func shares(items []Item) map[string]float64 {
	weights := map[string]float64{}
	for _, item := range items {
		weights[item.Key] = float64(max(item.Weight, 0))
	}
	return weights
}

// count polls until a number of services was chosen, and counts them.
func count(t *testing.T, w *World, p *Pool, c Constraints, number int) map[string]int {
	t.Helper()
	source := rand.New(rand.NewPCG(6, 7))
	counts := map[string]int{}
	var chosen []*Item
	for done := 0; done < number; done += len(chosen) {
		var err error
		if chosen, _, err = w.Poll(source, p, c, chosen[:0]); err != nil {
			t.Fatal(err)
		}
		for _, item := range chosen {
			counts[item.Key]++
		}
	}
	return counts
}

func TestServicesAreChosenByTheirScores(t *testing.T) {
	for _, n := range []int{3, 1000} {
		items := weighted(n)
		chiSquare(t, fmt.Sprint(n, " services"), count(t, NewWorld(weighted(n)), pool(t, "1,s"), Constraints{}, picks), shares(items))
	}
	// Four services of the least weight, which the reference draws 2:1:1:0.
	items := []Item{{Key: "a", Location: 1, Weight: 1}, {Key: "b", Location: 2, Weight: 1}, {Key: "c", Location: 3, Weight: 1}, {Key: "d", Location: 4, Weight: 1}}
	for i := range items {
		items[i].Slots = []string{"s"}
	}
	chiSquare(t, "equal services", count(t, NewWorld(items), pool(t, "1,s"), Constraints{}, picks), map[string]float64{"a": 1, "b": 1, "c": 1, "d": 1})
}

// Also where almost all draws are forbidden, scores count: the rest is counted out, not searched.
func TestServicesAreChosenByTheirScoresUnderTightConstraints(t *testing.T) {
	items := weighted(100)
	var c Constraints
	want := map[string]float64{}
	for i, item := range items {
		if i%20 != 3 {
			c.Avoid = append(c.Avoid, item.Location)
			continue
		}
		want[item.Key] = float64(item.Weight)
	}
	w := NewWorld(weighted(100))
	chiSquare(t, "tight", count(t, w, pool(t, "1,s"), c, picks/10), want)
}

func TestRemovingAServiceLeavesTheOthersTheirShares(t *testing.T) {
	items := weighted(100)
	rest := append(items[:41:41], items[42:]...)
	want := shares(rest)
	chiSquare(t, "removed", count(t, NewWorld(rest), pool(t, "1,s"), Constraints{}, picks), want)
}

// Weights that have changed count in every slot.
func TestAChangedScoreCountsInEverySlot(t *testing.T) {
	for _, slot := range []string{"s", "t"} {
		items := []Item{{Key: "a", Location: 1, Weight: 2, Slots: []string{"s", "t"}}, {Key: "b", Location: 2, Weight: 100, Slots: []string{"s", "t"}}}
		chiSquare(t, slot, count(t, NewWorld(items), pool(t, "1,"+slot), Constraints{}, picks/4), map[string]float64{"a": 2, "b": 100})
	}
}

// The reference's own test: each service within a fifth of its share, for equal slots and targets that take turns.
func TestEqualServicesShareEqually(t *testing.T) {
	for _, test := range [][3]int{{30, 1, 1}, {30, 1, 3}, {30, 1, 9}, {30, 1, 18}, {9, 1, 9}, {88, 3, 18}, {30, 3, 9}, {40, 4, 9}, {30, 3, 10}, {40, 4, 10}, {36, 18, 18}} {
		services, slots, targets := test[0], test[1], test[2]
		items := make([]Item, services)
		perSlot := make([]int, slots)
		for i := range items {
			items[i] = Item{Key: fmt.Sprint(i), Location: score.Location(i+1) << 16 * 1, Weight: 80, Slots: []string{fmt.Sprint("slot-", i%slots), "*"}}
			perSlot[i%slots]++
		}
		text := ""
		wanted := make([]int, slots)
		for i := range targets {
			text += fmt.Sprintf("1,slot-%d,*;", i%slots)
			wanted[i%slots]++
		}
		counts := count(t, NewWorld(items), pool(t, text), Constraints{}, 10000*targets)
		for i := range services {
			want := float64(wanted[i%slots]) * 10000 / float64(perSlot[i%slots])
			if got := float64(counts[fmt.Sprint(i)]); math.Abs(got-want) > want/5 {
				t.Errorf("%v: service %d was chosen %.0f times, want %.0f", test, i, got, want)
			}
		}
	}
}

// counting counts how often it is asked.
type counting struct {
	Source
	asked int
}

func (c *counting) Uint64() uint64 { c.asked++; return c.Source.Uint64() }

// A pick takes one number, however many services there are, and allocates nothing.
func TestAPickCostsTheSameAmongMany(t *testing.T) {
	for _, n := range []int{100, 10_000} {
		w, p := NewWorld(weighted(n)), pool(t, "1,s")
		source := &counting{Source: rand.NewPCG(1, 2)}
		chosen := make([]*Item, 0, 1)
		runs := 100
		allocated := testing.AllocsPerRun(runs, func() {
			var err error
			if chosen, _, err = w.Poll(source, p, Constraints{}, chosen[:0]); err != nil {
				t.Fatal(err)
			}
		})
		if source.asked != runs+1 || allocated != 0 {
			t.Errorf("%d services: %d numbers for %d picks, %v allocations each", n, source.asked, runs+1, allocated)
		}
	}
}

func BenchmarkPick(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w, source := NewWorld(weighted(n)), rand.New(rand.NewPCG(1, 2))
			p := pool(b, "1,s")
			chosen := make([]*Item, 0, 1)
			b.ReportAllocs()
			for b.Loop() {
				chosen, _, _ = w.Poll(source, p, Constraints{}, chosen[:0])
			}
		})
	}
}

func BenchmarkPollOfThree(b *testing.B) {
	w, source := NewWorld(weighted(1000)), rand.New(rand.NewPCG(1, 2))
	p := pool(b, "3,s;min_dist=2")
	chosen := make([]*Item, 0, 3)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if chosen, _, err = w.Poll(source, p, Constraints{}, chosen[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewWorld(b *testing.B) {
	items := weighted(100_000)
	b.ReportAllocs()
	for b.Loop() {
		NewWorld(items)
	}
}
