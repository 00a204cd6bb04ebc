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

// ReplyParser reads replies, a batch of datagrams at a time, whichever server wrote them. It belongs to one goroutine. Its zero value is
// ready.
type ReplyParser struct {
	opener
	replies []Reply
}

// NewReplyParser makes a parser with memory for batches of maxBatch usual replies. Larger ones make it allocate, once.
func NewReplyParser(maxBatch int) *ReplyParser {
	return &ReplyParser{opener: newOpener(maxBatch), replies: make([]Reply, 0, maxBatch)}
}

// ParseReply reads one reply with p, which must not be nil. The error is one of the ErrReply values.
func ParseReply(datagram []byte, keys *Keyring, p *ReplyParser) (Reply, error) {
	p.begin(1)
	p.open1(0, datagram)
	reply := p.finish(keys)[0]
	return reply, reply.Err
}

// Parse reads the datagrams and returns a reply for each, in order. The datagrams must stay as they are while the result is in use; it is
// valid until the next call.
func (p *ReplyParser) Parse(datagrams [][]byte, keys *Keyring) []Reply {
	p.begin(len(datagrams))
	for i, datagram := range datagrams {
		p.open1(i, datagram)
	}
	return p.finish(keys)
}

func (p *ReplyParser) begin(n int) {
	p.reset()
	p.replies = append(p.replies[:0], make([]Reply, n)...)
}

func (p *ReplyParser) open1(i int, datagram []byte) {
	switch p.open(i, datagram, len(datagram)) {
	case DropNone:
	case DropShort, DropMagic:
		p.replies[i].Err = ErrReplyMagic
	case DropHMAC:
		p.replies[i].Err = ErrReplyHMAC
	default:
		p.replies[i].Err = ErrReplyEnvelope
	}
}

func (p *ReplyParser) finish(keys *Keyring) []Reply {
	p.verify(keys)
	for i := range p.letters {
		l := &p.letters[i]
		r := &p.replies[l.datagram]
		switch {
		case l.key == nil:
			r.Err = ErrReplyHMAC
		case !p.read(l.msg, r):
			*r = Reply{Err: ErrReplyMsg}
		default:
			r.Salt, r.Msg, r.Key = l.salt, l.msg, l.key
		}
	}
	return p.replies
}

func (p *ReplyParser) read(msg []byte, r *Reply) bool {
	if !p.noScanner && scanReply(msg, r) {
		return true
	}
	used, ok := p.general.reply(msg, p.memory.space(len(msg)), r)
	p.memory.take(used)
	return ok
}

// scanReply reads a reply as ours and Haskell's servers write them.
func scanReply(msg []byte, r *Reply) bool {
	i := 0
	return scanNumber(msg, &i, `{"protocol":`, &r.Protocol) && scanNumber(msg, &i, `,"status":`, &r.Status) &&
		scanAnswer(msg, &i, &r.Answer) && scanNumber(msg, &i, `,"serial":`, &r.Serial) &&
		at(msg, i, "}") && i+1 == len(msg)
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
