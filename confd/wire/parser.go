package wire

// Parser reads requests, a batch of datagrams at a time. It belongs to one goroutine. Its memory grows to what its batches need: at most
// twice the bytes of the largest batch, and for lists of addresses 8 times the bytes of those.
type Parser struct {
	opener
	requests []Request
	lists    tables
}

// NewParser makes a parser with memory for batches of maxBatch usual requests. Larger ones make it allocate, once.
func NewParser(maxBatch int) *Parser {
	return &Parser{opener: newOpener(maxBatch), requests: make([]Request, 0, maxBatch)}
}

// Parse reads the datagrams and returns a request for each, in order. keys are those to verify with, nowUnix is the server's clock in
// seconds. The datagrams must stay as they are while the result is in use; it is valid until the next call.
//
// It works in columns: all envelopes are opened, then all MACs computed, then what is authentic is read, then the time stamps are checked.
// So MACs can be computed side by side.
func (p *Parser) Parse(datagrams [][]byte, keys *Keyring, nowUnix int64) []Request {
	p.reset()
	p.lists.reset()
	p.requests = append(p.requests[:0], make([]Request, len(datagrams))...)
	for i, datagram := range datagrams {
		p.requests[i].Drop = p.open(i, datagram, MaxRequest)
	}
	p.verify(keys)
	for i := range p.letters {
		p.read(&p.letters[i])
	}
	for i := range p.letters {
		l := &p.letters[i]
		if r := &p.requests[l.datagram]; r.Drop == DropNone {
			r.Drop = checkSalt(l.salt, nowUnix)
		}
	}
	return p.requests
}

// read reads a message, if it is authentic.
func (p *Parser) read(l *letter) {
	r := &p.requests[l.datagram]
	if l.key == nil {
		r.Drop = DropHMAC
		return
	}
	ips, fields := len(p.lists.ips), len(p.lists.fields)
	if p.noScanner || !scanRequest(l.msg, r, &p.lists) {
		*r = Request{}
		p.lists.ips = p.lists.ips[:ips]
		p.lists.fields = p.lists.fields[:fields]
		used, ok := p.general.request(l.msg, p.memory.space(len(l.msg)), r, &p.lists)
		p.memory.take(used)
		if !ok {
			r.Drop = DropRequest
		}
	}
	r.Key = l.key
}

// checkSalt compares the time stamp in the salt with the clock.
func checkSalt(salt []byte, nowUnix int64) Drop {
	seconds, ok := parseTimestamp(salt)
	if !ok {
		return DropSalt
	}
	if skew := seconds - nowUnix; skew > MaxClockSkew || skew < -MaxClockSkew {
		return DropSkew
	}
	return DropNone
}
