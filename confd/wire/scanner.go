package wire

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// The scanner reads what the known clients and servers send, byte for byte, in one pass: it compares the datagram with the text that it
// expects, and decodes what lies between. It gives up on everything else, right or wrong, and leaves it to the general reader. What it
// accepts, the general reader accepts with the same meaning; a fuzz test holds the two together.

// scan is a place in a datagram, and in the message that is decoded from it at the same time.
type scan struct {
	raw  []byte // the datagram after its magic
	text []byte // where the message is decoded to: at least textSlack longer than raw
	i, j int    // the places in them
}

// textSlack is how much longer than the datagram the memory for its message must be, because whole words are written.
const textSlack = 16

// expected is a text of a message that the scanner knows beforehand, at most 16 bytes of it, as words.
type expected struct {
	raw, mask [2]uint64 // as it stands in the datagram, inside a JSON string, and which bytes of the words count
	rawLen    int
	text      [2]uint64 // what it means
	textLen   int
}

func expect(text string) expected {
	raw := AppendEscaped(nil, []byte(text))
	e := expected{rawLen: len(raw), textLen: len(text)}
	fill := func(words *[2]uint64, text []byte) {
		var bytes [16]byte
		if copy(bytes[:], text) < len(text) {
			panic("wire: " + string(text) + " is too long to be compared at once")
		}
		words[0], words[1] = binary.LittleEndian.Uint64(bytes[:]), binary.LittleEndian.Uint64(bytes[8:])
	}
	fill(&e.raw, raw)
	fill(&e.mask, bytes.Repeat([]byte{0xff}, len(raw)))
	fill(&e.text, []byte(text))
	return e
}

// at reports whether literal stands in text at i. With a short constant it compiles to a comparison of words.
func at(text []byte, i int, literal string) bool {
	return len(text)-i >= len(literal) && string(text[i:i+len(literal)]) == literal
}

// skip moves past a part of the envelope, if it is there.
func (s *scan) skip(literal string) bool {
	if !at(s.raw, s.i, literal) {
		return false
	}
	s.i += len(literal)
	return true
}

// take moves past a part of the message, if it is there. (There are always 16 bytes: the envelope goes on for longer.)
func (s *scan) take(e *expected) bool {
	if s.i+16 > len(s.raw) || s.j+16 > len(s.text) {
		return false
	}
	raw, text := s.raw[s.i:s.i+16], s.text[s.j:s.j+16]
	differ := (binary.LittleEndian.Uint64(raw)^e.raw[0])&e.mask[0] | (binary.LittleEndian.Uint64(raw[8:])^e.raw[1])&e.mask[1]
	if differ != 0 {
		return false
	}
	binary.LittleEndian.PutUint64(text, e.text[0])
	binary.LittleEndian.PutUint64(text[8:], e.text[1])
	s.i += e.rawLen
	s.j += e.textLen
	return true
}

// string decodes a string after its opening quote, up to and with its closing one, if it is ASCII without escapes.
func (s *scan) string() (text []byte, ok bool) {
	if s.i > len(s.raw) || s.j > len(s.text) {
		return nil, false
	}
	raw, out := s.raw[s.i:], s.text[s.j:]
	for n := 0; n+8 <= len(raw) && n+8 <= len(out); n += 8 {
		word := binary.LittleEndian.Uint64(raw[n : n+8])
		binary.LittleEndian.PutUint64(out[n:n+8], word)
		if marks := special(word); marks != 0 {
			n += bits.TrailingZeros64(marks) >> 3
			if !at(raw, n, `\"`) {
				return nil, false
			}
			out[n] = '"'
			s.i += n + len(`\"`)
			s.j += n + len(`"`)
			return out[:n:n], true
		}
	}
	return nil, false
}

// mac reads a string of 40 characters, which should be the hex digits of a MAC.
func (s *scan) mac(l *letter) bool {
	if len(s.raw)-s.i < hexLen {
		return false
	}
	l.mac, l.isMAC = [hexLen]byte(s.raw[s.i:]), true
	s.i += hexLen
	marks := uint64(0)
	for i := 0; i < hexLen; i += 8 {
		marks |= special(binary.LittleEndian.Uint64(l.mac[i:]))
	}
	return marks == 0
}

// atEnd reports whether the datagram ends here, but for blanks and newlines: Python's encoder ends with a newline, and a client that has the
// kernel segment its requests pads them to one length.
func (s *scan) atEnd() bool {
	rest := s.raw[s.i:]
	for len(rest) >= 8 && binary.LittleEndian.Uint64(rest) == ' '*everyByte {
		rest = rest[8:]
	}
	for _, c := range rest {
		if c != ' ' && c != '\n' {
			return false
		}
	}
	return true
}
