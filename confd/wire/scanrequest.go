package wire

import "encoding/binary"

// spelling is how a client writes the JSON of a request, member after member in the order of the protocol's description. What often comes
// together is compared together.
type spelling struct {
	first, kind                      *expected // up to the type
	queryText, queryDict, queryNull  *expected // from there into the query
	null                             *expected // the rest of queryNull
	rsalt                            *expected // from the query into the rsalt
	last, lastLine                   *expected // after that, without or with a newline
	quote, value, next, close        *expected // of a dictionary: from a key of one character to its value, from a value to the next key, the end
	list, endList, emptyList, inList *expected
}

// spelled is the spelling with blank after colons and commas.
func spelled(blank string) *spelling {
	colon, comma := ":"+blank, ","+blank
	return &spelling{
		first:     expect(`{"protocol"` + colon + `1`),
		kind:      expect(comma + `"type"` + colon),
		queryText: expect(comma + `"query"` + colon + `"`),
		queryDict: expect(comma + `"query"` + colon + `{`),
		queryNull: expect(comma + `"query"` + colon + `n`),
		null:      expect(`ull`),
		rsalt:     expect(comma + `"rsalt"` + colon + `"`),
		last:      expect(`}`),
		lastLine:  expect("}\n"),
		value:     expect(`"` + colon),
		next:      expect(comma + `"`),
		close:     expect(`}`),
		quote:     expect(`"`),
		list:      expect(`[`),
		endList:   expect(`]`),
		emptyList: expect(`[]`),
		inList:    expect(comma),
	}
}

var (
	compactSpelling = spelled("")  // of the Haskell client, and ours
	spacedSpelling  = spelled(" ") // of the Python client
)

// What stands between the strings of an envelope, in the order of each.
var (
	spacedBeforeMsg  = newLiteral(`{"msg": "`)
	spacedBeforeSalt = newLiteral(`", "salt": "`)
	spacedBeforeMAC  = newLiteral(`", "hmac": "`)

	compactBeforeMAC  = newLiteral(`{"hmac":"`)
	compactBeforeMsg  = newLiteral(`","msg":"`)
	compactBeforeSalt = newLiteral(`","salt":"`)
)

// saltDigits is the length of the only salts that the scanner knows: seconds since 1970, until the year 2286. That it is fixed lets the
// message be decoded to its place behind the salt before the salt was seen.
const saltDigits = 10

// maxScannedIPs is how many addresses the scanner reads of a list. What it reads isn't authentic yet, so its lists must be bounded.
const maxScannedIPs = 256

// scanRequest reads the datagram raw, without its magic. Salt and message are decoded into room, one after the other; the request's strings
// alias that. When it returns false, l, r and lists are half filled.
func scanRequest(raw, room []byte, l *letter, r *Request, lists *tables) bool {
	s := scan{raw: raw, text: room[saltDigits:]}
	switch {
	case s.skip(spacedBeforeMsg):
		if !s.request(spacedSpelling, r, lists) || !s.skip(spacedBeforeSalt) || !s.salt(room) || !s.skip(spacedBeforeMAC) || !s.mac(l) {
			return false
		}
	case s.skip(compactBeforeMAC):
		if !s.mac(l) || !s.skip(compactBeforeMsg) || !s.request(compactSpelling, r, lists) || !s.skip(compactBeforeSalt) || !s.salt(room) {
			return false
		}
	default:
		return false
	}
	l.salt = room[:saltDigits:saltDigits]
	l.msg = s.text[:s.j:s.j]
	return s.close() && s.atEnd()
}

// salt copies the salt to room.
func (s *scan) salt(room []byte) bool {
	if len(s.raw)-s.i < saltDigits {
		return false
	}
	digits := s.raw[s.i : s.i+saltDigits]
	s.i += saltDigits
	copy(room, digits)
	return allDigits(binary.LittleEndian.Uint64(digits)) && allDigits(binary.LittleEndian.Uint64(digits[2:]))
}

// request reads a message.
func (s *scan) request(sp *spelling, r *Request, lists *tables) (ok bool) {
	if !s.take(sp.first) || !s.take(sp.kind) || !s.kind(r) || !s.query(sp, r, lists) {
		return false
	}
	r.RSalt, ok = s.string()
	return ok && (s.take(sp.lastLine) || s.take(sp.last))
}

// digit reads a decimal digit below limit.
func (s *scan) digit(limit byte) (digit byte, ok bool) {
	if s.i >= len(s.raw) || s.raw[s.i]-'0' >= limit {
		return 0, false
	}
	s.text[s.j] = s.raw[s.i]
	s.i++
	s.j++
	return s.text[s.j-1] - '0', true
}

// kind reads the type.
func (s *scan) kind(r *Request) bool {
	first, ok := s.digit(10)
	r.Type = Type(first)
	if ok && first == 1 {
		if second, more := s.digit(NumTypes - 10); more {
			r.Type = 10 + Type(second)
		}
	}
	return ok
}

// query reads the query, if there is one, and goes on into the rsalt.
func (s *scan) query(sp *spelling, r *Request, lists *tables) (ok bool) {
	switch {
	case s.take(sp.queryText):
		r.Kind = QueryPlain
		if r.Plain, ok = s.string(); !ok {
			return false
		}
	case s.take(sp.queryDict):
		r.Kind = QueryDict
		if !s.dict(sp, r, lists) {
			return false
		}
	case s.take(sp.queryNull):
		if !s.take(sp.null) {
			return false
		}
	}
	return s.take(sp.rsalt)
}

// dict reads a dictionary query after its brace.
func (s *scan) dict(sp *spelling, r *Request, lists *tables) (ok bool) {
	var seen [4]bool
	for more := s.take(sp.quote); more; more = s.take(sp.next) {
		key, ok := s.digit(4)
		if !ok || seen[key&3] || !s.take(sp.value) {
			return false
		}
		seen[key&3] = true
		switch dictKeys[key&3] {
		case keyLink:
			r.Link, ok = s.quoted(sp)
			r.HasLink = true
		case keyIP:
			r.IP, ok = s.quoted(sp)
			r.HasIP = true
		case keyIPs:
			ok = s.ips(sp, r, lists)
		case keyFields:
			ok = s.fields(sp, r, lists)
		}
		if !ok {
			return false
		}
	}
	return s.take(sp.close)
}

// quoted reads a string from its opening quote on.
func (s *scan) quoted(sp *spelling) (text []byte, ok bool) {
	if !s.take(sp.quote) {
		return nil, false
	}
	return s.string()
}

func (s *scan) ips(sp *spelling, r *Request, lists *tables) bool {
	if s.take(sp.emptyList) {
		return true
	}
	first := len(lists.ips)
	for more := s.take(sp.list); more; more = s.take(sp.inList) {
		ip, ok := s.quoted(sp)
		if !ok || len(lists.ips)-first == maxScannedIPs {
			return false
		}
		lists.ips = append(lists.ips, ip)
	}
	r.IPs = lists.ips[first:len(lists.ips):len(lists.ips)]
	return len(r.IPs) > 0 && s.take(sp.endList)
}

func (s *scan) fields(sp *spelling, r *Request, lists *tables) bool {
	if s.take(sp.emptyList) {
		return true
	}
	first := len(lists.fields)
	for more := s.take(sp.list); more; more = s.take(sp.inList) {
		field, ok := s.digit(numFields)
		if !ok {
			return false
		}
		lists.fields = append(lists.fields, field)
	}
	r.Fields = lists.fields[first:len(lists.fields):len(lists.fields)]
	return len(r.Fields) > 0 && s.take(sp.endList)
}
