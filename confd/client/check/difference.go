package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"unicode/utf8"

	"gantry/confd/client"
	"gantry/confd/wire"
)

// Difference is a query that peers answer differently.
type Difference struct {
	Query string // as arguments of gantry query
	Path  string // where in the answers the first difference is; "" for the whole
	Said  []Said // at least two, that of most peers first
}

// Said is what some peers say.
type Said struct {
	Peers  []netip.AddrPort
	Value  string // what they have at the path, shortened; secrets are left out
	Serial int64  // of the answer
}

// untold says whether a server said that it can't put the answer into a datagram. Others are silent then, so it is no difference.
func untold(reply *client.Reply) bool {
	return reply.Status == wire.StatusError && string(bytes.TrimSpace(reply.Answer)) == strconv.Itoa(int(wire.ErrorInternal))
}

// difference compares the replies to a question, by peer.
func (k *checker) difference(q question, replies []*client.Reply) (d Difference, differ bool) {
	type group struct {
		reply *client.Reply // nil: no answer
		peers []netip.AddrPort
	}
	var groups []group
	for i, reply := range replies {
		if k.report.Peers[i].Silent {
			continue
		}
		if reply != nil && untold(reply) {
			reply = nil
		}
		at := slices.IndexFunc(groups, func(g group) bool { return same(g.reply, reply) })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{reply: reply})
		}
		groups[at].peers = append(groups[at].peers, k.report.Peers[i].Addr)
	}
	if len(groups) < 2 {
		return d, false
	}
	slices.SortStableFunc(groups, func(a, b group) int { return len(b.peers) - len(a.peers) })
	d.Query = q.name
	var values []any
	for _, g := range groups {
		values = append(values, value(g.reply))
	}
	d.Path, values = descend(values)
	for i, g := range groups {
		said := Said{Peers: g.peers, Value: show(values[i], d.Path)}
		if g.reply != nil {
			said.Serial = g.reply.Serial
		}
		d.Said = append(d.Said, said)
	}
	return d, true
}

func same(a, b *client.Reply) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Status == b.Status && a.Serial == b.Serial && client.SameAnswer(a.Answer, b.Answer)
}

// noAnswer and failure stand among values for what isn't an answer.
type (
	noAnswer struct{}
	failure  string
	absent   struct{}
)

// value returns a reply as what is compared in depth.
func value(reply *client.Reply) any {
	if reply == nil {
		return noAnswer{}
	}
	if err := reply.Err(); err != nil {
		return failure(err.Error())
	}
	decoder := json.NewDecoder(bytes.NewReader(reply.Answer))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return failure("no JSON")
	}
	return v
}

// descend follows the values to where they first differ: as long as all are objects that differ in one member, or lists of one length.
func descend(values []any) (path string, at []any) {
	for {
		step, next, ok := descendOnce(values)
		if !ok {
			return path, values
		}
		path, values = path+step, next
	}
}

func descendOnce(values []any) (step string, next []any, ok bool) {
	switch first := values[0].(type) {
	case map[string]any:
		return descendObjects(values)
	case []any:
		return descendLists(values, len(first))
	}
	return "", nil, false
}

func descendObjects(values []any) (step string, next []any, ok bool) {
	keys := make(set)
	for _, v := range values {
		object, isObject := v.(map[string]any)
		if !isObject {
			return "", nil, false
		}
		for key := range object {
			keys[key] = true
		}
	}
	for _, key := range keys.sorted() {
		next = next[:0]
		for _, v := range values {
			member, found := v.(map[string]any)[key]
			if !found {
				member = absent{}
			}
			next = append(next, member)
		}
		if !allEqual(next) {
			return "/" + escape(key), next, true
		}
	}
	return "", nil, false
}

func descendLists(values []any, length int) (step string, next []any, ok bool) {
	for _, v := range values {
		if list, isList := v.([]any); !isList || len(list) != length {
			return "", nil, false
		}
	}
	if sameMembers(values) {
		return "", nil, false
	}
	for i := range length {
		next = next[:0]
		for _, v := range values {
			next = append(next, v.([]any)[i])
		}
		if !allEqual(next) {
			return "/" + strconv.Itoa(i), next, true
		}
	}
	return "", nil, false
}

func allEqual(values []any) bool {
	for _, v := range values[1:] {
		if !equal(values[0], v) {
			return false
		}
	}
	return true
}

func equal(a, b any) bool {
	_, noA := a.(absent)
	_, noB := b.(absent)
	if noA || noB {
		return noA == noB
	}
	return client.SameAnswer(text(a), text(b))
}

// sameMembers says whether lists differ in nothing but their order.
func sameMembers(values []any) bool {
	for _, v := range values[1:] {
		if !slices.Equal(sortedTexts(values[0]), sortedTexts(v)) {
			return false
		}
	}
	return true
}

func sortedTexts(list any) []string {
	var texts []string
	for _, v := range list.([]any) {
		texts = append(texts, string(text(v)))
	}
	slices.Sort(texts)
	return texts
}

func text(v any) json.RawMessage {
	written, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage(fmt.Sprintf("%q", err)) // it was read from JSON, so there is none
	}
	return written
}

// shown is how many bytes of a value are shown.
const shown = 60

func show(v any, path string) string {
	switch v := v.(type) {
	case noAnswer:
		return "no answer"
	case failure:
		return cut(string(v))
	case absent:
		return "nothing"
	case map[string]any:
		return fmt.Sprintf("an object of %d", len(v))
	case []any:
		return showList(v, path)
	}
	if secret(path) {
		return "(not shown)"
	}
	return cut(string(text(v)))
}

// showList shows a list of plain values as it is.
func showList(list []any, path string) string {
	for _, v := range list {
		switch v.(type) {
		case map[string]any, []any:
			return fmt.Sprintf("a list of %d", len(list))
		}
	}
	if secret(path) {
		return "(not shown)"
	}
	return cut(string(text(list)))
}

func cut(text string) string {
	if len(text) <= shown {
		return text
	}
	end := shown
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
