package store

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"gantry/confd/config"
	"gantry/confd/ssconf"
)

// A world is a cluster in memory: the product's copies, reigns and drafts over a network and disks that fail. Time is a
// number, everything happens in the order of the seed, and nothing runs at the same time.
type world struct {
	random *rand.Rand
	now    int64
	events eventQueue
	order  int
	nodes  []*simNode
	cut    map[[2]string]bool // links that are down, one way
	loss   int                // of a hundred messages, how many are lost
	calm   bool               // no faults any more
	liars  map[string]bool
	plan   plan

	changes   int // asked for so far
	committed []commitment
	acked     int
	reigns    int
	broken    error
	trace     func(string, ...any)
}

// A plan is what a run is made of: the rules that hold, and which faults may come.
type plan struct {
	rules    func(*rules) // plants a bug; nil: none
	disk     func(*simNode)
	level    Level
	nodes    int // 0: three to five
	liars    bool
	reconfig bool
}

// A commitment is a version that a master took for committed.
type commitment struct {
	serial  int64
	digest  string
	by      string
	changes map[string]bool
}

type simNode struct {
	world  *world
	name   string
	uuid   string
	disk   *simDisk
	boot   int
	copy   *Copy // nil while it is down
	master *simMaster
	floor  int64 // for the next reign
	paused int64 // until then it does nothing
}

