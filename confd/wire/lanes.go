package wire

import "encoding/binary"

// maxLanes is the number of lanes of the widest engine.
const maxLanes = 16

// laneStates are states of SHA-1: row i has the i-th word of each lane's.
type laneStates [5][maxLanes]uint32

// laneEngine is an implementation of SHA-1 that hashes several messages side by side, each in a lane of vector registers. It takes the same
// time however many lanes are in use.
type laneEngine struct {
	name  string
	lanes int // how many there are; 0 if messages are hashed one after the other instead

	// hash adds the next blocks of each lane's data to its state. All pointers must have that many blocks behind them, those of lanes that
	// aren't in use too.
	hash func(states *laneStates, data *[maxLanes]*byte, blocks int)

	// shortCost and longCost say how many blocks crypto/sha1 hashes, one after the other, in the time of one block in all lanes: those of
	// messages shorter than longBlocks, and others.
	shortCost, longCost int
}

const (
	// longBlocks is the length, in blocks, from which on crypto/sha1 uses AVX2 if there is nothing better.
	longBlocks = 4

	// maxLaneBlocks is the longest message for a lane, in blocks. Longer ones, over 2 KiB, are rarely several at a time, and room for the
	// longest is set aside for every lane.
	maxLaneBlocks = 32
)

// pays reports whether lanes are the cheaper way for messages that take so many blocks, all and the longest of them. (Each takes one more,
// for the outer hash of its HMAC.)
func (e *laneEngine) pays(messages, blocks, longest int) bool {
	cost := e.shortCost
	if longest >= longBlocks {
		cost = e.longCost
	}
	return longest <= maxLaneBlocks && blocks+messages >= cost*(longest+1)
}

// laneHash computes MACs in lanes.
type laneHash struct {
	states laneStates
	data   [maxLanes]*byte
	text   []byte // the padded messages, one after the other
	starts [maxLanes]int
	outer  [maxLanes][blockSize]byte // what the outer hash covers: the inner one, padded
}

func newLaneHash() *laneHash {
	h := &laneHash{text: make([]byte, 0, maxLanes*maxLaneBlocks*blockSize)}
	for lane := range h.outer {
		appendPadding(h.outer[lane][:hashSize], hashSize)
	}
	return h
}

// sum computes the MACs of the messages of a group, no more than there are lanes. They have the same key and are in the order of their length.
func (h *laneHash) sum(engine *laneEngine, messages []message, group []uint32) {
	h.text = h.text[:0]
	for lane, i := range group {
		m := &messages[i]
		h.starts[lane] = len(h.text)
		h.text = append(append(h.text, m.head...), m.text...)
		h.text = appendPadding(h.text, len(m.head)+len(m.text))
	}
	key := messages[group[0]].key
	h.states = key.inner.lanes
	done, last := 0, len(group)-1
	for lane, i := range group {
		if blocks := messages[i].blocks; blocks > done {
			for l := range engine.lanes { // the lanes that are done, or have nothing to do, go along with others
				start := h.starts[min(max(l, lane), last)]
				h.data[l] = &h.text[start+done*blockSize]
			}
			engine.hash(&h.states, &h.data, blocks-done)
			done = blocks
		}
		for word := range h.states {
			binary.BigEndian.PutUint32(h.outer[lane][4*word:], h.states[word][lane])
		}
	}
	h.states = key.outer.lanes
	for l := range engine.lanes {
		h.data[l] = &h.outer[min(l, last)][0]
	}
	engine.hash(&h.states, &h.data, 1)
	for lane, i := range group {
		for word := range h.states {
			messages[i].mac[word] = h.states[word][lane]
		}
	}
}

const (
	blockSize = 64 // of SHA-1, in bytes
	hashSize  = 20
)

// paddedBlocks returns how many blocks n bytes take with SHA-1's padding: a bit, zeros, and the length.
func paddedBlocks(n int) int {
	return (n + 1 + 8 + blockSize - 1) / blockSize
}

// appendPadding appends the padding after a message of n bytes that follows a key's block.
func appendPadding(dst []byte, n int) []byte {
	dst = append(dst, 0x80)
	dst = append(dst, make([]byte, paddedBlocks(n)*blockSize-n-1-8)...)
	return binary.BigEndian.AppendUint64(dst, uint64(blockSize+n)*8)
}
