package wire

// memory holds the bytes of a batch. It grows to at most twice what the largest batch needed, and is then reused. Its zero value is ready.
type memory struct {
	bytes []byte
	used  int
}

// alignment is that of a cache line: what begins there can be loaded into vector registers without touching two.
const alignment = 64

func newMemory(size int) memory {
	return memory{bytes: make([]byte, size)}
}

// reset begins a batch: what was handed out before is used again.
func (m *memory) reset() {
	m.used = 0
}

// room returns n bytes, with anything in them. They are the next call's too, except for those that are taken.
func (m *memory) room(n int) []byte {
	if len(m.bytes)-m.used < n {
		m.bytes = make([]byte, max(2*len(m.bytes), n))
		m.used = 0
	}
	return m.bytes[m.used : m.used+n]
}

// take keeps the first n bytes of the last room.
func (m *memory) take(n int) {
	m.used = min((m.used+n+alignment-1)&^(alignment-1), len(m.bytes))
}

// sized returns n zero elements, in the memory of table if they fit.
func sized[T any](table []T, n int) []T {
	if cap(table) < n {
		return make([]T, n, max(n, 2*cap(table)))
	}
	table = table[:n]
	clear(table)
	return table
}
