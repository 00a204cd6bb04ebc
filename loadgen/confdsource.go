package loadgen

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"gantry/confd/wire"
)

// confdSource keeps a ring of chunks of signed requests. A chunk is signed as a
// whole, ahead of the run or when its turn comes again, and each request in it is
// sent once.
type confdSource struct {
	workload Confd
	draw     draw
	verify   VerifyMode
	random   *rand.Rand
	coalesce bool
	length   int // what requests to be coalesced are filled up to

	chunks []chunk
	asked  []asked // by request, modulo window
	signed uint64  // chunks of the sequence that have been signed
	made   uint64  // requests signed, those twice that had aged
	next   uint64  // the number of the next request
	signer *wire.Signer
	msgs   []byte // of the chunk being signed

	nonce   []byte // begins every rsalt
	keys    *wire.Keyring
	parser  *wire.ReplyParser
	samples [][]byte
	sampled []int
}

// chunkSize is how many requests are signed together: enough for the hashing of
// many at a time.
const chunkSize = 256

// signatureAge is how old a request may be when the clock is looked at: half of what
// a server accepts. The other half is for the difference of two clocks, and for the
// requests up to the next look.
const signatureAge = wire.MaxClockSkew / 2

// clockEvery is how many requests share a look at the clock: few enough that those
// of one request in ten seconds don't age, and so many that it costs them nothing.
const clockEvery = 8

// chunk holds signed requests, one after the other in memory.
type chunk struct {
	signedAt int64 // seconds since 1970
	memory   []byte
	ends     [chunkSize]int
	queries  [chunkSize]*Query
}

// asked is what a request that was sent is to be judged by.
type asked struct {
	class uint8
	want  wire.Status
}

// An rsalt is as long as a UUID, which Ganeti's client uses: a nonce of the run, and
// the request's number in hexadecimal digits.
const (
	nonceLength  = 24
	numberLength = 12
	saltLength   = nonceLength + numberLength
)

func newConfdSource(c Confd, worker int, o *Options, d draw) *confdSource {
	s := &confdSource{
		workload: c, draw: d, verify: o.Verify, coalesce: o.Coalesce > 1,
		random: rand.New(rand.NewPCG(o.Seed, uint64(worker))),
		// What is queued must not be signed anew before it is sent.
		chunks: make([]chunk, 2+max(o.Ahead, o.unsent())/chunkSize),
		asked:  make([]asked, window),
		signer: wire.NewSigner(chunkSize),
		nonce:  fmt.Appendf(nil, "%016x-%05x-.", rand.Uint64(), worker&0xfffff)[:nonceLength],
		keys:   wire.NewKeyring(c.Key),
		parser: wire.NewReplyParser(maxVerdicts),
	}
	if s.coalesce {
		s.length = s.longest()
	}
	return s
}

// longest returns the length of the longest request of the mix.
func (s *confdSource) longest() (length int) {
	now := time.Now().Unix()
	salt := bytes.Repeat([]byte{'0'}, saltLength) // zero bytes would be escaped
	for i := range s.workload.Mix {
		for _, q := range s.workload.Mix[i].Queries {
			s.msgs = wire.AppendRequestMsg(s.msgs[:0], q.Type, q.Query, salt)
			length = max(length, len(wire.AppendRequest(nil, s.workload.Key, now, s.msgs)))
		}
	}
	return length
}

// Prepare signs chunks ahead.
func (s *confdSource) Prepare(n int) error {
	now := time.Now().Unix()
	for int(s.signed)*chunkSize < n && int(s.signed) < len(s.chunks) {
		s.sign(now)
	}
	return nil
}

func (s *confdSource) Made() uint64 { return s.made }

// Next returns the next request. Now and then it looks at the clock, and signs anew
// what has aged.
func (s *confdSource) Next(int) []byte {
	number := s.next / chunkSize
	c := &s.chunks[number%uint64(len(s.chunks))]
	i := int(s.next % chunkSize)
	if i%clockEvery == 0 {
		switch now := time.Now().Unix(); {
		case number == s.signed:
			s.sign(now)
		case now-c.signedAt > signatureAge:
			s.fill(c, number, i, now)
		}
	}
	s.asked[s.next%window] = asked{uint8(c.queries[i].Type), c.queries[i].Want}
	s.next++
	return c.memory[c.start(i):c.ends[i]]
}

// start is where request i begins.
func (c *chunk) start(i int) int {
	if i == 0 {
		return 0
	}
	return c.ends[i-1]
}

// sign makes the requests of the chunk that comes next in the ring.
func (s *confdSource) sign(now int64) {
	s.fill(&s.chunks[s.signed%uint64(len(s.chunks))], s.signed, 0, now)
	s.signed++
}

// fill writes and signs the requests of the chunk with the given number, from one on.
// Those before it stay as they are: they may not have left yet.
func (s *confdSource) fill(c *chunk, number uint64, from int, now int64) {
	for i := from; i < chunkSize; i++ {
		c.queries[i] = s.draw.pick(s.random)
	}
	if s.coalesce {
		slices.SortStableFunc(c.queries[from:], byType)
	}
	c.signedAt = now
	c.memory, s.msgs = c.memory[:c.start(from)], s.msgs[:0]
	for i := from; i < chunkSize; i++ {
		q := c.queries[i]
		start := len(s.msgs)
		s.msgs = wire.AppendRequestMsg(s.msgs, q.Type, q.Query, s.salt(number*chunkSize+uint64(i)))
		begin := len(c.memory)
		c.memory = s.signer.Append(c.memory, s.workload.Key, now, s.msgs[start:])
		for len(c.memory)-begin < s.length {
			c.memory = append(c.memory, ' ') // which the protocol allows after a datagram
		}
		c.ends[i] = len(c.memory)
	}
	s.signer.Sign(c.memory)
	s.made += uint64(chunkSize - from)
}

// salt returns the rsalt of a request, valid until the next call.
func (s *confdSource) salt(number uint64) []byte {
	var digits [8]byte
	for i := range digits {
		digits[i] = byte(number >> (56 - 8*i))
	}
	s.nonce = hex.AppendEncode(s.nonce[:nonceLength], digits[2:])
	return s.nonce
}

// request returns the number in an rsalt of this source.
func (s *confdSource) request(salt []byte) (number uint64, ok bool) {
	if len(salt) < saltLength || !bytes.Equal(salt[:nonceLength], s.nonce[:nonceLength]) {
		return 0, false
	}
	for _, c := range salt[nonceLength:saltLength] {
		switch {
		case '0' <= c && c <= '9':
			number = number<<4 | uint64(c-'0')
		case 'a' <= c && c <= 'f':
			number = number<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return number, number < s.next
}
