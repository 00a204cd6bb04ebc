package config

import "encoding/hex"

// A random is a splitmix64 generator (Steele, Lea, Flood 2014). It is our own so that a seed gives the same cluster in every
// version of Go. The zero value is ready to use; copies go their own ways.
type random struct{ state uint64 }

const splitmixIncrement = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio, odd: visits every state

func (r *random) next() uint64 {
	r.state += splitmixIncrement
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// randomFor returns the generator of one object: the same whatever else is generated before it.
func randomFor(seed uint64, stream randomStream, index int) random {
	r := random{seed}
	r.state = r.next() ^ uint64(stream)<<56 ^ uint64(index)
	r.next()
	return r
}

// A randomStream keeps the numbers of different purposes apart.
type randomStream uint64

const (
	streamCluster randomStream = iota + 1
	streamNode
	streamGroup
	streamInstance
	streamNetwork
	streamFilter
	streamDisk
	streamPlacement
	streamQuirk
)

// below returns a number in [0, n). The bias of the modulus is under 2^-40 for the ranges used here.
func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// chance says yes in percent of all calls.
func (r *random) chance(percent int) bool { return r.below(100) < percent }

func pick[T any](r *random, from []T) T { return from[r.below(len(from))] }

// A uuid is the sixteen bytes of one.
type uuid [16]byte

// uuid returns a version 4 UUID.
func (r *random) uuid() (u uuid) {
	high, low := r.next(), r.next()
	for i := range 8 {
		u[i] = byte(high >> (56 - 8*i))
		u[8+i] = byte(low >> (56 - 8*i))
	}
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

// String returns the 36 lower-case characters that config.data uses.
func (u uuid) String() string {
	var text [36]byte
	hex.Encode(text[:8], u[:4])
	hex.Encode(text[9:13], u[4:6])
	hex.Encode(text[14:18], u[6:8])
	hex.Encode(text[19:23], u[8:10])
	hex.Encode(text[24:], u[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// hexDigits returns 2*n random hexadecimal digits.
func (r *random) hexDigits(n int) string {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(r.next() >> 32)
	}
	return hex.EncodeToString(raw)
}
