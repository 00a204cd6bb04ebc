package capture

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// MaxPacket is the longest packet that is read, in bytes: tcpdump's own limit. It
// bounds what a damaged length can make a reader allocate.
const MaxPacket = 256 << 10

// readAhead is the size of the buffer between file and reader: large enough that
// the calls to the system don't show.
const readAhead = 256 << 10

// ErrFormat is wrapped by the error about a file that is neither pcap nor pcapng.
var ErrFormat = errors.New("neither a pcap nor a pcapng file")

// Datagram is a UDP datagram from a capture.
type Datagram struct {
	Time    time.Time // when its last packet was captured
	Src     netip.AddrPort
	Dst     netip.AddrPort
	Payload []byte // valid until the next call of Next
}

// Stats counts the packets of a capture up to now. Packets is the sum of Datagrams,
// Joined, all of Skipped, and the fragments that wait for others.
type Stats struct {
	Packets   uint64            // records in the file
	Datagrams uint64            // returned by Next
	Joined    uint64            // packets that went into a datagram with an earlier one: fragments but one
	Skipped   [NumSkips]uint64  // by Skip
	Links     map[string]uint64 // packets by type of link
}

// Reader reads the datagrams of a capture.
type Reader struct {
	input   *input
	packets packets
	decoder decoder
	stats   Stats
	links   [numLinkCodes]uint64 // packets by code
	last    time.Time
	ended   bool
}

// packets are the records of a file.
type packets interface {
	// next returns the next packet, valid until the next call. lost counts the
	// records before it that had to be passed over.
	next() (packet, error)
	// passed returns, once, how many records were passed over, by reason.
	passed() [NumSkips]uint64
	// linkType is the type of link that a packet's code stands for.
	linkType(code uint8) (LinkType, bool)
}

// packet is a record of a file.
type packet struct {
	data     []byte
	at       time.Time // zero: not known
	link     uint8     // a code, see linkCodes
	original int       // length on the wire, in bytes
}

// NewReader reads the head of a capture. An error about its form wraps ErrFormat.
func NewReader(file io.Reader) (*Reader, error) {
	r := &Reader{input: &input{from: file}}
	head := bufio.NewReaderSize(r.input, readAhead)
	if magic, _ := head.Peek(len(gzipMagic)); string(magic) == gzipMagic {
		unzipped, err := gzip.NewReader(head)
		if err != nil {
			return nil, r.input.explain(fmt.Errorf("capture: %w: gzip: %w", ErrFormat, err))
		}
		head = bufio.NewReaderSize(unzipped, readAhead)
	}
	magic, err := head.Peek(len(ngMagic))
	if err != nil {
		return nil, r.input.explain(fmt.Errorf("capture: %w: it has %d bytes", ErrFormat, len(magic)))
	}
	if string(magic) == ngMagic {
		r.packets, err = newNgPackets(head)
	} else {
		r.packets, err = newPcapPackets(head)
	}
	if err != nil {
		return nil, r.input.explain(fmt.Errorf("capture: %w: %w", ErrFormat, err))
	}
	r.decoder.fragments.init()
	return r, nil
}

const gzipMagic = "\x1f\x8b"

// Next returns the next datagram, and io.EOF at the end. Damage in the file is no
// error: what can't be read is counted, and if nothing can be found behind it, the
// capture ends there. Other errors are of the file's reader.
func (r *Reader) Next() (Datagram, error) {
	for !r.ended {
		p, err := r.packets.next()
		for skip, n := range r.packets.passed() {
			r.skip(Skip(skip), n)
		}
		if err != nil {
			return Datagram{}, r.end(err)
		}
		r.stats.Packets++
		r.links[p.link]++
		if p.at.IsZero() {
			p.at = r.last
		}
		r.last = p.at
		if d, ok := r.decode(p); ok {
			r.stats.Datagrams++
			return d, nil
		}
	}
	return Datagram{}, io.EOF
}

// decode returns the datagram that a packet is, or makes whole.
func (r *Reader) decode(p packet) (Datagram, bool) {
	link, known := r.packets.linkType(p.link)
	if !known {
		r.stats.Skipped[SkipLink]++
		return Datagram{}, false
	}
	d, outcome := r.decoder.decode(link, p)
	r.stats.Skipped[outcome.skip] += outcome.skipped()
	r.stats.Skipped[SkipFragmentAlone] += outcome.alone
	r.stats.Joined += outcome.joined
	return d, outcome.whole
}

func (r *Reader) skip(reason Skip, n uint64) {
	r.stats.Packets += n
	r.stats.Skipped[reason] += n
}

// end says how a capture ends with an error of its form or its file.
func (r *Reader) end(err error) error {
	r.ended = true
	r.stats.Skipped[SkipFragmentAlone] += r.decoder.fragments.abandon()
	switch {
	case r.input.failure != nil:
		return fmt.Errorf("capture: %w", r.input.failure)
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.skip(SkipCut, 1)
	case !errors.Is(err, io.EOF):
		r.skip(SkipDamaged, 1)
	}
	return io.EOF
}

// Stats returns the counts up to now.
func (r *Reader) Stats() Stats {
	s := r.stats
	s.Links = make(map[string]uint64)
	for code, n := range r.links {
		if n > 0 {
			link, known := r.packets.linkType(uint8(code))
			name := "others"
			if known {
				name = link.String()
			}
			s.Links[name] += n
		}
	}
	return s
}

// input is the file. It tells failures of reading it from those that its content
// causes in the readers above.
type input struct {
	from    io.Reader
	failure error
}

func (i *input) Read(p []byte) (int, error) {
	n, err := i.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		i.failure = err
	}
	return n, err
}

// explain returns the failure of reading, if there was one, and else err.
func (i *input) explain(err error) error {
	if i.failure != nil {
		return fmt.Errorf("capture: %w", i.failure)
	}
	return err
}
