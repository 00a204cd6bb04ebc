package main

import (
	"os"
	"strings"
	"testing"
)

// A recorded datagram that was signed is signed again, with our key and for our time; one that wasn't is left as it was.
func TestResign(t *testing.T) {
	s := &session{workplace: &workplace{module: "../.."}}
	all, err := readTranscripts(s)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(s.testdata("confd", "testdata", "transcripts", "hmac.key"))
	if err != nil {
		t.Fatal(err)
	}
	const now = 1_000_000_000
	for _, transcript := range all {
		queries, err := recordedPackets(transcript, key)
		if err != nil {
			t.Fatal(err)
		}
		if len(queries) < 50 {
			t.Errorf("transcript %s has only %d packets", transcript.name, len(queries))
		}
		for _, q := range queries {
			text := string(q.datagram(now))
			switch q.about {
			case "packet ok":
				if !strings.Contains(text, `"salt": "1000000000"`) || !signedByUs(t, text) {
					t.Errorf("%s: %s", q.about, text)
				}
			case "packet skew -290":
				if !strings.Contains(text, `"salt": "999999710"`) || !signedByUs(t, text) {
					t.Errorf("%s: %s", q.about, text)
				}
			case "packet upper hmac":
				if signedByUs(t, text) || !signedByUs(t, strings.ToLower(text)) {
					t.Errorf("%s: %s", q.about, text)
				}
			case "packet bad hmac", "packet wrong key":
				if signedByUs(t, text) {
					t.Errorf("%s is signed: %s", q.about, text)
				}
			case "packet 5k query":
				if len(text) != 5189 {
					t.Errorf("%s has %d bytes", q.about, len(text))
				}
			}
		}
	}
}

func signedByUs(t *testing.T, datagram string) bool {
	t.Helper()
	msg, salt, hmac := msgMember.FindStringSubmatch(datagram), saltMember.FindStringSubmatch(datagram), hmacMember.FindStringSubmatch(datagram)
	if msg == nil || salt == nil || hmac == nil {
		t.Fatalf("members are missing in %s", datagram)
	}
	text := strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(strings.Trim(msg[2], `"`))
	return hmac[2] == signature(clusterKey, salt[2], text)
}

func TestKeptPacketsAreThere(t *testing.T) {
	queries, err := keptPackets(&session{workplace: &workplace{module: "../.."}})
	if err != nil {
		t.Fatal(err)
	}
	if len(queries) < 100 {
		t.Errorf("only %d kept packets", len(queries))
	}
}

func TestOddPacketsDiffer(t *testing.T) {
	seen := map[string]string{}
	repeated := 0
	all := oddPackets()
	for _, q := range all {
		text := string(q.datagram(1700000000))
		if _, ok := seen[text]; ok {
			repeated++
		}
		seen[text] = q.about
	}
	if len(all) < 1000 || repeated > len(all)/10 {
		t.Errorf("%d packets, %d of them repeated", len(all), repeated)
	}
}
