package capture

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"github.com/google/gopacket/layers"
)

// Limits of reassembly.
const (
	// MaxFragmented is how many datagrams may wait for fragments. Another one
	// takes the place of the oldest. They hold 4 MiB at most.
	MaxFragmented = 64

	// FragmentPatience is how long, in the capture's time, a datagram waits for
	// its fragments: Linux's own limit.
	FragmentPatience = 30 * time.Second

	// maxJoined is the longest payload of an IP packet, in bytes.
	maxJoined = 65535
)

// fragments are the datagrams, of both versions of IP, of which fragments are
// missing.
type fragments struct {
	waiting []*joint // the oldest first
	spare   []*joint
}

// jointKey says which fragments belong together.
type jointKey struct {
	src, dst netip.Addr
	id       uint32
	protocol layers.IPProtocol // IPv4 only: with IPv6, the first fragment tells
}

// joint is a payload in the making.
type joint struct {
	key      jointKey
	began    time.Time
	data     []byte
	pieces   []piece // in order, none overlapping another
	total    int     // -1 until the last fragment is there
	protocol layers.IPProtocol
}

type piece struct{ start, end int }

func (f *fragments) init() {
	f.waiting = make([]*joint, 0, MaxFragmented)
	f.spare = make([]*joint, 0, MaxFragmented)
}

// add takes a fragment. With the last one that is missing, h becomes the header of
// the whole, whose payload is valid until the next call.
func (f *fragments) add(h *header, at time.Time) outcome {
	o := outcome{alone: f.expire(at)}
	if h.offset == 0 && !h.more { // IPv6 has fragments that are whole
		o.whole = true
		return o
	}
	end := h.offset + len(h.payload)
	if len(h.payload) == 0 || end > maxJoined || h.more && len(h.payload)%offsetUnit != 0 {
		o.skip = SkipFragment
		return o
	}
	i, evicted := f.find(h, at)
	o.alone += evicted
	j := f.waiting[i]
	switch repeated, fits := j.put(h, end); {
	case repeated:
		o.skip = SkipFragment
		return o
	case !fits:
		// RFC 5722: datagrams with overlapping fragments are attacks.
		o.skip, o.others = SkipFragment, uint64(len(j.pieces))
		f.release(i)
		return o
	}
	if j.total < 0 || len(j.data) != j.total || j.gaps() {
		return o
	}
	h.protocol, h.payload = j.protocol, j.data
	o.whole, o.joined = true, uint64(len(j.pieces)-1)
	f.release(i) // its memory is used again by a later call only
	return o
}

// find returns the place of a fragment's datagram, which may be a new one.
func (f *fragments) find(h *header, at time.Time) (place int, evicted uint64) {
	key := jointKey{src: h.src, dst: h.dst, id: h.id}
	if !h.ip6 {
		key.protocol = h.protocol
	}
	for i, j := range f.waiting {
		if j.key == key {
			return i, 0
		}
	}
	if len(f.waiting) == MaxFragmented {
		evicted = uint64(len(f.waiting[0].pieces))
		f.release(0)
	}
	if len(f.spare) == 0 {
		f.spare = append(f.spare, new(joint))
	}
	last := len(f.spare) - 1
	j := f.spare[last]
	f.spare = f.spare[:last]
	*j = joint{key: key, began: at, data: j.data[:0], pieces: j.pieces[:0], total: -1}
	f.waiting = append(f.waiting, j)
	return len(f.waiting) - 1, evicted
}

// put adds a piece, unless it was there already or contradicts others.
func (j *joint) put(h *header, end int) (repeated, fits bool) {
	last := !h.more
	if j.total >= 0 && (end > j.total || last && end != j.total) || last && len(j.data) > end {
		return false, false
	}
	place, _ := slices.BinarySearchFunc(j.pieces, h.offset, func(p piece, start int) int { return p.start - start })
	if place < len(j.pieces) && j.pieces[place] == (piece{h.offset, end}) {
		same := bytes.Equal(j.data[h.offset:end], h.payload)
		return same, same
	}
	if place > 0 && j.pieces[place-1].end > h.offset || place < len(j.pieces) && j.pieces[place].start < end {
		return false, false
	}
	j.pieces = slices.Insert(j.pieces, place, piece{h.offset, end})
	if len(j.data) < end {
		j.data = slices.Grow(j.data, end-len(j.data))[:end]
	}
	copy(j.data[h.offset:], h.payload)
	if last {
		j.total = end
	}
	if h.offset == 0 {
		j.protocol = h.protocol
	}
	return false, true
}

// gaps says whether something is missing between the pieces.
func (j *joint) gaps() bool {
	end := 0
	for _, p := range j.pieces {
		if p.start != end {
			return true
		}
		end = p.end
	}
	return false
}

// expire gives up what waits for too long, and returns how many fragments it had.
func (f *fragments) expire(now time.Time) (alone uint64) {
	for len(f.waiting) > 0 && now.Sub(f.waiting[0].began) > FragmentPatience {
		alone += uint64(len(f.waiting[0].pieces))
		f.release(0)
	}
	return alone
}

// abandon gives up everything.
func (f *fragments) abandon() (alone uint64) {
	for len(f.waiting) > 0 {
		alone += uint64(len(f.waiting[0].pieces))
		f.release(0)
	}
	return alone
}

func (f *fragments) release(i int) {
	f.spare = append(f.spare, f.waiting[i])
	f.waiting = slices.Delete(f.waiting, i, i+1)
}
