package config

// free reads a value of any shape and writes it as it is: members keep their order, also several of one name.
func (t *transcoder) free() bool {
	from := t.pos
	switch c := t.in[t.pos]; {
	case c == '"':
		return t.quoted()
	case c == '{':
		return t.freeObject()
	case c == '[':
		return t.list(freeList)
	case c == '-' || isDigit(c):
		return t.freeNumber()
	case c == 't' || c == 'f':
		return t.boolean()
	case c == 'n':
		ok := t.literal("null")
		t.out = append(t.out, t.in[from:t.pos]...)
		return ok
	default:
		return t.unexpected()
	}
}

func (t *transcoder) freeObject() bool {
	if !t.open('{', "not an object") {
		return false
	}
	start := t.at()
	if !t.closed('}') {
		for {
			from := len(t.out)
			t.out = append(t.out, ',')
			if !t.keyText() {
				return false
			}
			name := len(t.out)
			t.out = append(t.out, ':')
			if !t.colon() {
				return false
			}
			if !t.free() {
				return t.within(string(t.out[from+2 : name-1]))
			}
			if more, ok := t.another('}'); !ok {
				return false
			} else if !more {
				break
			}
		}
	}
	t.enclose(start, '{', '}')
	return true
}

var freeList = &shape{kind: shapeList, elem: free}
