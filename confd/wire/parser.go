package wire

// Parser reads requests, a batch of datagrams at a time. It belongs to one goroutine. Its memory grows to what its batches need: at most four
// times the bytes of the largest batch, and for lists of addresses 8 times the bytes of those.
type Parser struct {
	opener
	requests []Request
	lists    tables
	memory   memory // the strings of requests that the general reader read

	skew     int64 // of the batch's time stamps, the one farthest from the clock
	farthest int64 // how far that is; negative without any
}

// NewParser makes a parser with memory for batches of maxBatch usual requests. Larger ones make it allocate, once.
func NewParser(maxBatch int) *Parser {
	return &Parser{
		opener: newOpener(maxBatch), requests: make([]Request, 0, maxBatch),
		lists: newTables(maxBatch), memory: newMemory(maxBatch * messageMemory),
	}
}

// Parse reads the datagrams and returns a request for each, in order. keys are those to verify with, nowUnix is the server's clock in
// seconds. The result is valid until the next call.
//
// It works in columns: all datagrams are opened, then all MACs computed, then what is authentic is read, then the time stamps are checked. So
// MACs can be computed side by side. (What the scanner knows, it reads while it opens.)
func (p *Parser) Parse(datagrams [][]byte, keys *Keyring, nowUnix int64) []Request {
	p.reset()
	p.lists.reset()
	p.memory.reset()
	p.skew, p.farthest = 0, -1
	p.requests = sized(p.requests, len(datagrams))
	for i, datagram := range datagrams {
		p.requests[i].Drop = p.open(i, datagram)
	}
	p.verify(keys)
	for i := range p.letters {
		l := &p.letters[i]
		r := &p.requests[l.datagram]
		if l.key == nil {
			*r = Request{Drop: p.refused(l, datagrams[l.datagram][len(Magic):])}
			continue
		}
		if !l.read {
			p.read(l, r)
		}
		r.Key = l.key
		if r.Drop != DropNone {
			continue
		}
		var skew int64
		if skew, r.Drop = checkSalt(l.salt, nowUnix); r.Drop == DropSalt {
			continue
		}
		if distance := max(skew, -skew); distance > p.farthest {
			p.skew, p.farthest = skew, distance
		}
	}
	return p.requests
}

// Skew returns how far from the clock the time stamps of the last Parse's authentic requests were, in seconds, by the one that was farthest:
// positive if its sender's clock is ahead. Those that were dropped for it count, too. ok is false if there were no time stamps.
func (p *Parser) Skew() (seconds int64, ok bool) { return p.skew, p.farthest >= 0 }

// open opens the i-th datagram, and reads it if it is one that the scanner knows.
func (p *Parser) open(i int, datagram []byte) Drop {
	if drop := checkMagic(datagram, MaxRequest); drop != DropNone {
		return drop
	}
	raw := datagram[len(Magic):]
	room := p.column.room(len(raw) + saltDigits)
	l, r := p.letter(i), &p.requests[i]
	ips, fields := len(p.lists.ips), len(p.lists.fields)
	if !p.noScanner && scanRequest(raw, room, l, r, &p.lists) {
		l.read = true
		p.column.add(room, 0, len(l.salt)+len(l.msg))
		return DropNone
	}
	*r = Request{}
	p.lists.ips = p.lists.ips[:ips]
	p.lists.fields = p.lists.fields[:fields]
	return p.openGeneral(raw, room, l)
}

// read reads an authentic message that the scanner doesn't know.
func (p *Parser) read(l *letter, r *Request) {
	room := p.memory.room(len(l.msg))
	used, ok := p.general.request(l.msg, room[:0], r, &p.lists)
	p.memory.take(len(used))
	if !ok {
		*r = Request{Drop: DropRequest}
	}
}

// checkSalt compares the time stamp in the salt with the clock.
func checkSalt(salt []byte, nowUnix int64) (skew int64, drop Drop) {
	seconds, ok := parseTimestamp(salt)
	if !ok {
		return 0, DropSalt
	}
	if skew = seconds - nowUnix; skew > MaxClockSkew || skew < -MaxClockSkew {
		return skew, DropSkew
	}
	return skew, DropNone
}
