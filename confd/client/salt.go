package client

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand/v2"
	"sync"
)

// saltLength is a reply salt's length: a UUID's, as both of the reference's clients send it.
const saltLength = 36

// salts makes reply salts that can't be guessed, without a system call each. It is safe for concurrent use.
type salts struct {
	mu     sync.Mutex
	source *mathrand.ChaCha8
}

func newSalts() *salts {
	var seed [32]byte
	rand.Read(seed[:])
	return &salts{source: mathrand.NewChaCha8(seed)}
}

func (s *salts) random() (random [16]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.source.Read(random[:])
	return random
}

func (s *salts) next() string { return formatUUID(s.random()) }

// newSalt makes a reply salt for a request that belongs to no client yet.
func newSalt() string {
	var random [16]byte
	rand.Read(random[:])
	return formatUUID(random)
}

// formatUUID writes random bytes as a UUID of version 4.
func formatUUID(random [16]byte) string {
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	var text [saltLength]byte
	from := 0
	to := 0
	for _, group := range [...]int{4, 2, 2, 2, 6} {
		if to > 0 {
			text[to] = '-'
			to++
		}
		to += hex.Encode(text[to:], random[from:from+group])
		from += group
	}
	return string(text[:])
}
