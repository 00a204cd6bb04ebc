package wire

import (
	"errors"
	"strconv"

	"github.com/valyala/fastjson"
)

// AppendReplyHead appends the text of a reply up to its answer, which the caller appends as JSON, followed by AppendReplyTail.
func AppendReplyHead(dst []byte, s Status) []byte {
	dst = append(dst, `{"protocol":1,"status":`...)
	dst = strconv.AppendUint(dst, uint64(s), 10)
	return append(dst, `,"answer":`...)
}

// AppendReplyTail appends the text of a reply after its answer. serial is a decimal number.
func AppendReplyTail(dst, serial []byte) []byte {
	dst = append(dst, `,"serial":`...)
	dst = append(dst, serial...)
	return append(dst, '}')
}

// Reply is what a ReplyParser found in one datagram. Its slices alias the datagram or the parser's memory: they are valid until the parser's
// next use. Unless Err is nil, nothing else has a meaning.
type Reply struct {
	Err error // one of the ErrReply values

	Protocol int
	Status   int    // a Status, unless the server knows more of them
	Answer   []byte // JSON, UTF-8
	Serial   int64

	Salt []byte // the rsalt of the request that it answers: only its sender knows whether it is one of his
	Msg  []byte // the whole message that was signed
	Key  *Key   // the key that it was signed with
}

// Why a reply is refused.
var (
	ErrReplyMagic    = errors.New("reply is no confd datagram")
	ErrReplyEnvelope = errors.New("reply has a malformed envelope")
	ErrReplyHMAC     = errors.New("reply is not signed with the key")
	ErrReplyMsg      = errors.New("reply has a malformed message")
)

// replyErrors says the same of replies as the reasons to drop a request.
var replyErrors = [NumDrops]error{
	DropShort:    ErrReplyMagic,
	DropMagic:    ErrReplyMagic,
	DropEnvelope: ErrReplyEnvelope,
	DropHMAC:     ErrReplyHMAC,
}

// ReplyParser reads replies, a batch of datagrams at a time, whichever server wrote them. It belongs to one goroutine. Its zero value is
// ready.
type ReplyParser struct {
	opener
	replies []Reply
	one     [1][]byte // the datagram of ParseReply
	memory  memory    // the answers of replies that the general reader read
}

// NewReplyParser makes a parser with memory for batches of maxBatch usual replies. Larger ones make it allocate, once.
func NewReplyParser(maxBatch int) *ReplyParser {
	return &ReplyParser{opener: newOpener(maxBatch), replies: make([]Reply, 0, maxBatch)}
}

// ParseReply reads one reply with p, which must not be nil. The error is one of the ErrReply values.
func ParseReply(datagram []byte, keys *Keyring, p *ReplyParser) (Reply, error) {
	p.one[0] = datagram
	reply := p.Parse(p.one[:], keys)[0]
	p.one[0] = nil
	return reply, reply.Err
}

// Parse reads the datagrams and returns a reply for each, in order. The result is valid until the next call.
func (p *ReplyParser) Parse(datagrams [][]byte, keys *Keyring) []Reply {
	p.reset()
	p.memory.reset()
	p.replies = sized(p.replies, len(datagrams))
	for i, datagram := range datagrams {
		p.replies[i].Err = p.open(i, datagram)
	}
	p.verify(keys)
	for i := range p.letters {
		l := &p.letters[i]
		r := &p.replies[l.datagram]
		switch {
		case l.key == nil:
			*r = Reply{Err: replyErrors[p.refused(l, datagrams[l.datagram][len(Magic):])]}
		case !l.read && !p.read(l, r):
			*r = Reply{Err: ErrReplyMsg}
		default:
			r.Salt, r.Msg, r.Key = l.salt, l.msg, l.key
		}
	}
	return p.replies
}

// open opens the i-th datagram, and reads it if it is one that the scanner knows.
func (p *ReplyParser) open(i int, datagram []byte) error {
	if drop := checkMagic(datagram, len(datagram)); drop != DropNone {
		return replyErrors[drop]
	}
	raw := datagram[len(Magic):]
	room := p.column.room(len(raw) + maxScannedSalt)
	l, r := p.letter(i), &p.replies[i]
	if !p.noScanner {
		if start, ok := scanReply(raw, room, l, r); ok {
			l.read = true
			p.column.add(room, start, maxScannedSalt+len(l.msg))
			return nil
		}
		*r = Reply{}
	}
	return replyErrors[p.openGeneral(raw, room, l)]
}

// read reads an authentic message that the scanner doesn't know.
func (p *ReplyParser) read(l *letter, r *Reply) bool {
	room := p.memory.room(len(l.msg))
	used, ok := p.general.reply(l.msg, room[:0], r)
	p.memory.take(len(used))
	return ok
}

// maxIntegerDigits is how many digits certainly fit an int64.
const maxIntegerDigits = 18

// parseInteger reads the integer that text begins with. length is 0 if there is none.
func parseInteger(text []byte) (value int64, length int) {
	minus := len(text) > 0 && text[0] == '-'
	if minus {
		length = 1
	}
	digits := digitPrefix(text[length:])
	if len(digits) == 0 || len(digits) > maxIntegerDigits || digits[0] == '0' && len(digits) > 1 {
		return 0, 0
	}
	value, _ = decimal(digits)
	if minus {
		value = -value
	}
	return value, length + len(digits)
}

var replyKeys = []string{"protocol", "status", "answer", "serial"}

// reply reads msg, the text of a reply. The answer is appended to scratch, which is returned.
func (g *general) reply(msg, scratch []byte, r *Reply) (rest []byte, ok bool) {
	defer g.release()
	var values [4]*fastjson.Value
	if !members(g.object(msg), replyKeys, values[:]) {
		return scratch, false
	}
	protocol, okProtocol := g.exact(values[0])
	status, okStatus := g.exact(values[1])
	serial, okSerial := g.exact(values[3])
	if !okProtocol || !okStatus || !okSerial || values[2] == nil {
		return scratch, false
	}
	r.Protocol, r.Status, r.Serial = int(protocol), int(status), serial
	rest = values[2].MarshalTo(scratch)
	r.Answer = rest[len(scratch):len(rest):len(rest)]
	return rest, true
}

// exact returns the value of an integer.
func (g *general) exact(v *fastjson.Value) (value int64, ok bool) {
	if g.read(v) == 0 {
		return 0, false
	}
	value, length := parseInteger(g.raw)
	return value, length > 0 && length == len(g.raw)
}
