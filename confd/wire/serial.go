package wire

import (
	"crypto/sha1"
	"encoding"
	"encoding/binary"
	"hash"
)

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
	if err := s.digest.UnmarshalBinary(state.saved[:]); err != nil {
		panic("wire: crypto/sha1 refuses a state of its own: " + err.Error())
	}
}
