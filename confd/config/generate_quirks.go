package config

import (
	"fmt"
	"slices"
	"strings"
)

// quirks spoil a generated cluster in every way that the reference puts up with. What they do follows from seed and object.
type quirks struct {
	seed uint64
}

// newQuirks returns nil if none are asked for.
func newQuirks(opts GenerateOptions) *quirks {
	if !opts.Quirks {
		return nil
	}
	return &quirks{seed: opts.Seed}
}

// style is one of three spacings.
func (q *quirks) style() valueStyle {
	r := randomFor(q.seed, streamQuirk, 0)
	return pick(&r, []valueStyle{compactStyle, pythonStyle, {" ,\n\t", "\r\n: "}})
}

// Names that begin alike: of each five some are found by their first label, some are ambiguous then, some are whole
// beginnings of others.
var quirkSuffixes = [][]string{
	{"", ".a", ".b.example.com", ".b", ".b.example.org"},
	{".a", ".b", ".c.example.com", ".c", ".C.Example.Com"},
}

func quirkName(base string, i int) string {
	family := i / 5
	return fmt.Sprintf("%s%d%s", base, family+1, quirkSuffixes[family%2][i%5])
}

func (q *quirks) nodeName(i int) string { return quirkName("node", i) }

// instanceName repeats a name now and then, and has characters that must be escaped in others.
func (q *quirks) instanceName(i int) string {
	switch i % 41 {
	case 13:
		return quirkName("instance", i-1)
	case 29:
		return fmt.Sprintf(`odd"name\%d.example.com`, i)
	}
	return quirkName("instance", i)
}

// shuffled is order in another order: containers need not be sorted.
func (q *quirks) shuffled(order []int32) []int32 {
	r := randomFor(q.seed, streamQuirk, 1+len(order))
	order = slices.Clone(order)
	shuffle(&r, order)
	return order
}

func shuffle[T any](r *random, all []T) {
	for i := len(all) - 1; i > 0; i-- {
		j := r.below(i + 1)
		all[i], all[j] = all[j], all[i]
	}
}

// repeat says whether a member of a container is written twice: the last one counts.
func (q *quirks) repeat(kind Kind, i int) bool {
	r := randomFor(q.seed, streamQuirk, int(kind)<<32|i|1<<60)
	return (kind == KindInstance || kind == KindNode) && r.chance(2)
}

// quirkOptional lists the members that may be missing or null, by kind.
var quirkOptional = [numKinds][]string{
	KindCluster:  {"dsahostkeypub", "volume_group_name", "drbd_usermode_helper", "hv_state_static", "disk_state_static", "ctime", "mtime", "tags"},
	KindNode:     {"ctime", "mtime", "tags"},
	KindGroup:    {"members", "ctime", "mtime", "tags"},
	KindInstance: {"hvparams", "beparams", "osparams", "osparams_private", "nics", "disks", "network_port", "ctime", "mtime", "tags"},
	KindNetwork:  {"mac_prefix", "network6", "gateway", "gateway6", "reservations", "ext_reservations", "ctime", "mtime", "tags"},
	KindDisk:     {"children", "nodes", "iv_name", "mode", "name", "spindles", "params", "ctime", "mtime"},
}

// apply spoils one finished object.
func (q *quirks) apply(g *generator, kind Kind, v *value, index int) {
	r := randomFor(q.seed, streamQuirk, int(kind)<<32|index|1<<61)
	switch kind {
	case KindCluster:
		q.cluster(&r, v)
	case KindNode:
		q.node(&r, v)
	case KindInstance:
		q.instance(g, &r, v)
	case KindDisk:
		if r.below(400) == 0 && v.get("dev_type").str() == "drbd" {
			v.get("logical_id").items[1] = rawString(r.uuid().String()) // a node that isn't there
		}
	}
	if tags := v.get("tags"); tags != nil && len(tags.items) > 0 && r.chance(50) {
		tags.items = append(tags.items, tags.items[r.below(len(tags.items))])
		shuffle(&r, tags.items)
	}
	for _, key := range quirkOptional[kind] {
		if r.chance(3) {
			v.remove(key)
		} else if r.chance(3) {
			v.set(key, nullValue())
		}
	}
	q.spell(&r, v, kind == KindFilter)
	if r.chance(3) { // a repeated key: the first one counts
		v.members = append(v.members, field("uuid", rawString(r.uuid().String())))
	}
}

