package wire

import (
	"crypto/sha1"
	"encoding"
	"encoding/binary"
	"hash"
)

// serialHash computes one MAC after the other with crypto/sha1. Restoring a key's state into the same digest is the cheapest way there that
// allocates nothing; and as all that it hashes is padded to whole blocks, the saved state is the hash. Its zero value is ready.
type serialHash struct {
	digest savedHash
	state  []byte
	outer  []byte // what the outer hash of an HMAC covers: the inner one, padded
}

type savedHash interface {
	hash.Hash
	encoding.BinaryUnmarshaler
	encoding.BinaryAppender
}

func (s *serialHash) sum(m *message) {
	if s.digest == nil {
		s.digest = sha1.New().(savedHash)
		s.state = make([]byte, 0, savedLen)
		s.outer = make([]byte, blockSize)
		pad(s.outer, hashSize)
	}
	copy(s.outer, s.hash(&m.key.inner, m.blocks))
	sum := s.hash(&m.key.outer, s.outer)
	for i := range m.mac {
		m.mac[i] = binary.BigEndian.Uint32(sum[4*i:])
	}
}

// hash returns the hash of whole blocks that follow a key's. It is valid until the next call.
func (s *serialHash) hash(key *keyState, blocks []byte) []byte {
	if err := s.digest.UnmarshalBinary(key.saved[:]); err != nil {
		panic("wire: crypto/sha1 refuses a state of its own: " + err.Error())
	}
	s.digest.Write(blocks)
	s.state, _ = s.digest.AppendBinary(s.state[:0])
	return s.state[savedMagic : savedMagic+hashSize]
}
