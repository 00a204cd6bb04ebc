package wire

import "math/bits"

// maxScannedSalt is how long the salts are that the scanner knows of replies, in bytes. So much is left free before the message, so that salt
// and message come to lie one after the other.
const maxScannedSalt = 64

// scanReply reads the datagram raw, without its magic, as ours and Haskell's servers write it. Message and salt are decoded into room, from
// start on: the salt lies before the message. When it returns false, l and r are half filled.
func scanReply(raw, room []byte, l *letter, r *Reply) (start int, ok bool) {
	s := scan{raw: raw, text: room[maxScannedSalt:]}
	if !s.skip(`{"hmac":"`) || !s.mac(l) || !s.skip(`","msg":"`) || !s.unescape() {
		return 0, false
	}
	l.msg = s.text[:s.j:s.j]
	if !s.skip(`","salt":"`) || !s.replySalt(room, l) || !s.skip(`"}`) || s.i != len(raw) {
		return 0, false
	}
	return maxScannedSalt - len(l.salt), scanReplyMsg(l.msg, r)
}

// replySalt copies the salt to its place before the message.
func (s *scan) replySalt(room []byte, l *letter) bool {
	salt := s.raw[s.i:]
	end := 0
	for end < len(salt) && end <= maxScannedSalt && escapes[salt[end]] == 1 && salt[end] < 0x80 {
		end++
	}
	if end > maxScannedSalt {
		return false
	}
	s.i += end
	l.salt = room[maxScannedSalt-end : maxScannedSalt : maxScannedSalt]
	copy(l.salt, salt)
	return true
}

// unescape decodes a JSON string up to its closing quote, if it is ASCII with short escapes only.
//
// It looks for what is special in 64 bytes at a time, so that finding the next special byte needn't wait for the one before.
func (s *scan) unescape() bool {
	from := s.i          // what was decoded of raw
	escaped := uint64(0) // 1 if the first byte of the next chunk belongs to an escape
	for base := s.i; base < len(s.raw); base += 64 {
		marks := specialBits(s.raw, base) &^ escaped
		escaped = 0
		for marks != 0 {
			n := bits.TrailingZeros64(marks)
			at := base + n
			if at+1 >= len(s.raw) {
				return false
			}
			copyWords(s.text[s.j:], s.raw[from:], at-from)
			s.j += at - from
			if s.raw[at] != '\\' {
				s.i = at
				return s.raw[at] == '"'
			}
			c := shortEscapes[s.raw[at+1]]
			if c == 0 {
				return false
			}
			s.text[s.j] = c
			s.j++
			from = at + 2
			marks = marks & (marks - 1) &^ (2 << n)
			escaped = uint64(n+1) >> 6
		}
	}
	return false
}

// scanReplyMsg reads a reply's message.
func scanReplyMsg(msg []byte, r *Reply) bool {
	i := 0
	return scanNumber(msg, &i, `{"protocol":`, &r.Protocol) && scanNumber(msg, &i, `,"status":`, &r.Status) &&
		scanAnswer(msg, &i, &r.Answer) && scanNumber(msg, &i, `,"serial":`, &r.Serial) && at(msg, i, "}") && i+1 == len(msg)
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
