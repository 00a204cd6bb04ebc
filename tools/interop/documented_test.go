package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every difference that the comparison lets pass stands in docs/differences.
func TestDocumentedDifferencesAreDocumented(t *testing.T) {
	anchors := map[string]bool{}
	for _, p := range parts() {
		for _, anchor := range p.documented {
			anchors[anchor] = true
		}
	}
	for _, c := range documentedCases {
		anchors[c.anchor] = true
	}
	for anchor := range anchors {
		page, heading, _ := strings.Cut(anchor, "#")
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "differences", page))
		if err != nil {
			t.Errorf("%s: %v", anchor, err)
			continue
		}
		if !hasHeading(string(text), heading) {
			t.Errorf("docs/differences/%s has no heading %q", page, heading)
		}
	}
}

var notInAnchor = regexp.MustCompile(`[^a-z0-9 -]`)

func hasHeading(text, anchor string) bool {
	for line := range strings.Lines(text) {
		title, ok := strings.CutPrefix(line, "## ")
		if ok && strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}

// Every documented difference of the queries is asked for by a part that would miss it.
func TestDocumentedCasesAreRequired(t *testing.T) {
	required := map[string]bool{}
	for _, p := range parts() {
		for _, anchor := range p.documented {
			required[anchor] = true
		}
	}
	for _, c := range documentedCases {
		if !required[c.anchor] {
			t.Errorf("no part fails when %s is not seen", c.anchor)
		}
	}
}

func TestDocumentedDifference(t *testing.T) {
	reply := func(text string) []byte { return []byte(`plj0{"hmac":"1","msg":"` + text + `","salt":"s"}`) }
	long := bytes.Repeat([]byte("x"), 4097)
	for _, test := range []struct {
		name string
		o    outcome
		want string
	}{
		{"other answers", outcome{ours: reply("1"), theirs: reply("2")}, ""},
		{"we are silent", outcome{theirs: reply("2")}, ""},
		{"they are silent", outcome{ours: reply("2")}, ""},
		{"a long request they don't read", outcome{sent: long, ours: reply("1")}, longRequests},
		{"a long request we don't answer", outcome{sent: long, theirs: reply("1")}, ""},
		{"a large answer", outcome{ours: reply(`{\"protocol\":1,\"status\":1,\"answer\":1,\"serial\":0}`)}, largeAnswers},
		{"an internal error of ours only", outcome{ours: reply(`{\"protocol\":1,\"status\":1,\"answer\":1,\"serial\":0}`), theirs: reply("1")}, ""},
		{"an accent", outcome{ours: reply("é"), theirs: reply("\xe9")}, utf8Answers},
		{"a snowman", outcome{ours: reply("☃"), theirs: reply("\x03")}, utf8Answers},
		{"a clef, raw in the config", outcome{ours: reply("𝄞"), theirs: reply("\x1e")}, utf8Answers},
		{"a clef, escaped in the config", outcome{ours: reply("𝄞"), theirs: []byte(`plj0{"hmac":"2","msg":"4` + "\x1e" + `","salt":"s"}`)}, utf8Answers},
		{"an accent and another answer", outcome{ours: reply("é1"), theirs: reply("\xe92")}, ""},
		{"a wide blank", outcome{query: query{meets: []string{blanksDiffer}}, theirs: reply("1")}, blanksDiffer},
		{"a wide blank that only we take", outcome{query: query{meets: []string{blanksDiffer}}, ours: reply("1")}, ""},
		{"a huge number", outcome{query: query{meets: []string{numbersDiffer}}, theirs: reply("1")}, numbersDiffer},
	} {
		if got := documentedDifference(test.o); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
