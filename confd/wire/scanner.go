package wire

// The scanner reads what the known clients send: JSON without blanks, or with one after each colon and comma, its keys in any order, all
// ASCII, with short escapes in the message at most. It returns false for everything else, right or wrong, and leaves it to the general
// reader. What it accepts, the general reader accepts with the same meaning; a fuzz test holds the two together.

// envelope is an opened datagram. salt may alias it.
type envelope struct {
	salt, msg []byte
	mac       mac
	isMAC     bool // hmac was 40 hex digits; else mac means nothing
}

const (
	seenHMAC = 1 << iota
	seenMsg
	seenSalt
	seenEnvelope = seenHMAC | seenMsg | seenSalt
)

// scanEnvelope opens text, a datagram after its magic. The message is decoded into scratch, which must be longer than text by textSlack.
func scanEnvelope(text, scratch []byte, e *envelope) bool {
	if !at(text, 0, "{") {
		return false
	}
	seen := 0
	for i := 1; ; {
		var member int
		member, i = envelopeKey(text, i)
		if member == 0 || seen&member != 0 {
			return false
		}
		seen |= member
		if i = scanMember(text, i, member, scratch, e); i < 0 || i+1 >= len(text) {
			return false
		}
		if text[i+1] == '}' {
			return seen == seenEnvelope && atEnd(text, i+2)
		}
		if text[i+1] != ',' {
			return false
		}
		i += 2
		if at(text, i, " ") {
			i++
		}
	}
}

// envelopeKey recognises a key with its colon and the opening quote of its value at i, and returns the offset after them. member is 0 if
// there is none.
func envelopeKey(text []byte, i int) (member, next int) {
	switch {
	case at(text, i, `"msg": "`):
		return seenMsg, i + len(`"msg": "`)
	case at(text, i, `"salt": "`):
		return seenSalt, i + len(`"salt": "`)
	case at(text, i, `"hmac": "`):
		return seenHMAC, i + len(`"hmac": "`)
	case at(text, i, `"hmac":"`):
		return seenHMAC, i + len(`"hmac":"`)
	case at(text, i, `"msg":"`):
		return seenMsg, i + len(`"msg":"`)
	case at(text, i, `"salt":"`):
		return seenSalt, i + len(`"salt":"`)
	}
	return 0, i
}

// scanMember reads the string body at i and returns the offset of the quote after it, or -1.
func scanMember(text []byte, i, member int, scratch []byte, e *envelope) (end int) {
	switch member {
	case seenHMAC:
		if i+hexLen >= len(text) || text[i+hexLen] != '"' {
			return -1
		}
		if e.mac, e.isMAC = parseMAC(text[i : i+hexLen]); !e.isMAC {
			return -1
		}
		return i + hexLen
	case seenMsg:
		decoded, length, ok := unescapeASCII(scratch, text[i:])
		if !ok {
			return -1
		}
		e.msg = scratch[:decoded:decoded]
		return i + length
	default:
		end = plainEnd(text, i)
		if end >= 0 {
			e.salt = text[i:end:end]
		}
		return end
	}
}

// at reports whether literal stands in text at i. With a short constant it compiles to a comparison of words.
func at(text []byte, i int, literal string) bool {
	return len(text)-i >= len(literal) && string(text[i:i+len(literal)]) == literal
}

// atEnd reports whether text ends at i, or after the newline there.
func atEnd(text []byte, i int) bool {
	return i == len(text) || i+1 == len(text) && text[i] == '\n'
}
