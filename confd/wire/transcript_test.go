package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// readLines calls use for each line of a file of JSON objects.
func readLines[T any](t *testing.T, path string, use func(T)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	count := 0
	for lines := bufio.NewScanner(file); lines.Scan(); count++ {
		var line T
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		use(line)
	}
	if count == 0 {
		t.Fatalf("%s is empty", path)
	}
}

func TestTranscriptPackets(t *testing.T) {
	file, err := os.ReadFile("testdata/transcripts/hmac.key")
	if err != nil {
		t.Fatal(err)
	}
	keys := NewKeyring(NewKey(file))
	type packet struct {
		Config, Packet, Bytes string
		Now                   int64
		Answered              bool
		Salt                  *string
	}
	readLines(t, "testdata/transcripts/packets.jsonl", func(p packet) {
		t.Run(p.Config+"/"+p.Packet, func(t *testing.T) {
			for _, noScanner := range []bool{false, true} {
				parser := NewParser(1)
				parser.noScanner = noScanner
				r := parser.Parse([][]byte{[]byte(p.Bytes)}, keys, p.Now)[0]
				if (r.Drop == DropNone) != p.Answered {
					t.Errorf("noScanner %v: dropped for %s; the reference answered: %v", noScanner, r.Drop, p.Answered)
				}
				if p.Salt != nil && string(r.RSalt) != *p.Salt {
					t.Errorf("noScanner %v: rsalt %q, want %q", noScanner, r.RSalt, *p.Salt)
				}
			}
		})
	})
}

func TestTranscriptReplies(t *testing.T) {
	keys := NewKeyring(NewKey([]byte(vectorKey)))
	type recorded struct {
		Bytes, Salt string
		Status      int
		Answer      json.RawMessage
		Serial      int64
	}
	readLines(t, "testdata/transcripts/replies.jsonl", func(want recorded) {
		for _, noScanner := range []bool{false, true} {
			var parser ReplyParser
			parser.noScanner = noScanner
			got, err := ParseReply([]byte(want.Bytes), keys, &parser)
			if err != nil {
				t.Errorf("%s: %v", want.Bytes, err)
				continue
			}
			if got.Protocol != Protocol || got.Status != want.Status || !sameJSON(t, got.Answer, want.Answer) || got.Serial != want.Serial || string(got.Salt) != want.Salt {
				t.Errorf("%s: got %+v, answer %s", want.Bytes, got, got.Answer)
			}
		}
	})
}

// TestReplaySealed makes the replies of the reference again, byte for byte.
func TestReplaySealed(t *testing.T) {
	keys := NewKeyring(NewKey([]byte(vectorKey)))
	sealer := NewSealer(1)
	readLines(t, "testdata/transcripts/replies.jsonl", func(want struct{ Bytes string }) {
		var parser ReplyParser
		reply, err := ParseReply([]byte(want.Bytes), keys, &parser)
		if err != nil {
			t.Fatal(err)
		}
		request := &Request{RSalt: reply.Salt, Key: reply.Key}
		for _, escaped := range [][]byte{nil, AppendEscaped(nil, reply.Msg)} {
			got := sealer.Append(nil, request, reply.Msg, escaped)
			sealer.Sign(got)
			if string(got) != want.Bytes {
				t.Errorf("got  %s\nwant %s", got, want.Bytes)
			}
			if size := ReplySize(reply.Msg, escaped, reply.Salt); size != len(got) {
				t.Errorf("ReplySize is %d, the reply has %d bytes", size, len(got))
			}
		}
	})
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var compactA, compactB bytes.Buffer
	for _, one := range []struct {
		text []byte
		out  *bytes.Buffer
	}{{a, &compactA}, {b, &compactB}} {
		var value any
		if err := json.Unmarshal(one.text, &value); err != nil {
			t.Fatalf("%s: %v", one.text, err)
		}
		if err := json.NewEncoder(one.out).Encode(value); err != nil {
			t.Fatal(err)
		}
	}
	return compactA.String() == compactB.String()
}