func (q *quirks) cluster(r *random, v *value) {
	collectors := v.get("data_collectors")
	collectors.members = collectors.members[:r.below(len(collectors.members)+1)]
	if r.chance(50) {
		collectors.set("no-such-collector", constantValue(`{"active":false,"interval":1}`))
	}
}

func (q *quirks) node(r *random, v *value) {
	if r.chance(10) {
		for _, flag := range []string{"master_candidate", "offline", "drained"} {
			v.set(flag, boolValue(r.chance(50)))
		}
	}
	if r.chance(10) {
		v.set("hv_state_static", objectValue())
		v.set("disk_state_static", constantValue(`{"plain":{}}`))
	}
}

func (q *quirks) instance(g *generator, r *random, v *value) {
	if r.chance(3) {
		disks := v.get("disks")
		disks.items = append(disks.items, rawString(r.uuid().String()))
	}
	switch {
	case r.chance(2):
		v.set("primary_node", rawString(r.uuid().String()))
	case r.chance(3):
		v.set("primary_node", textValue(g.nodeName(r.below(len(g.nodes)))))
	}
	if !v.has("forthcoming") && r.chance(20) {
		v.set("forthcoming", boolValue(false))
	}
	if v.get("beparams").has("maxmem") && r.chance(20) {
		v.get("beparams").set("maxmem", rawString(pick(r, []string{"1g", "512M", "2048"})))
	}
	for i := range v.get("nics").items {
		q.nic(r, &v.get("nics").items[i])
	}
}

func (q *quirks) nic(r *random, nic *value) {
	switch {
	case r.chance(4):
		nic.set("ip", rawString(""))
	case r.chance(15): // one of few addresses, on whatever link
		nic.set("ip", rawString(fmt.Sprintf("10.254.0.%d", r.below(6))))
	case r.chance(4):
		nic.set("ip", nullValue())
	}
	if r.chance(5) {
		nic.set("nicparams", constantValue(pick(r, []string{
			`{"link":""}`, `{"mode":null,"link":"br1"}`, `{"link":null,"vlan":null}`, `{"mode":"pool","link":"link \"x\""}`,
		})))
	}
	if r.chance(5) {
		nic.set("name", nullValue())
	}
}

// spell writes the same meaning differently: members in another order, numbers as floats, characters as escapes.
// Filter rules keep their order: their expressions are lists, and their numbers are kept as written.
func (q *quirks) spell(r *random, v *value, plain bool) {
	switch v.kind {
	case valueNumber:
		if !plain && r.chance(10) {
			v.text = spellNumber(r, v.text)
		}
	case valueString:
		if r.chance(5) {
			v.text = spellString(r, v.text)
		}
	case valueArray:
		for i := range v.items {
			q.spell(r, &v.items[i], plain)
		}
	case valueObject:
		if r.chance(30) {
			shuffle(r, v.members)
		}
		for i := range v.members {
			q.spell(r, &v.members[i].value, plain)
		}
	}
}

// spellNumber keeps the value of an integer below the reference's 64 bits; what is a float already stays.
func spellNumber(r *random, digits string) string {
	if strings.ContainsAny(digits, ".eE") || len(digits) > 12 {
		return digits
	}
	return digits + pick(r, []string{".0", ".000", "e0", "E+0", ".0e-0"})
}

// spellString escapes one plain character.
func spellString(r *random, body string) string {
	if body == "" || strings.Contains(body, `\`) {
		return body
	}
	at := r.below(len(body))
	if body[at] == '/' {
		return body[:at] + `\/` + body[at+1:]
	}
	return fmt.Sprintf(`%s\u%04X%s`, body[:at], body[at], body[at+1:])
}
