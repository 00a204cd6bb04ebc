package replay

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/valyala/fastjson"

	"gantry/confd/wire"
)

// messages reads the datagrams of a capture.
type messages struct {
	requests *wire.Parser
	replies  *wire.ReplyParser
	keys     *wire.Keyring
	json     fastjson.Parser
	one      [1][]byte
}

func newMessages(key *wire.Key) *messages {
	return &messages{requests: wire.NewParser(1), replies: wire.NewReplyParser(1), keys: wire.NewKeyring(key)}
}

// message is a datagram that was read: a request or a reply. It is valid until the
// next one is read.
type message struct {
	request *wire.Request // nil unless it is one
	text    []byte        // of the request
	reply   *wire.Reply   // nil unless it is one
	drop    wire.Drop     // why it is neither
}

// read reads a datagram as it was understood when it was captured: a request that
// was stale then is refused now.
func (m *messages) read(datagram []byte, at time.Time) message {
	m.one[0] = datagram
	request := &m.requests.Parse(m.one[:], m.keys, at.Unix())[0]
	switch request.Drop {
	case wire.DropNone:
		text, ok := innerText(&m.json, datagram)
		if !ok {
			return message{drop: wire.DropEnvelope}
		}
		return message{request: request, text: text}
	case wire.DropRequest, wire.DropTooLong:
		if reply := &m.replies.Parse(m.one[:], m.keys)[0]; reply.Err == nil {
			return message{reply: reply}
		}
	}
	return message{drop: request.Drop}
}

// parts returns the datagrams that a packet holds which can't be read as one: on the
// machine that sends them, datagrams that leave together (UDP_SEGMENT) are captured
// before they are cut up, one behind the other, all as long as the first but the
// last. (Our server pads replies with blanks to that end.) It returns nil if the
// packet isn't of that form.
func parts(packet []byte) [][]byte {
	const next = wire.Magic + "{"
	size := 0
	for size == 0 || !endsDatagram(packet[:size]) {
		at := bytes.Index(packet[min(size+1, len(packet)):], []byte(next))
		if at < 0 {
			return nil
		}
		size += 1 + at
	}
	var all [][]byte
	for start := 0; start < len(packet); start += size {
		part := packet[start:min(start+size, len(packet))]
		if !bytes.HasPrefix(part, []byte(wire.Magic)) {
			return nil
		}
		all = append(all, part)
	}
	return all
}

// endsDatagram says whether text may be the end of a datagram.
func endsDatagram(text []byte) bool { return bytes.HasSuffix(bytes.TrimRight(text, " "), []byte("}")) }

// innerText takes the inner message out of a datagram, in memory of its own. An
// envelope whose message is a list of characters, which servers take for a text,
// has none.
func innerText(json *fastjson.Parser, datagram []byte) ([]byte, bool) {
	body, ok := bytes.CutPrefix(datagram, []byte(wire.Magic))
	if !ok {
		return nil, false
	}
	envelope, err := json.ParseBytes(body)
	if err != nil {
		return nil, false
	}
	text := envelope.GetStringBytes("msg")
	return append([]byte(nil), text...), text != nil
}

// renew returns a request's text with another rsalt, which must need no escapes;
// everything else stays as it was written.
func renew(text []byte, rsalt string) ([]byte, bool) {
	if start, end := usualRSalt(text); start > 0 {
		return slices.Concat(text[:start], []byte(rsalt), text[end:]), true
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	for decoder.More() {
		key, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return nil, false
		}
		if key != "rsalt" {
			continue
		}
		end := int(decoder.InputOffset())
		return slices.Concat(text[:end-len(value)], []byte(`"`+rsalt+`"`), text[end:]), true
	}
	return nil, false
}

// usualRSalt finds the rsalt, without its quotes, where it is a text without escapes
// and named only once: a fifth of the work, for what every client writes. It returns
// 0 elsewhere. (In a request no other object may have such a key, and in a text its
// quotes would be escaped.)
func usualRSalt(text []byte) (start, end int) {
	const key = `"rsalt"`
	at := bytes.Index(text, []byte(key))
	if at < 0 || bytes.LastIndex(text, []byte(key)) != at {
		return 0, 0
	}
	rest := bytes.TrimLeft(text[at+len(key):], " \t\r\n:")
	if len(rest) == 0 || rest[0] != '"' {
		return 0, 0
	}
	start = len(text) - len(rest) + 1
	length := bytes.IndexAny(rest[1:], `"\`)
	if length < 0 || rest[1+length] != '"' {
		return 0, 0
	}
	return start, start + length
}
