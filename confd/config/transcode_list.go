package config

import (
	"bytes"
	"slices"
	"strconv"
)

// list reads a list of values of one shape.
func (t *transcoder) list(s *shape) bool {
	if !t.open('[', "not a list") {
		return false
	}
	start := t.at()
	if !t.closed(']') {
		for i := 0; ; i++ {
			t.out = append(t.out, ',')
			if !t.value(s.elem) {
				return t.within(strconv.Itoa(i))
			}
			if more, ok := t.another(']'); !ok {
				return false
			} else if !more {
				break
			}
		}
	}
	t.enclose(start, '[', ']')
	return true
}

// tuple reads a list whose elements have a shape each.
func (t *transcoder) tuple(s *shape) bool {
	if !t.open('[', s.rule) {
		return false
	}
	start := t.at()
	for i, elem := range s.tuple {
		t.out = append(t.out, ',')
		if t.in[t.pos] == ']' {
			return t.wrong(s.rule)
		}
		if !t.value(elem) {
			return t.within(strconv.Itoa(i))
		}
		if more, ok := t.another(']'); !ok {
			return false
		} else if more != (i < len(s.tuple)-1) {
			return t.wrong(s.rule)
		}
	}
	t.enclose(start, '[', ']')
	return true
}

// set reads a list of strings and writes it sorted, each string once.
func (t *transcoder) set() bool {
	if !t.open('[', "not a list") {
		return false
	}
	start, base := t.at(), len(t.parts)
	if !t.closed(']') {
		for i := 0; ; i++ {
			from := t.at()
			t.out = append(t.out, ',')
			if !t.text() {
				return t.within(strconv.Itoa(i))
			}
			t.parts = append(t.parts, part{from, t.at(), t.at()})
			if more, ok := t.another(']'); !ok {
				return false
			} else if !more {
				break
			}
		}
	}
	t.sort(start, base, nil)
	t.enclose(start, '[', ']')
	return true
}

// container reads an object of members of one shape and writes them sorted by key; of several with one key the last counts.
// A member that is null is absent, unless its shape is free.
func (t *transcoder) container(s *shape) bool {
	if !t.open('{', "not an object") {
		return false
	}
	start, base := t.at(), len(t.parts)
	if !t.closed('}') {
		for {
			if !t.entry(s) {
				return false
			}
			if more, ok := t.another('}'); !ok {
				return false
			} else if !more {
				break
			}
		}
	}
	t.sort(start, base, s.words)
	t.enclose(start, '{', '}')
	return true
}

// entry reads one member of a container.
func (t *transcoder) entry(s *shape) bool {
	from := t.at()
	t.out = append(t.out, ',')
	if !t.keyText() {
		return false
	}
	name := t.at()
	if s.words != nil && rank(t.out[from+2:name-1], s.words) < 0 {
		t.fail(s.rule, nil)
		return t.within(string(t.out[from+2 : name-1]))
	}
	t.out = append(t.out, ':')
	if !t.colon() {
		return false
	}
	if t.in[t.pos] == 'n' && s.elem.kind != shapeFree {
		t.out = t.out[:from]
		return t.literal("null")
	}
	if !t.value(s.elem) {
		return t.within(string(t.out[from+2 : name-1]))
	}
	t.parts = append(t.parts, part{from, name, t.at()})
	return true
}

// sort puts the parts from base on, which are all that was appended from start on, in order: by words if there are some, else by key. Of parts with
// one key it keeps the last. It takes the parts off the stack.
func (t *transcoder) sort(start int32, base int, words []string) {
	parts := t.parts[base:]
	t.parts = t.parts[:base]
	order := func(a, b part) int {
		left, right := t.out[a.from+2:a.name-1], t.out[b.from+2:b.name-1]
		if words != nil {
			return rank(left, words) - rank(right, words)
		}
		return compareBodies(left, right)
	}
	sorted := true
	for i := 1; i < len(parts) && sorted; i++ {
		sorted = order(parts[i-1], parts[i]) < 0
	}
	if sorted {
		return
	}
	slices.SortStableFunc(parts, order)
	t.scratch = t.scratch[:0]
	for i, p := range parts {
		if i+1 == len(parts) || order(p, parts[i+1]) != 0 {
			t.scratch = append(t.scratch, t.out[p.from:p.to]...)
		}
	}
	t.out = append(t.out[:start], t.scratch...)
}

// rank is the index of a string among words, -1 if it isn't among them.
func rank(body []byte, words []string) int {
	for i, word := range words {
		if string(body) == word {
			return i
		}
	}
	return -1
}

// compareBodies compares two strings by their bytes, given as the text between the quotes.
func compareBodies(a, b []byte) int {
	if bytes.IndexByte(a, '\\') < 0 && bytes.IndexByte(b, '\\') < 0 {
		return bytes.Compare(a, b)
	}
	for len(a) > 0 && len(b) > 0 {
		x, n := bodyByte(a)
		y, m := bodyByte(b)
		if x != y {
			return int(x) - int(y)
		}
		a, b = a[n:], b[m:]
	}
	return len(a) - len(b)
}
