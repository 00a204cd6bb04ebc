package wire

import (
	"encoding/binary"
	"math/bits"
)

// What replies are made of, as ours and Haskell's servers write them.
var (
	replyFirst  = expect(`{"protocol":1`)
	replyStatus = expect(`,"status":`)
	replyAnswer = expect(`,"answer":`)
	replyQuote  = expect(`"`)
	replySerial = expect(`,"serial":`)
	replyEnd    = expect(`}`)
)

// maxScannedSalt is how long the salts are that the scanner knows of replies, in bytes. So much is left free before the message, so that salt
// and message come to lie one after the other.
const maxScannedSalt = 64

// scanReply reads the datagram raw, without its magic. Message and salt are decoded into room, from start on: the salt lies before the
// message. When it returns false, l and r are half filled.
func scanReply(raw, room []byte, l *letter, r *Reply) (start int, ok bool) {
	s := scan{raw: raw, text: room[maxScannedSalt:]}
	if !s.skip(compactBeforeMAC) || !s.mac(l) || !s.skip(compactBeforeMsg) {
		return 0, false
	}
	begin := s
	if !s.simpleReply(r) {
		s = begin
		if !s.unescape() || !scanReplyMsg(s.text[:s.j], r) {
			return 0, false
		}
	}
	l.msg = s.text[:s.j:s.j]
	if !s.skip(compactBeforeSalt) || !s.replySalt(room, l) || !s.close() || s.i != len(raw) {
		return 0, false
	}
	return maxScannedSalt - len(l.salt), true
}

// simpleReply reads a message whose answer is a text or a number.
func (s *scan) simpleReply(r *Reply) bool {
	if !s.take(replyFirst) || !s.take(replyStatus) {
		return false
	}
	status, ok := s.digit(NumStatuses)
	if !ok || !s.take(replyAnswer) {
		return false
	}
	start := s.j
	if s.take(replyQuote) {
		_, ok = s.string()
	} else {
		_, ok = s.number()
	}
	r.Protocol, r.Status, r.Answer = Protocol, int(status), s.text[start:s.j:s.j]
	if !ok || !s.take(replySerial) {
		return false
	}
	r.Serial, ok = s.number()
	return ok && s.take(replyEnd)
}

// number reads an integer of a few digits.
func (s *scan) number() (value int64, ok bool) {
	value, length := parseInteger(s.raw[s.i:])
	s.j += copy(s.text[s.j:], s.raw[s.i:s.i+length])
	s.i += length
	return value, length > 0
}

// replySalt copies the salt to its place before the message.
func (s *scan) replySalt(room []byte, l *letter) bool {
	salt := s.raw[s.i:]
	n := 0
	for n+8 <= len(salt) && special(binary.LittleEndian.Uint64(salt[n:n+8])) == 0 {
		n += 8
	}
	for n < len(salt) && escapes[salt[n]] == 1 && salt[n] < 0x80 {
		n++
	}
	if n > maxScannedSalt {
		return false
	}
	s.i += n
	l.salt = room[maxScannedSalt-n : maxScannedSalt : maxScannedSalt]
	copy(l.salt, salt)
	return true
}

// unescape decodes a string up to its closing quote, if it is ASCII with short escapes only.
func (s *scan) unescape() bool {
	i, j := s.i, s.j
	for i+8 <= len(s.raw) && j+8 <= len(s.text) {
		word := binary.LittleEndian.Uint64(s.raw[i : i+8])
		binary.LittleEndian.PutUint64(s.text[j:j+8], word)
		marks := special(word)
		if marks == 0 {
			i += 8
			j += 8
			continue
		}
		n := bits.TrailingZeros64(marks) >> 3
		i += n
		j += n
		if s.raw[i] == '"' {
			s.i, s.j = i, j
			return true
		}
		if s.raw[i] != '\\' || i+1 >= len(s.raw) || shortEscapes[s.raw[i+1]] == 0 {
			return false
		}
		s.text[j] = shortEscapes[s.raw[i+1]]
		i += 2
		j++
	}
	return false
}

// scanReplyMsg reads a message with any answer.
func scanReplyMsg(msg []byte, r *Reply) bool {
	i := 0
	return scanNumber(msg, &i, `{"protocol":`, &r.Protocol) && scanNumber(msg, &i, `,"status":`, &r.Status) &&
		scanAnswer(msg, &i, &r.Answer) && scanNumber(msg, &i, `,"serial":`, &r.Serial) && at(msg, i, "}") && i+1 == len(msg)
}

// at reports whether literal stands in text at i.
func at(text []byte, i int, literal string) bool {
	return len(text)-i >= len(literal) && string(text[i:i+len(literal)]) == literal
}

// scanNumber reads an integer after the literal at *i, and moves *i behind it.
func scanNumber[T int | int64](msg []byte, i *int, literal string, value *T) bool {
	if !at(msg, *i, literal) {
		return false
	}
	*i += len(literal)
	n, length := parseInteger(msg[*i:])
	*value = T(n)
	*i += length
	return length > 0
}

func scanAnswer(msg []byte, i *int, answer *[]byte) bool {
	const literal = `,"answer":`
	if !at(msg, *i, literal) {
		return false
	}
	start := *i + len(literal)
	check := checker{text: msg}
	end := check.value(start, 1)
	if end < 0 {
		return false
	}
	*answer = msg[start:end:end]
	*i = end
	return true
}
