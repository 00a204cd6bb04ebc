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

	// shortCost and longCost say how many blocks crypto/sha1 hashes, one after the other, in the time of one block in all lanes: those of
	// messages shorter than longBlocks, and others.
	shortCost, longCost int
}

// longBlocks is the length, in blocks, from which on crypto/sha1 uses AVX2 if there is nothing better.
const longBlocks = 4

// serial is the engine of CPUs without lanes.
var serial = &laneEngine{name: "serial"}

// pays reports whether lanes are the cheaper way for messages that take so many blocks, all and the longest of them. (Each takes one more,
// for the outer hash of its HMAC.)
func (e *laneEngine) pays(messages, blocks, longest int) bool {
	cost := e.shortCost
	if longest >= longBlocks {
		cost = e.longCost
	}
	return e.lanes > 0 && blocks+messages >= cost*(longest+1)
}

// laneHash computes MACs in lanes.
type laneHash struct {
	outer [maxLanes][blockSize]byte // what the outer hash of an HMAC covers: the inner one, padded
}

func newLaneHash() *laneHash {
	h := new(laneHash)
	for lane := range h.outer {
		pad(h.outer[lane][:], hashSize)
	}
	return h
}

// sum computes the MACs of the messages of a group, no more than there are lanes. They have the same key and are in the order of their length.
func (h *laneHash) sum(engine *laneEngine, messages []message, group []uint32) {
	var data [maxLanes]*byte
	key := messages[group[0]].key
	states := key.inner.lanes
	done := 0
	for lane, i := range group {
		if blocks := messages[i].blocks; len(blocks) > done {
			for l := range data { // the lanes that are done, or have nothing to do, go along with others
				data[l] = &messages[group[min(max(l, lane), len(group)-1)]].blocks[done]
			}
			engine.hash(&states, &data, (len(blocks)-done)/blockSize)
			done = len(blocks)
		}
		block := &h.outer[lane&(maxLanes-1)]
		for word := range states {
			binary.BigEndian.PutUint32(block[4*word:], states[word][lane&(maxLanes-1)])
		}
	}
	states = key.outer.lanes
	for l := range data {
		data[l] = &h.outer[l][0]
	}
	engine.hash(&states, &data, 1)
	for lane, i := range group {
		m := &messages[i].mac
		for word := range states {
			m[word] = states[word][lane&(maxLanes-1)]
		}
	}
}
