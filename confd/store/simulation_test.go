package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
)

// simulationSeeds is the environment variable that says how many seeds the simulation runs; `make simulate` sets it.
const simulationSeeds = "GANTRY_SIMULATION_SEEDS"

const (
	defaultSeeds = 500
	faultTime    = 1000 // of simulated time with faults
	healTime     = 3000 // and then without, in which a master must be found
)

var errNoMaster = errors.New("no master could be found after all faults had ended")

// trouble has faults, failovers and changes happen, on and on.
func (w *world) trouble() {
	if w.calm {
		return
	}
	pick := func() *simNode { return w.nodes[w.random.IntN(len(w.nodes))] }
	switch roll := w.random.IntN(100); {
	case roll < 45:
		w.submit()
	case roll < 57:
		n := pick()
		n.claim()
		if w.random.IntN(4) == 0 { // its process is killed soon, and started again
			w.after(int64(w.random.IntN(12)), n.claim)
		}
	case roll < 65:
		w.partition()
	case roll < 75:
		clear(w.cut)
	case roll < 80:
		n := pick()
		n.paused = w.now + int64(w.random.IntN(200))
	case roll < 86:
		n := pick()
		n.disk.stopAt = n.disk.operations + 1 + w.random.IntN(12)
	case roll < 92:
		w.bounce(pick(), w.random.IntN(2) == 0)
	case roll < 95:
		w.loss = w.random.IntN(40)
	case roll < 97:
		for _, n := range w.nodes {
			n.disk.failing = 0
		}
		pick().disk.failing = 4
	case w.plan.reconfig:
		w.reconfigure()
	}
	w.after(int64(1+w.random.IntN(40)), w.trouble)
}

func (w *world) bounce(n *simNode, power bool) {
	if n.copy == nil {
		return
	}
	n.kill(power)
	w.after(int64(5+w.random.IntN(150)), func() {
		if n.copy == nil {
			n.start()
		}
	})
}

// partition cuts links: one node off, two halves, or any links in one direction only.
func (w *world) partition() {
	sides := map[string]int{}
	for _, n := range w.nodes {
		sides[n.name] = w.random.IntN(2)
	}
	shape := w.random.IntN(3)
	alone := w.nodes[w.random.IntN(len(w.nodes))].name
	for _, a := range w.nodes {
		for _, b := range w.nodes {
			if a == b {
				continue
			}
			switch shape {
			case 0:
				w.cut[[2]string{a.name, b.name}] = a.name == alone || b.name == alone
			case 1:
				w.cut[[2]string{a.name, b.name}] = sides[a.name] != sides[b.name]
			default:
				w.cut[[2]string{a.name, b.name}] = w.random.IntN(4) == 0
			}
		}
	}
}

// submit asks every master that there is for a change: who believes to lead tries.
func (w *world) submit() {
	for _, n := range w.nodes {
		if n.master != nil && n.master.reign.current != nil && n.paused <= w.now {
			w.changes++
			n.master.queue = append(n.master.queue, fmt.Sprintf("%08d-0000-4000-8000-000000000000", w.changes))
			if n.master.reign.settled() {
				n.master.advance()
			}
		}
	}
}

func (w *world) reconfigure() {
	for _, n := range w.nodes {
		if n.master == nil || n.master.reign.current == nil {
			continue
		}
		change := "#"
		for _, other := range w.nodes {
			if other != n && w.random.IntN(3) == 0 {
				change += other.name
			}
		}
		n.master.queue = append(n.master.queue, change)
		if n.master.reign.settled() {
			n.master.advance()
		}
	}
}

// heal ends all faults and has nodes try to lead until one does.
func (w *world) heal() bool {
	w.calm, w.loss = true, 0
	clear(w.cut)
	for _, n := range w.nodes {
		n.disk.failing, n.disk.stopAt, n.paused = 0, 0, 0
		n.disk.lies = false
		if n.copy == nil {
			n.start()
		}
		n.master = nil
	}
	end, reigns := w.now+healTime, w.reigns
	for i := 0; w.now < end && w.broken == nil && w.reigns == reigns; i++ {
		for _, n := range w.nodes {
			n.master = nil
		}
		w.nodes[i%len(w.nodes)].claim()
		w.run(w.now + 200)
	}
	w.submit()
	w.run(w.now + 200)
	return w.reigns > reigns
}

// simulate runs one seed and returns what it broke, if anything.
func simulate(seed uint64, p plan, trace func(string, ...any)) (*world, error) {
	w := newWorld(seed, p)
	if trace != nil {
		w.trace = trace
	}
	w.nodes[0].claim()
	w.after(20, w.trouble)
	w.run(faultTime)
	healed := w.broken != nil || w.heal()
	if w.broken == nil && !healed {
		w.fail("%w", errNoMaster)
	}
	return w, w.broken
}

func seeds(t *testing.T) uint64 {
	text := os.Getenv(simulationSeeds)
	if text == "" {
		return defaultSeeds
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		t.Fatalf("%s=%q: want a number of seeds", simulationSeeds, text)
	}
	return n
}

// soundPlans are all kinds of clusters in turn.
var soundPlans = []plan{
	{},
	{reconfig: true},
	{liars: true},
	{liars: true, reconfig: true},
	{level: All},
}

func TestSimulation(t *testing.T) {
	reigns, commits, changes := 0, 0, 0
	for seed := range seeds(t) {
		w, err := simulate(seed, soundPlans[seed%uint64(len(soundPlans))], nil)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		reigns, commits, changes = reigns+w.reigns, commits+len(w.committed), changes+w.acked
	}
	t.Logf("%d reigns, %d versions, %d changes acknowledged", reigns, commits, changes)
	if n := int(seeds(t)); reigns < 2*n || changes < 5*n {
		t.Errorf("too little happened in %d seeds: %d reigns, %d changes", n, reigns, changes)
	}
}

func TestSimulationIsTheSameForASeed(t *testing.T) {
	record := func() (lines []string) {
		simulate(7, plan{liars: true, reconfig: true}, func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) })
		return lines
	}
	if first, second := record(), record(); len(first) == 0 || !slices.Equal(first, second) {
		t.Errorf("two runs differ, or do nothing: %d and %d lines", len(first), len(second))
	}
}
