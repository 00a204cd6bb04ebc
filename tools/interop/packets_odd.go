package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// oddPackets are all odd ways to write a datagram that we know, one by one.
func oddPackets() []query {
	var all []query
	ping := message{protocol: "1", typ: "0", query: "null", rsalt: `"odd"`}
	role := message{protocol: "1", typ: "1", query: `"node1"`, rsalt: `"odd"`}
	for _, m := range []message{ping, role} {
		for _, v := range oddMessages(m) {
			all = append(all, wrappedQuery(v.about, pythonEnvelope, v.text, v.meets))
		}
	}
	for _, wrap := range oddEnvelopes() {
		all = append(all, wrappedQuery(wrap.about, wrap, role.text(plainSpelling)))
	}
	all = append(all, skewedPackets(ping)...)
	all = append(all, cutPackets(ping)...)
	all = append(all, sizedPackets()...)
	all = append(all, nestedPackets()...)
	return append(all, nonASCIIPackets()...)
}

// skewedPackets are signed at the very edges of what the clocks may differ.
func skewedPackets(m message) []query {
	var all []query
	for _, skew := range []int64{-301, -300, -299, 299, 300, 301} {
		wrap := pythonEnvelope
		wrap.skew = skew
		q := wrappedQuery(fmt.Sprintf("exactly %d seconds off", skew), wrap, m.text(plainSpelling))
		q.exactSecond = true
		all = append(all, q)
	}
	return all
}

// cutPackets are a good datagram cut after every byte, and with every byte changed.
func cutPackets(m message) []query {
	var all []query
	good := func(now int64) []byte { return pythonEnvelope.datagram(clusterKey, now, m.text(plainSpelling)) }
	for i := range good(0) {
		all = append(all, query{about: fmt.Sprintf("cut after %d bytes", i), datagram: func(now int64) []byte { return good(now)[:min(i, len(good(now)))] }})
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			q := query{about: fmt.Sprintf("byte %d changed by %#x", i, flip), datagram: func(now int64) []byte {
				d := good(now)
				d[min(i, len(d)-1)] ^= flip
				return d
			}}
			if flip == 0x80 {
				q.meets = []string{blanksDiffer} // 0x20 becomes 0xa0, a blank that is none to JSON
			}
			all = append(all, q)
		}
	}
	return all
}

// sizedPackets are around the sizes that matter: the reference's buffer, ours, and the longest datagram.
func sizedPackets() []query {
	var all []query
	for _, size := range []int{1000, 1472, 1473, 4000, referenceReadsBytes - 1, referenceReadsBytes, referenceReadsBytes + 1, referenceReadsBytes + 4, 8192, 30000, 61439, 61440, 61441, 65000, 65507} {
		all = append(all, query{about: fmt.Sprintf("%d bytes", size), datagram: func(now int64) []byte { return sizedDatagram(now, size) }})
		// The same with a list of addresses, as a real client might send.
		all = append(all, query{about: fmt.Sprintf("%d bytes of addresses", size), datagram: func(now int64) []byte {
			m := message{protocol: "1", typ: "2", query: `{"2":["10.0.0.1"` + strings.Repeat(`,"10.0.0.1"`, (size-200)/15) + `]}`, rsalt: `"sized"`}
			return signedDatagram(clusterKey, now, m.text(plainSpelling))
		}})
	}
	return all
}

// nestedPackets are deep JSON: refused for what it is, at any depth.
func nestedPackets() []query {
	var all []query
	for _, depth := range []int{1, 2, 10, 100, 250, 299, 300, 301, 500, 900} {
		for _, pair := range []string{"[]", "{}"} {
			open, end := pair[:1], pair[1:]
			if pair == "{}" {
				open = `{"":`
			}
			m := message{protocol: "1", typ: "0", query: strings.Repeat(open, depth) + "1" + strings.Repeat(end, depth), rsalt: `"deep"`}
			all = append(all, wrappedQuery(fmt.Sprintf("query %d deep", depth), pythonEnvelope, m.text(plainSpelling), nestingDiffers))
		}
	}
	return all
}

// nonASCIIPackets hold text outside ASCII: as escapes, as the UTF-8 that a client may send, and as the reference takes it.
func nonASCIIPackets() []query {
	var all []query
	texts := []string{"é", "ÿ", "Ā", "☃", "日本", "\ufeff", "\uffff", "𝄞", "a𝄞b", "\u0085", "\u00a0", "e\u0301"}
	for _, text := range texts {
		for _, typ := range []string{"1", "7", "9", "10"} {
			about := fmt.Sprintf("type %s, %q", typ, text)
			m := message{protocol: "1", typ: typ, query: quoteASCII("x" + text), rsalt: quoteASCII("salt " + text)}
			meets := ""
			if strings.Contains(text, "𝄞") {
				meets = utf8Differs
			}
			all = append(all, wrappedQuery(about+" escaped", pythonEnvelope, m.text(plainSpelling), meets))
			m.rsalt = `"ascii"`
			all = append(all, wrappedQuery(about+" escaped, in the query only", pythonEnvelope, m.text(plainSpelling), meets))
			m.query = `"x` + text + `"`
			all = append(all, wrappedQuery(about+" escaped once", pythonEnvelope, m.text(plainSpelling), meets),
				rawPacket(about+" raw", m.text(plainSpelling), m.text(plainSpelling)),
				rawPacket(about+" raw, signed byte by byte", m.text(plainSpelling), latin1ToUTF8(m.text(plainSpelling))))
		}
	}
	for _, bytes := range []string{"\xff\xfe", "\xc3", "\xc3\x28", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "\xc0\x80", "\x80"} {
		about := fmt.Sprintf("bytes %q that are no UTF-8", bytes)
		m := message{protocol: "1", typ: "1", query: `"x` + bytes + `"`, rsalt: `"ascii"`}
		all = append(all, rawPacket(about, m.text(plainSpelling), m.text(plainSpelling)),
			rawPacket(about+", signed byte by byte", m.text(plainSpelling), latin1ToUTF8(m.text(plainSpelling))),
			rawPacket(about+", alone", bytes, bytes))
	}
	return all
}

// rawPacket writes a message into a datagram as it is, signed as if it were another text.
func rawPacket(about, msg, signed string) query {
	return query{about: about, meets: []string{utf8Differs}, datagram: func(now int64) []byte {
		salt := strconv.FormatInt(now, 10)
		quoted := `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(msg) + `"`
		return fmt.Appendf(nil, `%s{"msg":%s,"salt":"%s","hmac":"%s"}`, magic, quoted, salt, signature(clusterKey, salt, signed))
	}}
}

// latin1ToUTF8 takes every byte for a character, as the reference does with what it receives.
func latin1ToUTF8(text string) string {
	var b []byte
	for i := range len(text) {
		b = utf8.AppendRune(b, rune(text[i]))
	}
	return string(b)
}
