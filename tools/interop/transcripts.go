package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// A record is a line of a transcript: what ganeti-confd 3.0.2 was asked once, and what it replied.
type record struct {
	Type  int             `json:"type"`
	Query json.RawMessage `json:"query"`

	Packet string `json:"packet"` // the name of a broken or odd datagram; then there is no type
	Bytes  string `json:"bytes"`

	Reply json.RawMessage `json:"reply"` // null for silence, a string where it was garbled
}

// A transcript is a config and what was asked about it.
type transcript struct {
	name    string
	config  []byte
	records []record
}

// readTranscripts reads those that the server's own tests keep.
func readTranscripts(run *session) ([]transcript, error) {
	var all []transcript
	for _, name := range []string{"empty", "small", "medium"} {
		t := transcript{name: name}
		var err error
		if t.config, err = os.ReadFile(run.testdata("confd", "testdata", "transcripts", name+".config.json")); err != nil {
			return nil, err
		}
		lines, err := os.ReadFile(run.testdata("confd", "testdata", "transcripts", name+".jsonl"))
		if err != nil {
			return nil, err
		}
		scanner := bufio.NewScanner(bytes.NewReader(lines))
		scanner.Buffer(nil, len(lines)+1)
		for scanner.Scan() {
			var r record
			if err := json.Unmarshal(scanner.Bytes(), &r); err != nil {
				return nil, fmt.Errorf("transcript %s: %w", name, err)
			}
			t.records = append(t.records, r)
		}
		if len(t.records) == 0 {
			return nil, fmt.Errorf("transcript %s is empty", name)
		}
		all = append(all, t)
	}
	return all, nil
}

// compareTranscripts asks both servers all queries on record: their replies are compared with each other, and with the record.
func compareTranscripts(ctx context.Context, run *session) error {
	all, err := readTranscripts(run)
	if err != nil {
		return err
	}
	for _, t := range all {
		if err := duelOn(ctx, run, "transcript "+t.name, t.config, func(*clusterTree) func() (query, bool) {
			return recordedQueries(t.records)
		}); err != nil {
			return err
		}
	}
	return nil
}

func recordedQueries(records []record) func() (query, bool) {
	next := 0
	return func() (query, bool) {
		for next < len(records) && records[next].Packet != "" {
			next++
		}
		if next == len(records) {
			return query{}, false
		}
		r := records[next]
		next++
		m := message{protocol: "1", typ: strconv.Itoa(r.Type), query: string(r.Query), rsalt: fmt.Sprintf(`"recorded-%d"`, next)}
		q := wrappedQuery(fmt.Sprintf("line %d, type %d %s", next, r.Type, r.Query), pythonEnvelope, m.text(plainSpelling))
		q.onRecord = r.check
		return q, true
	}
}

// check compares replies with the recorded one, ours only where it isn't documented to differ.
func (r record) check(o outcome) error {
	if err := r.checkReply(o.theirs); err != nil {
		return fmt.Errorf("the reference: %w", err)
	}
	if documentedDifference(o) != "" {
		return nil
	}
	return r.checkReply(o.ours)
}

// checkReply compares a reply with the recorded one by value: the transcripts write floats in another way.
func (r record) checkReply(reply []byte) error {
	if string(r.Reply) == "null" || len(r.Reply) == 0 {
		if reply != nil {
			return fmt.Errorf("silence is on record")
		}
		return nil
	}
	var recorded, got any
	if err := json.Unmarshal(r.Reply, &recorded); err != nil {
		return err
	}
	if _, garbled := recorded.(string); garbled {
		return nil
	}
	if !utf8.Valid(reply) {
		// The reference's way with text outside ASCII. What is on record was read so, too.
		reply = []byte(latin1ToUTF8(string(reply)))
	}
	msg, ok := replyMessage(reply)
	if !ok {
		return fmt.Errorf("%s is on record", r.Reply)
	}
	if err := json.Unmarshal(msg, &got); err != nil {
		return err
	}
	if !reflect.DeepEqual(recorded, got) {
		return fmt.Errorf("%s is on record", r.Reply)
	}
	return nil
}
