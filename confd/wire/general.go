package wire

import (
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// maxKeptValues is how many JSON values a datagram may hold for the memory that it took to be kept for the next one. fastjson keeps the
// longest list that each of its slots ever held, so without a bound hostile datagrams could make it keep the square of their length. This
// way it comes to some 2 MiB at worst; beyond it, the parser is thrown away after use, a few allocations per such datagram.
const maxKeptValues = 256

// general reads envelopes and requests in any form of JSON. It is the full rule book, of which the scanner knows a part.
type general struct {
	json  fastjson.Parser
	large bool   // json has just read more than maxKeptValues values
	raw   []byte // the JSON text of the value at hand
}

var (
	envelopeKeys = []string{"hmac", "msg", "salt"}
	requestKeys  = []string{"protocol", "type", "query", "rsalt"}
	dictKeys     = []string{keyLink, keyIP, keyIPs, keyFields} // as "0" to "3"
)

// envelope opens text, a datagram after its magic. Salt and message are appended to scratch, which is returned.
func (g *general) envelope(text, scratch []byte, l *letter) (rest []byte, ok bool) {
	defer g.release()
	var values [3]*fastjson.Value
	if !members(g.object(text), envelopeKeys, values[:]) {
		return scratch, false
	}
	hmac, msg, salt := values[0], values[1], values[2]
	digits, _, ok := g.text(scratch, hmac)
	if !ok {
		return scratch, false
	}
	if l.isMAC = len(digits) == hexLen; l.isMAC {
		l.mac = [hexLen]byte(digits)
	}
	if l.salt, scratch, ok = g.text(scratch, salt); !ok {
		return scratch, false
	}
	l.msg, scratch, ok = g.text(scratch, msg)
	return scratch, ok
}

// request reads msg, the text of a request. The strings are appended to scratch, which is returned.
func (g *general) request(msg, scratch []byte, r *Request, lists *tables) ([]byte, bool) {
	defer g.release()
	var values [4]*fastjson.Value
	if !members(g.object(msg), requestKeys, values[:]) {
		return scratch, false
	}
	protocol, kind, query, rsalt := values[0], values[1], values[2], values[3]
	if !g.isNumber(protocol) {
		return scratch, false
	}
	number, ok := g.integer(kind, NumTypes)
	if !ok {
		return scratch, false
	}
	r.Type = Type(number)
	if r.RSalt, scratch, ok = g.text(scratch, rsalt); !ok {
		return scratch, false
	}
	switch g.read(query) {
	case 0, 'n':
		r.Kind = QueryEmpty
		return scratch, true
	case '"':
		r.Kind = QueryPlain
		r.Plain, scratch, ok = g.text(scratch, query)
		return scratch, ok
	case '{':
		r.Kind = QueryDict
		return g.dict(query.GetObject(), scratch, r, lists)
	}
	return scratch, false
}

// dict reads a dictionary query. A key that is null counts as missing.
func (g *general) dict(o *fastjson.Object, scratch []byte, r *Request, lists *tables) (rest []byte, ok bool) {
	var values [4]*fastjson.Value
	if !members(o, dictKeys, values[:]) {
		return scratch, false
	}
	if link := values[0]; g.present(link) {
		if r.Link, scratch, ok = g.text(scratch, link); !ok {
			return scratch, false
		}
		r.HasLink = true
	}
	if ip := values[1]; g.present(ip) {
		if r.IP, scratch, ok = g.text(scratch, ip); !ok {
			return scratch, false
		}
		r.HasIP = true
	}
	if ips := values[2]; g.present(ips) {
		if scratch, ok = g.ips(ips, scratch, r, lists); !ok {
			return scratch, false
		}
	}
	if fields := values[3]; g.present(fields) {
		return scratch, g.fields(fields, r, lists)
	}
	return scratch, true
}

func (g *general) ips(v *fastjson.Value, scratch []byte, r *Request, lists *tables) (rest []byte, ok bool) {
	if g.read(v) != '[' {
		return scratch, false
	}
	first := len(lists.ips)
	for _, element := range v.GetArray() {
		var ip []byte
		if ip, scratch, ok = g.text(scratch, element); !ok {
			return scratch, false
		}
		lists.ips = append(lists.ips, ip)
	}
	r.IPs = lists.ips[first:len(lists.ips):len(lists.ips)]
	return scratch, true
}

func (g *general) fields(v *fastjson.Value, r *Request, lists *tables) bool {
	if g.read(v) != '[' {
		return false
	}
	first := len(lists.fields)
	for _, element := range v.GetArray() {
		number, ok := g.integer(element, numFields)
		if !ok {
			return false
		}
		lists.fields = append(lists.fields, uint8(number))
	}
	r.Fields = lists.fields[first:len(lists.fields):len(lists.fields)]
	return true
}

// object parses text, which must be one object with nothing before it; else it returns nil.
func (g *general) object(text []byte) *fastjson.Object {
	check := checker{text: text}
	if !check.document() {
		return nil
	}
	g.large = check.values > maxKeptValues
	value, err := g.json.ParseBytes(text)
	if err != nil {
		return nil // not reached: what passes the check parses
	}
	return value.GetObject()
}

// release forgets the memory of an unusually large document. Nothing of it may be in use.
func (g *general) release() {
	if g.large {
		g.json = fastjson.Parser{}
		g.large = false
	}
}

// members finds the values of the named keys, the first where a key is repeated. It returns false if there are other keys, or no object.
func members(o *fastjson.Object, names []string, values []*fastjson.Value) bool {
	known := o != nil
	o.Visit(func(key []byte, v *fastjson.Value) {
		for i, name := range names {
			if string(key) == name {
				if values[i] == nil {
					values[i] = v
				}
				return
			}
		}
		known = false
	})
	return known
}

// read puts the value's JSON text, as it was written, into raw and returns its first byte: 0 if there is no value. (fastjson's own accessors
// decode strings in place, with rules for lone surrogates that differ from ours.)
func (g *general) read(v *fastjson.Value) byte {
	if v == nil {
		return 0
	}
	g.raw = v.MarshalTo(g.raw[:0])
	return g.raw[0]
}

// present reports whether there is a value other than null.
func (g *general) present(v *fastjson.Value) bool {
	first := g.read(v)
	return first != 0 && first != 'n'
}

// text appends the text of a value and returns it alone and with what was there before.
func (g *general) text(scratch []byte, v *fastjson.Value) (text, rest []byte, ok bool) {
	rest, ok = g.appendText(scratch, v)
	return rest[len(scratch):len(rest):len(rest)], rest, ok
}

// maxBasic is the last character that is one for the reference; those beyond are two to it, a surrogate pair.
const maxBasic = 0xffff

// appendText appends the text of a JSON string, or of a list of strings of one character each, which the reference takes for one.
func (g *general) appendText(dst []byte, v *fastjson.Value) ([]byte, bool) {
	switch g.read(v) {
	case '"':
		return appendUnescaped(dst, g.raw[1:len(g.raw)-1]), true
	case '[':
		for _, element := range v.GetArray() {
			if g.read(element) != '"' {
				return dst, false
			}
			before := len(dst)
			dst = appendUnescaped(dst, g.raw[1:len(g.raw)-1])
			if r, size := utf8.DecodeRune(dst[before:]); size != len(dst)-before || size == 0 || r > maxBasic {
				return dst, false
			}
		}
		return dst, true
	}
	return dst, false
}

func (g *general) isNumber(v *fastjson.Value) bool {
	first := g.read(v)
	return first == '-' || first-'0' <= 9 && first != 0
}

// integer returns a number rounded to an integer, if that is 0 to limit-1.
func (g *general) integer(v *fastjson.Value, limit int) (value int, ok bool) {
	if !g.isNumber(v) {
		return 0, false
	}
	n, _ := parseNumber(g.raw)
	value, ok = n.small()
	return value, ok && value < limit
}
