package main

import (
	"strings"
	"testing"
)

func TestDescribeShowsWhereRepliesDiffer(t *testing.T) {
	reply := func(middle string) []byte {
		return []byte(`plj0{"hmac":"` + middle + `","msg":"` + strings.Repeat("x", 2000) + middle + strings.Repeat("y", 2000) + `","salt":"s"}`)
	}
	text := outcome{query: query{about: "it"}, sent: []byte("asked"), ours: reply("ONE"), theirs: reply("TWO")}.describe()
	for _, want := range []string{"it\n", `asked   "asked"`, "xxxONEyyy", "xxxTWOyyy"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if len(text) > 3000 {
		t.Errorf("it takes %d bytes", len(text))
	}
}

func TestDescribeSilence(t *testing.T) {
	text := outcome{query: query{about: "it"}, sent: []byte("asked"), ours: []byte("plj0{}")}.describe()
	if want := "it\n    asked   \"asked\"\n    ours    \"plj0{}\"\n    theirs  silence"; text != want {
		t.Errorf("%s", text)
	}
}
