package store

import (
	"bytes"
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"gantry/confd/config"
	"gantry/confd/ssconf"
	"gantry/confd/vote"
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

// A simMaster is what the store's goroutines are in the product.
type simMaster struct {
	node     *simNode
	reign    *reign
	doc      *config.Document // the newest config that is known while it claims
	draft    *draft           // of the reign's current version
	busy     map[string]int64 // candidates with a message under way, and since when it is given up
	queue    []string         // changes that wait
	fetching bool
	reported int64
}

// claim has a node try to lead.
func (n *simNode) claim() {
	if n.copy == nil || n.paused > n.world.now {
		return
	}
	own, err := n.copy.Holding()
	data, readErr := n.copy.Fetch()
	n.checkPower()
	if n.copy == nil || err != nil || readErr != nil || own.Serial == 0 {
		return
	}
	doc, err := config.Parse(data)
	if err != nil {
		return
	}
	candidates, err := candidatesOf(doc)
	if err != nil {
		return
	}
	n.world.trace("%d: %s claims", n.world.now, n.name)
	n.master = &simMaster{node: n, doc: doc, busy: map[string]int64{},
		reign: newReign(n.name, fmt.Sprint(n.world.random.Uint64()), own, candidates, n.floor, n.world.plan.level, n.world.rules())}
	n.master.advance()
	n.master.tick()
}

func (m *simMaster) alive() bool { return m.node.master == m }

// tick resends what got no answer.
func (m *simMaster) tick() {
	if m.alive() {
		m.send()
		m.node.world.after(10, m.tick)
	}
}

func (m *simMaster) send() {
	w := m.node.world
	if m.node.paused > w.now {
		return
	}
	for _, name := range m.reign.names() {
		if m.busy[name] > w.now {
			continue
		}
		message, due := m.reign.next(name)
		if !due {
			continue
		}
		m.busy[name] = w.now + 40
		w.call(m.node.name, name, func(to *simNode) func() { return m.ask(to, message) })
	}
}

// ask has a node answer a message, and returns what the answer does at the master.
func (m *simMaster) ask(to *simNode, message message) func() {
	var grant Grant
	var err error
	if message.claim != nil {
		grant, err = to.copy.Claim(*message.claim)
	} else {
		err = to.copy.Push(message.push)
	}
	return func() {
		if !m.alive() {
			return
		}
		m.busy[to.name] = 0
		if message.claim != nil {
			m.reign.granted(to.name, message.claim.Floor, grant, err)
		} else {
			m.reign.pushed(to.name, message.push, err)
		}
		m.advance()
	}
}

// advance goes on after an answer.
func (m *simMaster) advance() {
	r := m.reign
	switch {
	case r.deposed != nil:
		m.node.world.trace("%d: %v", m.node.world.now, r.deposed)
		m.node.floor = r.raise
		m.node.master = nil
		return
	case r.current == nil:
		m.claiming()
	case r.settled():
		m.report()
		m.commit()
	}
	if m.alive() {
		m.send()
	}
}

func (m *simMaster) claiming() {
	r := m.reign
	newest, granted, err := r.claimed()
	switch {
	case err != nil:
		m.node.world.fail("%v", err)
	case !granted && r.raise > r.floor:
		r.claimAbove(r.raise)
		m.busy = map[string]int64{}
	case !granted:
	case r.rules.behind(m.doc.SerialNo, newest.Serial):
		m.fetch(newest)
	default:
		candidates, err := candidatesOf(m.doc)
		if err != nil {
			panic(err)
		}
		if err := r.include(candidates); err != nil {
			m.node.master = nil
		} else if _, granted, _ := r.claimed(); granted {
			m.begin()
		}
	}
}

func (m *simMaster) fetch(newest vote.Ballot) {
	w := m.node.world
	if m.fetching {
		return
	}
	m.fetching = true
	w.after(40, func() { m.fetching = false })
	w.call(m.node.name, newest.Node, func(to *simNode) func() {
		data, err := to.copy.Fetch()
		return func() {
			if m.fetching = false; !m.alive() || m.reign.current != nil || err != nil || Digest(data) != newest.Digest {
				return
			}
			if doc, err := config.Parse(data); err == nil {
				m.doc = doc
				m.advance()
			}
		}
	})
}

func (m *simMaster) begin() {
	r := m.reign
	first, err := firstDraft(m.doc, r.floor, nil, 1)
	if err != nil {
		panic(err)
	}
	v, err := first.version(r.sets.With(first.candidates), nil)
	if err != nil {
		panic(err)
	}
	r.begin(m.doc.SerialNo, v)
	m.draft = first
}

// commit writes the changes that wait, as one version.
func (m *simMaster) commit() {
	r := m.reign
	if len(m.queue) == 0 && !r.wantsConfirmation() {
		return
	}
	next := m.draft.next()
	for _, change := range m.queue {
		next.apply(m.node.world.change(change), 1)
	}
	m.queue = nil
	if err := next.finish(m.draft.doc.SerialNo+1, 1); err != nil {
		return
	}
	v, err := next.version(r.nextSets(m.draft.candidates, next.candidates), nil)
	if err != nil {
		panic(err)
	}
	own := r.pushOf(m.node.name, v)
	err = m.node.copy.Push(own)
	m.node.checkPower()
	switch {
	case !m.alive():
		return
	case errors.Is(err, vote.ErrFenced), errors.Is(err, vote.ErrStale):
		r.depose(err)
		return
	case err != nil && !errors.Is(err, ErrUnknown):
		return
	}
	r.propose(v)
	m.draft = next
	r.pushed(m.node.name, own, err)
	m.report()
}

// report tells the world what the master takes for committed.
func (m *simMaster) report() {
	if m.reign.settled() && m.reported < m.reign.committed {
		if m.reported == 0 {
			m.node.world.reigns++
		}
		m.reported = m.reign.committed
		m.node.world.commits(m.node.name, m.reign.current, m.draft.doc)
	}
}

// change returns what a change does: it adds a filter rule of its name, or makes a node a candidate or none.
func (w *world) change(name string) func(*Tx) error {
	return func(tx *Tx) error {
		if name[0] != '#' {
			rule := `{"watermark":0,"priority":0,"predicates":[],"action":"ACCEPT","reason_trail":[],"uuid":"` + name + `"}`
			return tx.Set(config.KindFilter, name, []byte(rule))
		}
		return w.toggle(tx, name[1:])
	}
}

// toggle changes who is a candidate, if the liars stay a minority.
func (w *world) toggle(tx *Tx, names string) error {
	for _, n := range w.nodes {
		if !slices.Contains([]byte(names), n.name[0]) {
			continue
		}
		if err := Edit(tx, n.uuid, func(o *config.Node) error { o.MasterCandidate = !o.MasterCandidate; return nil }); err != nil {
			return err
		}
	}
	candidates, err := candidatesOf(tx.Document())
	liars := 0
	for _, name := range candidates {
		if w.liars[name] {
			liars++
		}
	}
	if err == nil && (liars > (len(candidates)-1)/2 || len(candidates) < 2) {
		err = ErrUnchanged
	}
	return err
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
