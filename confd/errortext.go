package confd

import (
	"strconv"
	"unicode/utf8"

	"gantry/cache"
	"gantry/confd/wire"
)

// What a name that was not found is a name of, as the error texts say it.
const (
	nodeKind     = "Node name "
	instanceKind = "Instance name "
	diskKind     = "Disk uuid "
)

// noSerial ends every answer that is an error.
var noSerial = []byte("0")

// errorText answers with the text in the making.
func (a *answerer) errorText() reply {
	start := a.begin(wire.StatusError)
	a.composed = append(a.composed, '"')
	a.composed = wire.AppendEscaped(a.composed, a.text)
	a.composed = append(a.composed, '"')
	return a.end(start, wire.StatusError, noSerial)
}

// whatIsWrong is how a failed look-up ends.
func whatIsWrong(match cache.Match) string {
	if match == cache.Ambiguous {
		return " has multiple matches"
	}
	return " not found"
}

// prerequisite answers that a node was not found, in the words in which the
// reference formats such an error for people.
func (a *answerer) prerequisite(name []byte, match cache.Match) reply {
	a.text = append(a.text[:0], "Failure: prerequisites not met for this operation:\nerror type: ECodeNoEnt, error details:\n"...)
	a.text = append(append(a.text, nodeKind...), name...)
	a.text = append(a.text, whatIsWrong(match)...)
	return a.errorText()
}

// shownError answers that something was not found, in the words in which
// Haskell shows the same error.
func (a *answerer) shownError(prefix, kind string, name []byte, match cache.Match) reply {
	a.text = append(append(a.text[:0], prefix...), `OpPrereqError "`...)
	a.text = appendShown(append(a.text, kind...), name)
	a.text = append(append(a.text, whatIsWrong(match)...), `" ECodeNoEnt`...)
	return a.errorText()
}

// invalidQuery answers that a query is of a kind that its type has no use for,
// and shows the query.
func (a *answerer) invalidQuery(r *wire.Request) reply {
	a.text = append(a.text[:0], "Invalid query type "...)
	switch r.Kind {
	case wire.QueryEmpty:
		a.text = append(a.text, "EmptyQuery"...)
	case wire.QueryPlain:
		a.text = appendString(append(a.text, "PlainQuery "...), r.Plain)
	case wire.QueryDict:
		a.text = appendDict(a.text, r)
	}
	return a.errorText()
}

func appendDict(dst []byte, r *wire.Request) []byte {
	dst = appendMaybe(append(dst, "DictQuery (ConfdReqQ {confdReqQIp = "...), r.HasIP, r.IP)
	dst = append(dst, ", confdReqQIpList = ["...)
	for i, ip := range r.IPs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, ip)
	}
	dst = appendMaybe(append(dst, "], confdReqQLink = "...), r.HasLink, r.Link)
	dst = append(dst, ", confdReqQFields = ["...)
	for i, field := range r.Fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, fieldNames[field]...)
	}
	return append(dst, "]})"...)
}

var fieldNames = [...]string{
	wire.FieldName:          "ReqFieldName",
	wire.FieldIP:            "ReqFieldIp",
	wire.FieldMasterNodePip: "ReqFieldMNodePip",
}

func appendMaybe(dst []byte, present bool, text []byte) []byte {
	if !present {
		return append(dst, "Nothing"...)
	}
	return appendString(append(dst, "Just "...), text)
}

func appendString(dst, text []byte) []byte {
	return append(appendShown(append(dst, '"'), text), '"')
}

// controlNames are Haskell's names of the characters below the blank.
var controlNames = [0x20]string{
	"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "a", "b", "t", "n", "v", "f", "r", "SO", "SI",
	"DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
}

const (
	shiftOut = 0x0e
	deleted  = 0x7f
)

// appendShown appends text as Haskell shows the inside of a string. An empty
// escape, \&, parts an escape from a character that would belong to it: a
// number from a digit, \SO from an H.
func appendShown(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRune(text[i:])
		i += size
		var next byte
		if i < len(text) {
			next = text[i]
		}
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', byte(c))
		case c == deleted:
			dst = append(dst, `\DEL`...)
		case c > deleted:
			dst = strconv.AppendUint(append(dst, '\\'), uint64(c), 10)
			if next >= '0' && next <= '9' {
				dst = append(dst, `\&`...)
			}
		case c >= ' ':
			dst = append(dst, byte(c))
		default:
			dst = append(append(dst, '\\'), controlNames[c]...)
			if c == shiftOut && next == 'H' {
				dst = append(dst, `\&`...)
			}
		}
	}
	return dst
}
