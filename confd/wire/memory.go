package wire

// memory holds the decoded text of a batch. It grows to at most twice what the largest batch needed and is then reused.
type memory struct {
	bytes []byte
}

func newMemory(size int) memory {
	return memory{bytes: make([]byte, 0, size)}
}

// reset begins a batch: what was handed out before is overwritten.
func (m *memory) reset() {
	m.bytes = m.bytes[:0]
}

// space returns an empty slice with room for n bytes and textSlack more. It is the next call's too, except for what was taken of it.
func (m *memory) space(n int) []byte {
	n += textSlack
	if cap(m.bytes)-len(m.bytes) < n {
		m.bytes = make([]byte, 0, max(2*cap(m.bytes), n))
	}
	used := len(m.bytes)
	return m.bytes[used : used : used+n]
}

// take keeps text, which lies at the beginning of the last space.
func (m *memory) take(text []byte) {
	m.bytes = m.bytes[:len(m.bytes)+len(text)]
}
