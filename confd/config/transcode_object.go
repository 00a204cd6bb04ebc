package config

// lookahead is how many fields are compared with a key before it is looked up. Optional fields are often missing, at most two
// or three in a row.
const lookahead = 4

// A frame is an object being read.
type frame struct {
	schema *schema
	start  int32 // of the object in out
	base   int   // of its fields in spans
	extra  int   // of its unknown members in parts
}

// object reads an object by its schema and leaves its spans on the stack.
func (t *transcoder) object(s *schema) bool {
	if !t.open('{', "not an object") {
		return false
	}
	f := frame{schema: s, start: t.at(), base: len(t.spans), extra: len(t.parts)}
	for range s.fields {
		t.spans = append(t.spans, span{})
	}
	if !t.closed('}') && !t.members(f) {
		return false
	}
	return t.finish(f)
}

// members reads the members of an object and its closing bracket.
func (t *transcoder) members(f frame) bool {
	for next := 0; ; {
		i, ok := t.fieldKey(f.schema, next)
		if !ok {
			return false
		}
		if i < 0 {
			ok = t.unknown()
		} else {
			next = i + 1
			ok = t.known(f, i)
		}
		if !ok {
			return false
		}
		if more, ok := t.another('}'); !more {
			return ok
		}
	}
}

// fieldKey reads a key with its colon and returns the field's index, or -1 for an unknown key, which is then appended. Most
// keys are the next field's or one soon after.
func (t *transcoder) fieldKey(s *schema, next int) (int, bool) {
	for i := next; i < min(next+lookahead, len(s.fields)); i++ {
		if key := s.fields[i].prefix[1:]; t.follows(key) {
			t.pos += len(key)
			t.space()
			return i, true
		}
	}
	from := t.at()
	t.out = append(t.out, ',')
	if !t.keyText() {
		return 0, false
	}
	name := t.out[from+2 : len(t.out)-1]
	i, known := s.index[string(name)]
	if !known {
		i = -1
		for _, word := range s.legacy {
			if word == string(name) {
				return 0, t.outdated("has " + word)
			}
		}
		t.out = append(t.out, ':')
		t.parts = append(t.parts, part{from: from, name: t.at() - 1})
	} else {
		t.out = t.out[:from]
	}
	return i, t.colon()
}

// follows reports whether the input goes on with a text.
func (t *transcoder) follows(text string) bool {
	rest := t.in[t.pos:]
	return len(rest) >= len(text) && string(rest[:len(text)]) == text
}

// known reads the value of a field. The first member of a name counts.
func (t *transcoder) known(f frame, i int) bool {
	rule, at := &f.schema.fields[i], f.base+i
	from := t.at()
	switch {
	case t.spans[at] != span{}:
		if !t.free() {
			return t.within(rule.name)
		}
		t.out = t.out[:from]
	case t.in[t.pos] == 'n':
		if !t.literal("null") {
			return t.within(rule.name)
		}
		t.spans[at] = nullSpan
	default:
		t.out = append(t.out, rule.prefix...)
		if !t.value(rule.shape) {
			return t.within(rule.name)
		}
		t.spans[at] = span{from, t.at()}
	}
	return true
}

// unknown reads the value of an unknown key, which was appended and is the last part.
func (t *transcoder) unknown() bool {
	p := &t.parts[len(t.parts)-1]
	if !t.free() {
		return t.within(string(t.out[p.from+2 : p.name-1]))
	}
	p.to = t.at()
	return true
}

// finish fills in what is missing, puts the members in order and closes the object.
func (t *transcoder) finish(f frame) bool {
	if check := f.schema.check; check != nil && !check(t, f) {
		return false
	}
	for i := range f.schema.fields {
		if !t.complete(f, i) {
			return false
		}
	}
	if !t.tiled(f) {
		t.arrange(f)
	}
	t.parts = t.parts[:f.extra]
	t.enclose(f.start, '{', '}')
	return true
}

// complete fills in a field that is missing, and drops one that isn't written.
func (t *transcoder) complete(f frame, i int) bool {
	rule, sp := &f.schema.fields[i], t.spans[f.base+i]
	if sp.present() {
		if rule.need == hidden && string(t.out[int(sp.from)+len(rule.prefix):sp.to]) == rule.def {
			t.spans[f.base+i] = nullSpan
		}
		return true
	}
	switch rule.need {
	case optional, hidden:
		return true
	case identity:
		if t.depth == 0 && len(t.key) > 0 {
			from := t.at()
			t.out = AppendQuoted(append(t.out, rule.prefix...), t.key)
			t.spans[f.base+i] = span{from, t.at()}
		}
		return true
	case mandatory:
		if t.forthcoming(f) {
			return true
		}
	}
	if rule.def == "" {
		t.fail("missing", nil)
		return t.within(rule.name)
	}
	t.fill(f, i, rule.def)
	return true
}

// fill appends a field with a value.
func (t *transcoder) fill(f frame, i int, value string) {
	from := t.at()
	t.out = append(append(t.out, f.schema.fields[i].prefix...), value...)
	t.spans[f.base+i] = span{from, t.at()}
}

// drop leaves out a field.
func (t *transcoder) drop(f frame, i int) { t.spans[f.base+i] = nullSpan }

// field returns the text of a field, nil if it is absent.
func (t *transcoder) field(f frame, i int) []byte {
	sp := t.spans[f.base+i]
	if !sp.present() {
		return nil
	}
	return t.out[int(sp.from)+len(f.schema.fields[i].prefix) : sp.to]
}

// forthcoming reports whether the object is a reservation, in which mandatory fields may be missing.
func (t *transcoder) forthcoming(f frame) bool {
	return f.schema.forthcoming && string(t.field(f, 0)) == "true"
}

// tiled reports whether the members stand where they belong: known ones by the schema, then unknown ones, and nothing else.
func (t *transcoder) tiled(f frame) bool {
	at := f.start
	for _, sp := range t.spans[f.base : f.base+len(f.schema.fields)] {
		if !sp.present() {
			continue
		}
		if sp.from != at {
			return false
		}
		at = sp.to
	}
	for _, p := range t.parts[f.extra:] {
		if p.from != at {
			return false
		}
		at = p.to
	}
	return at == t.at()
}

// arrange moves the members to where they belong.
func (t *transcoder) arrange(f frame) {
	t.scratch = t.scratch[:0]
	for i := f.base; i < f.base+len(f.schema.fields); i++ {
		if sp := t.spans[i]; sp.present() {
			from := f.start + int32(len(t.scratch))
			t.scratch = append(t.scratch, t.out[sp.from:sp.to]...)
			t.spans[i] = span{from, f.start + int32(len(t.scratch))}
		}
	}
	for _, p := range t.parts[f.extra:] {
		t.scratch = append(t.scratch, t.out[p.from:p.to]...)
	}
	t.out = append(t.out[:f.start], t.scratch...)
}

// enclose turns ,member,member… from start on into an object, or ,element… into a list.
func (t *transcoder) enclose(start int32, opening, closing byte) {
	if t.at() == start {
		t.out = append(t.out, opening)
	} else {
		t.out[start] = opening
	}
	t.out = append(t.out, closing)
}
