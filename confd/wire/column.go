package wire

import (
	"encoding/binary"
	"slices"
)

// message is what one MAC covers, salt and text, and what comes of it.
type message struct {
	key    *Key   // nil: the MAC isn't wanted, or is computed already
	blocks []byte // the message as SHA-1 hashes it after the key's block: padded to whole blocks
	mac    mac
}

// column computes the MACs of many messages at once. It keeps its memory: what its largest batch needed, twice at most. Its zero value is ready.
type column struct {
	messages []message
	memory   memory
	order    []uint32 // indices of messages, by their length
	engine   *laneEngine
	lanes    *laneHash
	serial   serialHash
}

// fastest is the engine that is used, but for tests.
var fastest = engines()[0]

// messageMemory is what is set aside for a message, in bytes. The messages that the known clients send take three blocks; but a busy server
// seals long answers too, as much as its send arena holds: 4 KiB each. With that, and what padding and aligning take, its first long
// batches don't allocate either. Memory that is never used is never mapped.
const messageMemory = 4<<10 + 3*blockSize

func newColumn(size int) column {
	return column{
		messages: make([]message, 0, size),
		memory:   newMemory(size * messageMemory),
		order:    make([]uint32, 0, size),
	}
}

// clear begins a batch.
func (c *column) clear() {
	c.messages = c.messages[:0]
	c.memory.reset()
}

// room returns memory for a message of n bytes and its padding.
func (c *column) room(n int) []byte {
	return c.memory.room(n + blockSize + paddingMin)
}

// add adds the message that lies in the last room's bytes from start to end.
func (c *column) add(room []byte, start, end int) {
	n := end - start
	padded := room[start : start+paddedLen(n)]
	pad(padded, n)
	c.memory.take(start + len(padded))
	if len(c.messages) == cap(c.messages) {
		c.messages = slices.Grow(c.messages, 1)
	}
	c.messages = c.messages[:len(c.messages)+1]
	m := &c.messages[len(c.messages)-1]
	m.key, m.blocks = nil, padded
}

// sum fills in the MACs of all messages that have a key.
func (c *column) sum() {
	if c.engine == nil {
		c.engine = fastest
	}
	if c.engine.lanes > 0 && c.lanes == nil {
		c.lanes = newLaneHash()
	}
	c.sort()
	for rest := c.order; len(rest) > 0; {
		rest = c.sumGroup(rest)
	}
}

// sumGroup computes the MACs of the first messages in order and returns the others.
func (c *column) sumGroup(order []uint32) (rest []uint32) {
	group, pays := c.group(order)
	if pays {
		c.lanes.sum(c.engine, c.messages, group)
	} else {
		for _, i := range group {
			c.serial.sum(&c.messages[i])
		}
	}
	return order[len(group):]
}

// group returns the first messages in order, as many as had best be hashed together, and whether lanes pay for them.
func (c *column) group(order []uint32) (group []uint32, pays bool) {
	key := c.messages[order[0]].key
	count, blocks, longest := 0, 0, 0
	for _, i := range order[:min(len(order), max(c.engine.lanes, 1))] {
		m := &c.messages[i]
		n := len(m.blocks) / blockSize
		if m.key != key || n < longest { // the longest ones aren't in order
			break
		}
		if n > longest && c.engine.pays(count, blocks, longest) && !c.engine.pays(count+1, blocks+n, n) {
			break // it would keep the lanes busy for itself alone
		}
		count++
		longest = n
		blocks += n
	}
	return order[:count], c.engine.pays(count, blocks, longest)
}

// sortedBlocks is how many lengths sort tells apart, in blocks. Messages of more count as equally long.
const sortedBlocks = 64

// sort puts the indices of all messages with a key in order, the shortest first.
func (c *column) sort() {
	var next [sortedBlocks + 1]uint32 // where the next message of so many blocks goes
	count := 0
	for i := range c.messages {
		if m := &c.messages[i]; m.key != nil {
			next[min(len(m.blocks)/blockSize, sortedBlocks)]++
			count++
		}
	}
	place := uint32(0)
	for blocks, n := range next {
		next[blocks] = place
		place += n
	}
	c.order = sized(c.order, count)
	for i := range c.messages {
		if m := &c.messages[i]; m.key != nil {
			at := &next[min(len(m.blocks)/blockSize, sortedBlocks)]
			c.order[*at] = uint32(i)
			*at++
		}
	}
}

const (
	blockSize  = 64 // of SHA-1, in bytes
	hashSize   = 20
	paddingMin = 1 + 8 // a bit and the length
)

// paddedLen returns the length of n bytes with SHA-1's padding.
func paddedLen(n int) int {
	return (n + paddingMin + blockSize - 1) &^ (blockSize - 1)
}

// pad puts the padding behind the first n bytes of blocks, which follow a key's block.
func pad(blocks []byte, n int) {
	bits := uint64(blockSize+n) * 8
	binary.LittleEndian.PutUint64(blocks[n:], 0x80)
	for n += 8; n+8 <= len(blocks); n += 8 {
		binary.LittleEndian.PutUint64(blocks[n:n+8], 0)
	}
	binary.BigEndian.PutUint64(blocks[len(blocks)-8:], bits)
}
