package wire

// Every datagram that this package writes, request or reply, has the form of the reference's: compact, with its keys in this order.
const (
	beforeMsg  = Magic + `{"hmac":"` + hexHole + `","msg":"`
	hexHole    = "0000000000000000000000000000000000000000"
	holeOffset = len(Magic + `{"hmac":"`)
	beforeSalt = `","salt":"`
	afterSalt  = `"}`
)

// ReplySize returns the size of the datagram that Append makes of msg and rsalt, in bytes. escaped may be nil, as there.
func ReplySize(msg, escaped, rsalt []byte) int {
	size := len(beforeMsg) + len(beforeSalt) + EscapedLen(rsalt) + len(afterSalt)
	if escaped == nil {
		return size + EscapedLen(msg)
	}
	return size + len(escaped)
}

// Sealer writes signed replies, a batch at a time: first their text, then all MACs. It belongs to one goroutine.
type Sealer struct {
	sealed batch
}

// NewSealer makes a sealer with memory for batches of maxBatch replies. Larger ones make it allocate once.
func NewSealer(maxBatch int) *Sealer {
	return &Sealer{sealed: newBatch(maxBatch)}
}

// Append appends a whole reply to req to arena, with zeros in place of its MAC until Sign. escaped is msg as AppendEscaped writes it; if it
// is nil, msg is escaped on the way.
func (s *Sealer) Append(arena []byte, req *Request, msg, escaped []byte) []byte {
	return s.sealed.append(arena, req.Key, req.RSalt, msg, escaped)
}

// Sign puts the MACs into all replies appended since the last Sign. arena is what the last Append returned.
func (s *Sealer) Sign(arena []byte) {
	s.sealed.sign(arena)
}

// batch is datagrams that wait for their MACs.
type batch struct {
	column column
	holes  []int // where in the arena each MAC goes
}

func newBatch(size int) batch {
	return batch{column: newColumn(size), holes: make([]int, 0, size)}
}

// append appends a datagram without its MAC. If escaped is nil, msg is escaped on the way.
func (b *batch) append(arena []byte, key *Key, salt, msg, escaped []byte) []byte {
	room := b.column.room(len(salt) + len(msg))
	n := copy(room, salt)
	n += copy(room[n:], msg)
	b.column.add(room, 0, n)
	b.column.messages[len(b.column.messages)-1].key = key
	b.holes = append(b.holes, len(arena)+holeOffset)

	arena = append(arena, beforeMsg...)
	if escaped == nil {
		arena = AppendEscaped(arena, msg)
	} else {
		arena = append(arena, escaped...)
	}
	arena = append(arena, beforeSalt...)
	arena = AppendEscaped(arena, salt)
	return append(arena, afterSalt...)
}

func (b *batch) sign(arena []byte) {
	b.column.sum()
	for i, hole := range b.holes {
		b.column.messages[i].mac.put((*[hexLen]byte)(arena[hole:]))
	}
	b.holes = b.holes[:0]
	b.column.clear()
}
