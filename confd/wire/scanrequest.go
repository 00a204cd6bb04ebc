package wire

const (
	seenProtocol = 1 << iota
	seenType
	seenQuery
	seenRSalt
	seenRequired = seenProtocol | seenType | seenRSalt
)

// maxScannedDigits bounds the protocol numbers that the scanner skips over. Any number is a valid one.
const maxScannedDigits = 9

// scanRequest reads msg, the text of a request, whose strings then alias it. When it returns false, r may be half filled.
func scanRequest(msg []byte, r *Request, lists *tables) bool {
	if !at(msg, 0, "{") {
		return false
	}
	seen := 0
	for i := 1; ; {
		var member int
		member, i = requestKey(msg, i)
		if seen&member != 0 {
			return false
		}
		seen |= member
		if at(msg, i, " ") {
			i++
		}
		switch member {
		case seenProtocol:
			digits := len(digitPrefix(msg[i:]))
			if digits == 0 || digits > maxScannedDigits || msg[i] == '0' && digits > 1 {
				return false
			}
			i += digits
		case seenType:
			digits := digitPrefix(msg[i:])
			if len(digits) == 0 || len(digits) > 2 || digits[0] == '0' && len(digits) > 1 {
				return false
			}
			number, _ := decimal(digits)
			if number >= NumTypes {
				return false
			}
			r.Type = Type(number)
			i += len(digits)
		case seenQuery:
			i = scanQuery(msg, i, r, lists)
			if i < 0 {
				return false
			}
		case seenRSalt:
			r.RSalt, i = scanString(msg, i)
			if i < 0 {
				return false
			}
		default:
			return false
		}
		if i >= len(msg) {
			return false
		}
		if msg[i] == '}' {
			return seen&seenRequired == seenRequired && atEnd(msg, i+1)
		}
		if msg[i] != ',' {
			return false
		}
		i++
		if at(msg, i, " ") {
			i++
		}
	}
}

func requestKey(msg []byte, i int) (member, next int) {
	switch {
	case at(msg, i, `"protocol":`):
		return seenProtocol, i + len(`"protocol":`)
	case at(msg, i, `"type":`):
		return seenType, i + len(`"type":`)
	case at(msg, i, `"query":`):
		return seenQuery, i + len(`"query":`)
	case at(msg, i, `"rsalt":`):
		return seenRSalt, i + len(`"rsalt":`)
	}
	return 0, i
}

// scanString reads the string at i and returns the offset after it, -1 if it isn't a plain one.
func scanString(msg []byte, i int) (text []byte, next int) {
	if i >= len(msg) || msg[i] != '"' {
		return nil, -1
	}
	end := plainEnd(msg, i+1)
	if end < 0 {
		return nil, -1
	}
	return msg[i+1 : end : end], end + 1
}

// scanQuery reads the query at i and returns the offset after it, -1 if it isn't one that the scanner knows.
func scanQuery(msg []byte, i int, r *Request, lists *tables) int {
	if i >= len(msg) {
		return -1
	}
	switch msg[i] {
	case '"':
		r.Kind = QueryPlain
		r.Plain, i = scanString(msg, i)
		return i
	case '{':
		r.Kind = QueryDict
		return scanDict(msg, i, r, lists)
	case 'n':
		if at(msg, i, "null") {
			r.Kind = QueryEmpty
			return i + len("null")
		}
	}
	return -1
}

// scanDict reads the dictionary query at i.
func scanDict(msg []byte, i int, r *Request, lists *tables) int {
	i++
	if at(msg, i, "}") {
		return i + 1
	}
	var seen [4]bool
	for {
		if !at(msg, i, `"`) || !at(msg, i+2, `":`) {
			return -1
		}
		key := msg[i+1] - '0'
		if key > 3 || seen[key] {
			return -1
		}
		seen[key] = true
		i += len(`"0":`)
		if at(msg, i, " ") {
			i++
		}
		switch key {
		case 0:
			r.HasLink = true
			r.Link, i = scanString(msg, i)
		case 1:
			r.HasIP = true
			r.IP, i = scanString(msg, i)
		case 2:
			i = scanIPs(msg, i, r, lists)
		case 3:
			i = scanFields(msg, i, r, lists)
		}
		if i < 0 || i >= len(msg) {
			return -1
		}
		if msg[i] == '}' {
			return i + 1
		}
		if msg[i] != ',' {
			return -1
		}
		i++
		if at(msg, i, " ") {
			i++
		}
	}
}

// scanIPs reads the list of strings at i.
func scanIPs(msg []byte, i int, r *Request, lists *tables) int {
	if !at(msg, i, "[") {
		return -1
	}
	i++
	if at(msg, i, "]") {
		return i + 1
	}
	first := len(lists.ips)
	for {
		var ip []byte
		ip, i = scanString(msg, i)
		if i < 0 || i >= len(msg) {
			return -1
		}
		lists.ips = append(lists.ips, ip)
		if msg[i] == ']' {
			r.IPs = lists.ips[first:len(lists.ips):len(lists.ips)]
			return i + 1
		}
		if msg[i] != ',' {
			return -1
		}
		i++
		if at(msg, i, " ") {
			i++
		}
	}
}

// scanFields reads the list of field numbers at i.
func scanFields(msg []byte, i int, r *Request, lists *tables) int {
	if !at(msg, i, "[") {
		return -1
	}
	i++
	if at(msg, i, "]") {
		return i + 1
	}
	first := len(lists.fields)
	for i+1 < len(msg) {
		field := msg[i] - '0'
		if field >= numFields {
			return -1
		}
		lists.fields = append(lists.fields, field)
		i++
		if msg[i] == ']' {
			r.Fields = lists.fields[first:len(lists.fields):len(lists.fields)]
			return i + 1
		}
		if msg[i] != ',' {
			return -1
		}
		i++
		if at(msg, i, " ") {
			i++
		}
	}
	return -1
}