type event struct {
	at    int64
	order int
	do    func()
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(e any)   { *q = append(*q, e.(event)) }
func (q *eventQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func (w *world) after(delay int64, do func()) {
	w.order++
	heap.Push(&w.events, event{w.now + delay, w.order, do})
}

// run lets time pass until then, or until the world is broken.
func (w *world) run(until int64) {
	for len(w.events) > 0 && w.events[0].at <= until && w.broken == nil {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
	w.now = until
}

// simConfig is the config that all simulated clusters begin with, by their number of nodes.
var simConfig = sync.OnceValue(func() []byte {
	var text bytes.Buffer
	if err := config.Generate(&text, config.GenerateOptions{Nodes: 5, Seed: 1, Networks: -1, Filters: -1}); err != nil {
		panic(err)
	}
	return text.Bytes()
})

func newWorld(seed uint64, p plan) *world {
	w := &world{random: rand.New(rand.NewPCG(seed, 1)), cut: map[[2]string]bool{}, liars: map[string]bool{}, plan: p, trace: func(string, ...any) {}}
	n := p.nodes
	if n == 0 {
		n = 3 + w.random.IntN(3)
	}
	doc, err := config.Parse(simConfig())
	if err != nil {
		panic(err)
	}
	var keys []string
	for key := range doc.All(config.KindNode) {
		keys = append(keys, key)
	}
	for i, key := range keys {
		node, err := config.Load[config.Node](doc, key)
		if err != nil {
			panic(err)
		}
		node.Name, node.MasterCandidate, node.Offline, node.Drained = string(rune('a'+i)), i < n, false, false
		if err := config.Store(doc, key, node); err != nil {
			panic(err)
		}
	}
	cluster, err := config.Load[config.Cluster](doc, "")
	if err != nil {
		panic(err)
	}
	// Who leads is what the fences say. Without a master in the config any node can be a candidate or none; without the long
	// dictionaries it's faster.
	cluster.MasterNode, cluster.HVParams, cluster.DiskParams = "", map[string]config.Params{}, map[string]config.Params{}
	if err := config.Store(doc, "", cluster); err != nil {
		panic(err)
	}
	for i, key := range keys {
		w.addNode(string(rune('a'+i)), key, doc, i < n)
	}
	if p.liars {
		for _, i := range w.random.Perm(n)[:w.random.IntN((n-1)/2+1)] {
			w.liars[w.nodes[i].name] = true
			w.nodes[i].disk.lies = true
		}
	}
	return w
}

func (w *world) addNode(name, uuid string, doc *config.Document, candidate bool) {
	n := &simNode{world: w, name: name, uuid: uuid, disk: newSimDisk(w.random)}
	n.disk.put(ssconf.MasterNode.FileName(), []byte("a\n"))
	if candidate {
		n.disk.put(configFile, doc.Append(nil))
	}
	n.disk.put(FenceFile, fence{Format: fenceFormat, Master: "a", Boot: "0"}.text())
	if w.plan.disk != nil {
		w.plan.disk(n)
	}
	w.nodes = append(w.nodes, n)
	n.start()
}

func (w *world) rules() rules {
	r := soundRules()
	if w.plan.rules != nil {
		w.plan.rules(&r)
	}
	return r
}

func (w *world) node(name string) *simNode {
	return w.nodes[slices.IndexFunc(w.nodes, func(n *simNode) bool { return n.name == name })]
}

func (n *simNode) start() {
	if n.disk.off {
		n.disk.restart(true)
	}
	c, err := openCopy(n.disk, fmt.Sprint(n.boot), n.world.rules())
	if err != nil {
		n.world.trace("%s can't open its copy: %v", n.name, err)
		n.world.after(20, func() {
			if n.copy == nil {
				n.start()
			}
		})
		return
	}
	n.copy = c
}

// kill ends the node's processes; with the power, also what its disk hasn't synced.
func (n *simNode) kill(power bool) {
	n.world.trace("%d: %s goes down, power %t", n.world.now, n.name, power)
	n.copy, n.master = nil, nil
	if power {
		n.boot++
	}
	n.disk.restart(power)
}

// checkPower notices that the power went during an operation on the disk.
func (n *simNode) checkPower() {
	if n.disk.off {
		n.kill(true)
		n.world.after(int64(5+n.world.random.IntN(100)), func() {
			if n.copy == nil {
				n.start()
			}
		})
	}
}

// A call asks a node something. The answer may come late, twice or never.
func (w *world) call(from, to string, do func(*simNode) func()) {
	w.transmit(from, to, func() {
		n := w.node(to)
		if n.copy == nil {
			return
		}
		answer := do(n)
		n.checkPower()
		if n.copy != nil {
			w.transmit(to, from, answer)
		}
	})
}

func (w *world) transmit(from, to string, arrive func()) {
	deliveries := 1
	if from != to && !w.calm {
		if w.random.IntN(100) < w.loss {
			return
		}
		if w.random.IntN(20) == 0 {
			deliveries = 2
		}
	}
	for range deliveries {
		delay := int64(1 + w.random.IntN(5))
		if !w.calm && w.random.IntN(15) == 0 {
			delay = int64(w.random.IntN(150))
		}
		w.after(delay, func() { w.deliver(from, to, arrive) })
	}
}

func (w *world) deliver(from, to string, arrive func()) {
	switch n := w.node(to); {
	case w.cut[[2]string{from, to}]:
	case n.paused > w.now:
		w.after(n.paused-w.now, func() { w.deliver(from, to, arrive) })
	default:
		arrive()
	}
}

func (w *world) fail(format string, args ...any) {
	if w.broken == nil {
		w.broken = fmt.Errorf("time %d: "+format, append([]any{w.now}, args...)...)
	}
}

// commits checks that all versions that were taken for committed, by whomever, are one history: each serial is one version,
// and each has all changes of those before it.
func (w *world) commits(by string, v *version, doc *config.Document) {
	c := commitment{v.serial, v.digest, by, map[string]bool{}}
	for key := range doc.All(config.KindFilter) {
		c.changes[key] = true
	}
	w.trace("%d: %s has committed %d with %d changes, sets %v", w.now, by, c.serial, len(c.changes), v.sets)
	w.acked = max(w.acked, len(c.changes))
	i, found := slices.BinarySearchFunc(w.committed, c, func(a, b commitment) int { return int(a.serial - b.serial) })
	switch {
	case found && w.committed[i].digest != c.digest:
		w.fail("%s and %s have both committed a serial %d", w.committed[i].by, by, c.serial)
		return
	case found:
		return
	}
	w.committed = slices.Insert(w.committed, i, c)
	if i > 0 {
		w.follows(w.committed[i-1], c)
	}
	if i+1 < len(w.committed) {
		w.follows(c, w.committed[i+1])
	}
}

func (w *world) follows(before, after commitment) {
	for change := range before.changes {
		if !after.changes[change] {
			w.fail("change %s, which %s committed with serial %d, is missing in serial %d of %s", change, before.by, before.serial, after.serial, after.by)
			return
		}
	}
}
