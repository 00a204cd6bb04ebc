package store

import (
	"errors"
	"fmt"
	"slices"

	"gantry/confd/config"
	"gantry/confd/vote"
)

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
