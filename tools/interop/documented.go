package main

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// A documentedCase is a difference from the reference that is meant, with how to know it.
type documentedCase struct {
	anchor  string // page#heading below docs/differences
	matches func(o outcome) bool
	// silent marks cases that can be told before the reference is asked: it will not answer.
	silent bool
}

// referenceReadsBytes is the reference's receive buffer: what is longer is cut by the kernel, and then it is no JSON.
const referenceReadsBytes = 4096

// internalError is our reply where the reference's answer would not fit a datagram.
var internalError = []byte(`\"status\":1,\"answer\":1,\"serial\":0}`)

// documentedCases are asked in order; the first that matches names the difference.
var documentedCases = []documentedCase{
	{anchor: "confd.md#long-requests", silent: true, matches: func(o outcome) bool {
		return len(o.sent) > referenceReadsBytes && o.ours != nil && o.theirs == nil
	}},
	{anchor: "confd.md#large-answers", silent: true, matches: func(o outcome) bool {
		return bytes.Contains(o.ours, internalError) && o.theirs == nil
	}},
	{anchor: "confd.md#utf-8-in-requests", matches: func(o outcome) bool {
		return hasNonASCII(o.sent) && (o.ours == nil) != (o.theirs == nil)
	}},
	{anchor: "confd.md#utf-8-in-answers", matches: func(o outcome) bool {
		return hasNonASCII(o.ours) && utf8.Valid(o.ours) && bytes.Equal(o.theirs, lowBytes(o.ours))
	}},
}

// documentedDifference is the anchor of the first documented case that an outcome shows, or "".
func documentedDifference(o outcome) string {
	for _, c := range documentedCases {
		if c.matches(o) {
			return c.anchor
		}
	}
	return ""
}

// referenceIsSilent tells from the query and our reply that the reference will not answer, for a documented reason.
func referenceIsSilent(o outcome) bool {
	for _, c := range documentedCases {
		if c.silent && c.matches(o) {
			return true
		}
	}
	return false
}

func hasNonASCII(text []byte) bool {
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// lowBytes is what the reference sends of a text: the low eight bits of every character, where one above U+FFFF that was written as an escape
// is two.
func lowBytes(text []byte) []byte {
	var low []byte
	for _, r := range string(text) {
		if r > 0xffff {
			high, second := utf16.EncodeRune(r)
			low = append(low, byte(high), byte(second))
			continue
		}
		low = append(low, byte(r))
	}
	return low
}
