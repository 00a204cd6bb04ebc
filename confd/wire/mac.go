package wire

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding"
	"encoding/binary"
	"hash"
)

// message is what one MAC covers: head (the salt) and then text (the message proper).
type message struct {
	key        *Key
	head, text []byte
	mac        mac
}

// column computes the MACs of many messages at once. Its messages keep their memory from batch to batch.
type column struct {
	messages []message
	serial   serialHash
}

func newColumn(size int) column {
	return column{messages: make([]message, 0, size)}
}

// clear begins a column anew.
func (c *column) clear() {
	clear(c.messages) // not to keep a batch's memory alive
	c.messages = c.messages[:0]
}

func (c *column) last() *message {
	return &c.messages[len(c.messages)-1]
}

func (c *column) add(key *Key, head, text []byte) {
	c.messages = append(c.messages, message{key: key, head: head, text: text})
}

// sum fills in the mac of every message.
func (c *column) sum() {
	for i := range c.messages {
		c.serial.sum(&c.messages[i])
	}
}

// serialHash computes one MAC after the other with crypto/sha1. Restoring a key's state into the same digest is the cheapest way there that
// allocates nothing. Its zero value is ready.
type serialHash struct {
	digest savedHash
	sum20  []byte
}

type savedHash interface {
	hash.Hash
	encoding.BinaryUnmarshaler
}

func (s *serialHash) sum(m *message) {
	if s.digest == nil {
		s.digest = sha1.New().(savedHash)
		s.sum20 = make([]byte, 0, sha1.Size)
	}
	s.restore(&m.key.inner)
	s.digest.Write(m.head)
	s.digest.Write(m.text)
	s.sum20 = s.digest.Sum(s.sum20[:0])
	s.restore(&m.key.outer)
	s.digest.Write(s.sum20)
	s.sum20 = s.digest.Sum(s.sum20[:0])
	for i := range m.mac {
		m.mac[i] = binary.BigEndian.Uint32(s.sum20[4*i:])
	}
}

func (s *serialHash) restore(state *keyState) {
	if err := s.digest.UnmarshalBinary(state[:]); err != nil {
		panic("wire: crypto/sha1 refuses a state of its own: " + err.Error())
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
