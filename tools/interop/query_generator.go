package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// Request types, by their numbers in the protocol.
const (
	typePing = iota
	typeNodeRole
	typeNodeByInstanceIP
	typeMaster
	typeNodeIPs
	typeCandidateIPs
	typeInstanceIPs
	typeNodeDRBD
	typeNodeInstances
	typeInstanceDisks
	typeConfigQuery
	typeDataCollectors
	requestTypes
)

// A query is one datagram for both servers.
type query struct {
	about string // what it tries, for the report
	// datagram builds it for a time, in seconds since the epoch.
	datagram func(now int64) []byte
	// exactSecond asks for it to be sent early in a second, so that both servers see the same time.
	exactSecond bool
	// ages says that it is signed for another time than that of sending, so that it may not be answered once more a little later.
	ages bool
	// meets are the documented differences that the query may show by the way it is written.
	meets []string
	// onRecord checks an outcome against what is known. Nil: nothing is.
	onRecord func(o outcome) error
}

// A queryGenerator makes queries out of a config. The same config and seed give the same queries.
type queryGenerator struct {
	*rand.Rand
	tree *clusterTree
	made int
	// wholeContainers is how many more answers of the size of the config may be asked for: they take the reference seconds.
	wholeContainers int
	envelopes       []envelope // odd ones, once they are needed
}

// Containers up to this many instances may be asked for at will.
const cheapInstances = 100

func newQueryGenerator(tree *clusterTree, seed uint64) *queryGenerator {
	return &queryGenerator{Rand: rand.New(rand.NewPCG(seed, 0x636f6e6664)), tree: tree, wholeContainers: 3}
}

// oneIn is true once in n times.
func (g *queryGenerator) oneIn(n int) bool { return g.IntN(n) == 0 }

// oneOf picks an element, the zero value of nothing.
func oneOf[T any](g *queryGenerator, from []T) T {
	if len(from) == 0 {
		var none T
		return none
	}
	return from[g.IntN(len(from))]
}

// next makes one query.
func (g *queryGenerator) next() query {
	g.made++
	typ := g.IntN(requestTypes)
	// The types with arguments have more to them.
	if g.oneIn(2) {
		typ = oneOf(g, []int{typeNodeRole, typeNodeByInstanceIP, typeNodeByInstanceIP, typeInstanceIPs, typeNodeDRBD, typeNodeInstances, typeInstanceDisks, typeConfigQuery, typeConfigQuery, typeConfigQuery})
	}
	argument, about := g.argument(typ)
	m := message{protocol: "1", typ: strconv.Itoa(typ), query: argument, rsalt: fmt.Sprintf(`"gantry-%d"`, g.made)}
	about = fmt.Sprintf("query %d, type %d, %s", g.made, typ, about)
	v, wrap := variant{text: m.text(plainSpelling)}, pythonEnvelope
	if g.oneIn(4) {
		v = g.oddMessage(m)
		about += ", " + v.about
	}
	if g.oneIn(8) {
		wrap = g.oddEnvelope()
		about += ", " + wrap.about
	}
	return wrappedQuery(about, wrap, v.text, v.meets)
}

// wrappedQuery is the query of a message in an envelope.
func wrappedQuery(about string, wrap envelope, msg string, meets ...string) query {
	return query{about: about, datagram: func(now int64) []byte { return wrap.datagram(clusterKey, now, msg) }, ages: wrap.skew != 0, meets: append(meets, wrap.meets)}
}

// argument is the JSON text of a query member for a type ("" for none at all), and what it is.
func (g *queryGenerator) argument(typ int) (text, about string) {
	if g.oneIn(12) {
		return g.wrongKind()
	}
	if g.oneIn(25) {
		return g.argument(g.IntN(requestTypes))
	}
	switch typ {
	case typeNodeRole, typeNodeDRBD, typeNodeInstances:
		name, about := g.name(g.tree.nodes, g.tree.nodeKeys)
		return g.quote(name), "node " + about
	case typeInstanceDisks:
		name, about := g.name(g.tree.instances, g.tree.instanceKeys)
		return g.quote(name), "instance " + about
	case typeNodeByInstanceIP:
		return g.addressDict()
	case typeMaster:
		return g.masterArgument()
	case typeInstanceIPs:
		if g.oneIn(4) {
			return "null", "default link"
		}
		return g.quote(g.link()), "link"
	case typeConfigQuery:
		path, about := g.pointer()
		return g.quote(path), "pointer " + about
	default:
		return oneOf(g, []string{"null", "", `"x"`, `{}`, `{"1":"10.0.0.1"}`}), "ignored argument"
	}
}

// wrongKind is an argument that no type, or only another one, takes.
func (g *queryGenerator) wrongKind() (text, about string) {
	return oneOf(g, []string{
		"null", "", "{}", `""`, "[]", "0", "1", "-1", "1.5", "true", "false", `["a"]`, `[[]]`, `[null]`, `{"4":null}`, `{"":""}`, `{"1":5}`, `{"2":"10.0.0.1"}`,
		`{"2":{}}`, `{"3":["0"]}`, `{"3":[3]}`, `{"3":[-1]}`, `{"3":"0"}`, `{"0":[]}`, `{"0":["b","r","0"]}`, `{"1":[""]}`, `{"1":["ab"]}`, `{"2":[null]}`,
		`{"2":[["1","0"],[]]}`, `{"1":null,"2":null,"3":null,"0":null}`, `{"1":"10.0.0.1","extra":1}`, `{"3":[0.4,1.5,2.49]}`, `{"3":[1e0,10e-1,2.]}`,
	}), "wrong kind"
}

// masterArgument is what type 3 takes: nothing, or a list of fields.
func (g *queryGenerator) masterArgument() (text, about string) {
	if g.oneIn(4) {
		return oneOf(g, []string{"null", "", "{}", `""`, `"x"`}), "no fields"
	}
	return `{"3":` + g.fields() + "}", "fields"
}

func (g *queryGenerator) fields() string {
	text := "["
	for i := range g.IntN(5) {
		if i > 0 {
			text += ","
		}
		text += oneOf(g, []string{"0", "1", "2", "2", "1", "0", "0.0", "1.4", "-0", "0.5", "1.", "2e0"})
	}
	return text + "]"
}

// addressDict is what type 2 takes: a link, an address, a list of addresses, in every combination.
func (g *queryGenerator) addressDict() (text, about string) {
	text = "{"
	add := func(key, value string) {
		if len(text) > 1 {
			text += ","
		}
		text += `"` + key + `":` + value
	}
	link := g.IntN(2) == 0
	if link {
		add("0", oneOf(g, []string{g.quote(g.link()), g.quote(g.link()), g.quote(g.link()), "null", `""`}))
	}
	about = "addresses"
	if g.IntN(2) == 0 {
		add("1", oneOf(g, []string{g.quote(g.ip()), g.quote(g.ip()), g.quote(g.ip()), "null"}))
	} else {
		about = "list of addresses"
		list := "["
		for i := range g.IntN(6) {
			if i > 0 {
				list += ","
			}
			list += g.quote(g.ip())
		}
		add("2", list+"]")
	}
	if g.oneIn(10) {
		add("3", g.fields())
	}
	if g.oneIn(10) {
		add("2", `["10.0.0.1"]`)
	}
	return text + "}", about
}
