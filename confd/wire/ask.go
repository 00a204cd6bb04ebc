package wire

import (
	"strconv"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Query is what a request asks about: the counterpart of a Request's fields, for AppendRequestMsg.
type Query struct {
	Kind QueryKind

	Plain string // QueryPlain

	// QueryDict
	HasIP, HasLink, HasIPs, HasFields bool // what follows is in the dictionary
	IP, Link                          string
	IPs                               []string
	Fields                            []uint8
}

// AppendRequestMsg appends the text of a request: the msg of AppendRequest and Signer. rsalt is what the reply will have as its salt. The
// text is ASCII, whatever the query: the reference misreads raw UTF-8.
func AppendRequestMsg(dst []byte, t Type, query Query, rsalt []byte) []byte {
	dst = append(dst, `{"protocol":1,"type":`...)
	dst = strconv.AppendUint(dst, uint64(t), 10)
	dst = append(dst, `,"query":`...)
	switch query.Kind {
	case QueryPlain:
		dst = appendASCII(dst, query.Plain)
	case QueryDict:
		dst = appendDict(dst, &query)
	default:
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"rsalt":`...)
	dst = appendASCII(dst, rsalt)
	return append(dst, '}')
}

func appendDict(dst []byte, query *Query) []byte {
	open := len(dst)
	if query.HasIP {
		dst = appendASCII(append(dst, `,"1":`...), query.IP)
	}
	if query.HasIPs {
		dst = append(dst, `,"2":[`...)
		for i, ip := range query.IPs {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendASCII(dst, ip)
		}
		dst = append(dst, ']')
	}
	if query.HasLink {
		dst = appendASCII(append(dst, `,"0":`...), query.Link)
	}
	if query.HasFields {
		dst = append(dst, `,"3":[`...)
		for i, field := range query.Fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendUint(dst, uint64(field), 10)
		}
		dst = append(dst, ']')
	}
	if len(dst) == open {
		return append(dst, "{}"...)
	}
	dst[open] = '{'
	return append(dst, '}')
}

// appendASCII appends text as a JSON string of ASCII. What isn't UTF-8 becomes U+FFFD.
func appendASCII[T string | []byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	for len(text) > 0 {
		if c := text[0]; c < utf8.RuneSelf {
			if escapes[c] == 1 {
				dst = append(dst, c)
			} else {
				dst = appendEscape(dst, c)
			}
			text = text[1:]
			continue
		}
		r, size := utf8.DecodeRuneInString(string(text[:min(len(text), utf8.UTFMax)]))
		text = text[size:]
		if first, second := utf16.EncodeRune(r); first != utf8.RuneError {
			dst = appendEscapedRune(dst, first)
			r = second
		}
		dst = appendEscapedRune(dst, r)
	}
	return append(dst, '"')
}

// appendEscapedRune appends the \u escape of a character below 0x10000.
func appendEscapedRune(dst []byte, r rune) []byte {
	dst = append(dst, '\\', 'u')
	for shift := 12; shift >= 0; shift -= 4 {
		dst = append(dst, lowerHex[r>>shift&15])
	}
	return dst
}

// Signer writes signed requests, a batch at a time, as Sealer does with replies. It belongs to one goroutine.
type Signer struct {
	signed batch
	digits [20]byte // of a salt: the longest int64
}

// NewSigner makes a signer with memory for batches of maxBatch requests. Larger ones make it allocate, once.
func NewSigner(maxBatch int) *Signer {
	return &Signer{signed: newBatch(maxBatch)}
}

// Append appends a whole request datagram to arena, with zeros in place of its MAC until Sign. saltUnix is the time of sending, in seconds.
func (s *Signer) Append(arena []byte, key *Key, saltUnix int64, msg []byte) []byte {
	return s.signed.append(arena, key, strconv.AppendInt(s.digits[:0], saltUnix, 10), msg, nil)
}

// Sign puts the MACs into all requests appended since the last Sign. arena is what the last Append returned.
func (s *Signer) Sign(arena []byte) {
	s.signed.sign(arena)
}

// signers lends AppendRequest, which has no place of its own for one, the state of a hash.
var signers = sync.Pool{New: func() any { return NewSigner(1) }}

// AppendRequest appends a signed request datagram to dst. msg is from AppendRequestMsg, saltUnix is the time of sending, in seconds. Any
// number of goroutines may call it.
func AppendRequest(dst []byte, key *Key, saltUnix int64, msg []byte) []byte {
	s := signers.Get().(*Signer)
	defer signers.Put(s)
	dst = s.Append(dst, key, saltUnix, msg)
	s.Sign(dst)
	return dst
}
