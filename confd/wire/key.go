package wire

import (
	"crypto/sha1"
	"encoding"
	"encoding/binary"
)

// Key is an HMAC key, ready to sign and verify: the states of SHA-1 after its two padded forms are computed once. It never changes, so any
// number of goroutines may share it.
type Key struct {
	inner, outer keyState
}

// keyState is SHA-1 after one block, as crypto/sha1 saves it and for every lane.
type keyState struct {
	saved [savedLen]byte
	lanes laneStates
}

const (
	savedLen   = 96 // of crypto/sha1's saved states
	savedMagic = 4  // what they begin with, before the five words
)

// The bytes that RFC 2104 combines the padded key with.
const (
	innerPad = 0x36
	outerPad = 0x5c
)

// NewKey makes a key of a key file's bytes, all of them as they are: the final newline belongs to a cluster's key.
func NewKey(file []byte) *Key {
	if len(file) > sha1.BlockSize {
		sum := sha1.Sum(file)
		file = sum[:]
	}
	return &Key{inner: paddedState(file, innerPad), outer: paddedState(file, outerPad)}
}

func paddedState(key []byte, pad byte) (state keyState) {
	var block [sha1.BlockSize]byte
	copy(block[:], key)
	for i := range block {
		block[i] ^= pad
	}
	hash := sha1.New()
	if _, err := hash.Write(block[:]); err != nil {
		panic("wire: crypto/sha1 doesn't hash: " + err.Error()) // it is switched off, by GODEBUG=fips140=only
	}
	saved, err := hash.(encoding.BinaryAppender).AppendBinary(state.saved[:0])
	if err != nil || len(saved) != savedLen {
		panic("wire: crypto/sha1 saves its state in an unknown form")
	}
	for word := range state.lanes {
		for lane := range maxLanes {
			state.lanes[word][lane] = binary.BigEndian.Uint32(saved[savedMagic+4*word:])
		}
	}
	return state
}

// Keyring is the keys that a datagram may be signed with: the current one and, during a change of keys, the one before it. It never changes:
// its owner replaces it as a whole.
type Keyring struct {
	keys []*Key
}

// NewKeyring makes a keyring. The current key is tried first; keys that are nil are left out.
func NewKeyring(current *Key, previous ...*Key) *Keyring {
	keys := make([]*Key, 0, 1+len(previous))
	for _, key := range append([]*Key{current}, previous...) {
		if key != nil {
			keys = append(keys, key)
		}
	}
	return &Keyring{keys: keys}
}

// Current is the key that new datagrams are signed with, nil if the ring is empty.
func (r *Keyring) Current() *Key {
	if len(r.keys) == 0 {
		return nil
	}
	return r.keys[0]
}
