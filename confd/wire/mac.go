package wire

import "crypto/subtle"

// message is what one MAC covers: head (the salt) and then text (the message proper).
type message struct {
	key        *Key
	head, text []byte
	blocks     int // how many blocks of SHA-1 they fill
	mac        mac
}

// column computes the MACs of many messages at once. It keeps its memory. Its zero value is ready.
type column struct {
	messages []message
	order    []uint32 // indices of messages, by their length
	engine   *laneEngine
	lanes    *laneHash
	serial   serialHash
}

// serial is the engine of CPUs without lanes.
var serial = &laneEngine{name: "serial"}

// fastest is the engine that is used, but for tests.
var fastest = engines()[0]

func newColumn(size int) column {
	return column{messages: make([]message, 0, size), order: make([]uint32, 0, size), engine: fastest}
}

// clear begins a column anew.
func (c *column) clear() {
	clear(c.messages) // not to keep a batch's memory alive
	c.messages = c.messages[:0]
}

func (c *column) add(key *Key, head, text []byte) {
	c.messages = append(c.messages, message{key: key, head: head, text: text, blocks: paddedBlocks(len(head) + len(text))})
}

// setHead changes the head of the last message.
func (c *column) setHead(head []byte) {
	m := &c.messages[len(c.messages)-1]
	m.head = head
	m.blocks = paddedBlocks(len(m.head) + len(m.text))
}

// sum fills in the mac of every message.
func (c *column) sum() {
	if c.engine == nil {
		c.engine = fastest
	}
	if c.engine.lanes == 0 {
		for i := range c.messages {
			c.serial.sum(&c.messages[i])
		}
		return
	}
	if c.lanes == nil {
		c.lanes = newLaneHash()
	}
	c.sort()
	for rest := c.order; len(rest) > 0; {
		rest = c.sumGroup(rest)
	}
}

// sumGroup computes the MACs of as many of the messages in order as fit into the lanes, and returns the rest.
func (c *column) sumGroup(order []uint32) (rest []uint32) {
	first := &c.messages[order[0]]
	count, blocks, longest := 0, 0, 0
	for _, i := range order[:min(len(order), c.engine.lanes)] {
		m := &c.messages[i]
		if m.key != first.key || m.blocks > maxLaneBlocks && count > 0 {
			break
		}
		count++
		blocks += m.blocks
		longest = m.blocks
	}
	group := order[:count]
	if c.engine.pays(count, blocks, longest) {
		c.lanes.sum(c.engine, c.messages, group)
		return order[count:]
	}
	for _, i := range group {
		c.serial.sum(&c.messages[i])
	}
	return order[count:]
}

// sort puts the indices of all messages in order, the shortest first. All that are too long for a lane count as equally long.
func (c *column) sort() {
	var next [maxLaneBlocks + 3]uint32 // where the next message of so many blocks, less one, goes
	for i := range c.messages {
		next[min(c.messages[i].blocks, maxLaneBlocks+1)+1]++
	}
	for blocks := 1; blocks < len(next); blocks++ {
		next[blocks] += next[blocks-1]
	}
	c.order = append(c.order[:0], make([]uint32, len(c.messages))...)
	for i := range c.messages {
		place := &next[min(c.messages[i].blocks, maxLaneBlocks+1)]
		c.order[*place] = uint32(i)
		*place++
	}
}

// equal compares in constant time.
func (m *mac) equal(other *mac) bool {
	var difference uint32
	for i := range m {
		difference |= m[i] ^ other[i]
	}
	return subtle.ConstantTimeEq(int32(difference), 0) == 1
}
