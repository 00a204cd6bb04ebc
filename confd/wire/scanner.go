package wire

import (
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

// literal is a text of up to 16 bytes to compare with, as words.
type literal struct {
	words, mask [2]uint64 // mask has the bytes that count
	len         int
}

func newLiteral(text string) *literal {
	if len(text) > 16 {
		panic("wire: too long to be compared at once: " + text)
	}
	var value, mask [16]byte
	for i := range text {
		value[i], mask[i] = text[i], 0xff
	}
	word := func(bytes []byte) uint64 { return binary.LittleEndian.Uint64(bytes) }
	return &literal{words: [2]uint64{word(value[:]), word(value[8:])}, mask: [2]uint64{word(mask[:]), word(mask[8:])}, len: len(text)}
}

// at reports whether the literal begins text. There must be 16 bytes, however short it is.
func (l *literal) at(text []byte) bool {
	return len(text) >= 16 &&
		(binary.LittleEndian.Uint64(text)^l.words[0])&l.mask[0]|(binary.LittleEndian.Uint64(text[8:])^l.words[1])&l.mask[1] == 0
}

// expected is a text that the scanner expects in a message.
type expected struct {
	raw  *literal // as it stands in the datagram, inside a JSON string
	text *literal // what it means
}

func expect(text string) *expected {
	return &expected{raw: newLiteral(string(AppendEscaped(nil, []byte(text)))), text: newLiteral(text)}
}

// skip moves past a part of the envelope, if it is there.
func (s *scan) skip(l *literal) bool {
	if s.i > len(s.raw) || !l.at(s.raw[s.i:]) {
		return false
	}
	s.i += l.len
	return true
}

// take moves past a part of the message, if it is there. (There are always 16 bytes: the envelope goes on for longer.)
func (s *scan) take(e *expected) bool {
	if s.j+16 > len(s.text) || !s.skip(e.raw) {
		return false
	}
	text := s.text[s.j : s.j+16]
	binary.LittleEndian.PutUint64(text, e.text.words[0])
	binary.LittleEndian.PutUint64(text[8:], e.text.words[1])
	s.j += e.text.len
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
			if raw = raw[n:]; len(raw) < 2 || raw[0] != '\\' || raw[1] != '"' {
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

// mac reads a string of 40 characters, which should be the hex digits of a MAC. Whether they can stand in a JSON string isn't checked: if
// not, no MAC fits, and it is time enough then to see why.
func (s *scan) mac(l *letter) bool {
	if len(s.raw)-s.i < hexLen {
		return false
	}
	l.mac, l.isMAC = [hexLen]byte(s.raw[s.i:]), true
	s.i += hexLen
	return true
}

// close moves past the end of the envelope, if it is there.
func (s *scan) close() bool {
	s.i += 2
	return s.i <= len(s.raw) && s.raw[s.i-2] == '"' && s.raw[s.i-1] == '}'
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
