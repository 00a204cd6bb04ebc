package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gantry/confd/wire/wiretest"
)

// packetDifferences are the documented differences that broken and odd datagrams must meet.
func packetDifferences() []string {
	return []string{utf8Differs, blanksDiffer, numbersDiffer, nestingDiffers, longRequests, utf8Answers}
}

// comparePackets sends both servers every datagram on record that isn't a plain query, and many of our own.
func comparePackets(ctx context.Context, run *session) error {
	all, err := readTranscripts(run)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(run.testdata("confd", "testdata", "transcripts", "hmac.key"))
	if err != nil {
		return err
	}
	kept, err := keptPackets(run)
	if err != nil {
		return err
	}
	for _, t := range all {
		recorded, err := recordedPackets(t, key)
		if err != nil {
			return err
		}
		queries := slices.Concat(recorded, kept, oddPackets())
		if err := duelOn(ctx, run, "packets on "+t.name, t.config, func(*clusterTree) func() (query, bool) { return listed(queries) }); err != nil {
			return err
		}
	}
	return nil
}

// keptPackets are the datagrams that the package of the protocol keeps for its tests, what fuzzing found among them. Where it says what the
// reference does, that is checked too.
func keptPackets(run *session) ([]query, error) {
	templates, err := wiretest.Load(run.testdata("confd", "wire", "testdata"))
	if err != nil {
		return nil, err
	}
	var queries []query
	for _, t := range templates {
		q := query{about: "kept: " + t.Name, datagram: func(now int64) []byte { return t.Datagram(clusterKey, now, "kept") }}
		// A salt with an offset is about the edge of the time that is accepted.
		q.exactSecond = strings.Contains(t.Salt, "NOW+") || strings.Contains(t.Salt, "NOW-")
		q.ages = q.exactSecond
		if t.Difference != "" {
			q.meets = []string{"wire.md#" + t.Difference}
		}
		q.onRecord = func(o outcome) error {
			if t.Reference != "" && (t.Reference == wiretest.Answers) != (o.theirs != nil) {
				return fmt.Errorf("the reference is recorded as %q", t.Reference)
			}
			return nil
		}
		queries = append(queries, q)
	}
	return queries, nil
}

// listed gives the queries of a list one by one.
func listed(queries []query) func() (query, bool) {
	next := 0
	return func() (query, bool) {
		if next == len(queries) {
			return query{}, false
		}
		next++
		return queries[next-1], true
	}
}

// recordedPackets are a transcript's datagrams, to be signed anew with our key and the time of sending where they were signed, and left as broken as they were.
func recordedPackets(t transcript, key []byte) ([]query, error) {
	var queries []query
	recordedAt := int64(0)
	for _, r := range t.records {
		if r.Packet == "" {
			continue
		}
		if recordedAt == 0 {
			// The first is the good one; its salt is the time of all.
			salt := saltMember.FindStringSubmatch(r.Bytes)
			if salt == nil {
				return nil, fmt.Errorf("transcript %s: packet %q has no salt", t.name, r.Packet)
			}
			var err error
			if recordedAt, err = strconv.ParseInt(salt[2], 10, 64); err != nil {
				return nil, fmt.Errorf("transcript %s: %w", t.name, err)
			}
		}
		q := query{about: "packet " + r.Packet, onRecord: r.check, meets: []string{surrogates(r.Bytes)}}
		switch {
		case sizeOnly.MatchString(r.Bytes):
			size, err := strconv.Atoi(sizeOnly.FindStringSubmatch(r.Bytes)[1])
			if err != nil {
				return nil, err
			}
			// The name in it was as long as it took: the text on record is not, so only the silence can be checked.
			q.datagram = func(now int64) []byte { return sizedDatagram(now, size) }
			if string(r.Reply) != "null" {
				q.onRecord = nil
			}
		default:
			q.datagram = func(now int64) []byte { return []byte(resign(r.Bytes, key, recordedAt, now)) }
			q.exactSecond = strings.HasPrefix(r.Packet, "skew")
			q.ages = q.exactSecond
			if r.Packet == "skew 301" {
				// The clock went on by a second before it was read.
				q.onRecord = nil
			}
		}
		queries = append(queries, q)
	}
	if len(queries) == 0 {
		return nil, fmt.Errorf("transcript %s has no packets", t.name)
	}
	return queries, nil
}

var (
	sizeOnly   = regexp.MustCompile(`^\((\d+) bytes\)$`)
	msgMember  = regexp.MustCompile(`("(?:m|\\u006d)sg": ?)("(?:[^"\\]|\\.)*")`)
	saltMember = regexp.MustCompile(`("salt": ?)"([^"]*)"`)
	hmacMember = regexp.MustCompile(`("hmac": ?)"([^"]*)"`)
	number     = regexp.MustCompile(`[1-9]\d+`)
)

// salted is how far from the time of recording, in seconds, a number in a salt still means a time.
const salted = 1000

// resign moves a recorded datagram to another time and key. A signature that was wrong stays as it is.
func resign(datagram string, key []byte, recordedAt, now int64) string {
	msg, salt, hmac := msgMember.FindStringSubmatch(datagram), saltMember.FindStringSubmatch(datagram), hmacMember.FindStringSubmatch(datagram)
	if msg == nil || salt == nil {
		return datagram
	}
	moved := number.ReplaceAllStringFunc(salt[2], func(digits string) string {
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < recordedAt-salted || n > recordedAt+salted {
			return digits
		}
		return strconv.FormatInt(n-recordedAt+now, 10)
	})
	datagram = strings.Replace(datagram, salt[0], salt[1]+`"`+moved+`"`, 1)
	if hmac == nil {
		return datagram
	}
	var text string
	if err := json.Unmarshal([]byte(msg[2]), &text); err != nil {
		text = strings.Trim(msg[2], `"`)
	}
	upper := hmac[2] != strings.ToLower(hmac[2])
	if strings.ToLower(hmac[2]) != signature(key, salt[2], text) {
		return datagram
	}
	sealed := signature(clusterKey, moved, text)
	if upper {
		sealed = strings.ToUpper(sealed)
	}
	return strings.Replace(datagram, hmac[0], hmac[1]+`"`+sealed+`"`, 1)
}

// sizedDatagram is a query for a node name so long that the datagram has a size.
func sizedDatagram(now int64, size int) []byte {
	m := message{protocol: "1", typ: "1", rsalt: `"sized"`}
	for name := size; ; name-- {
		m.query = quoteASCII(strings.Repeat("n", name))
		if datagram := signedDatagram(clusterKey, now, m.text(plainSpelling)); len(datagram) <= size {
			return datagram
		}
	}
}
