package main

import (
	"bytes"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// The documented differences: headings of pages below docs/differences.
const (
	utf8Differs    = "wire.md#utf-8"
	blanksDiffer   = "wire.md#blanks"
	numbersDiffer  = "wire.md#wrapping-numbers"
	nestingDiffers = "wire.md#nesting"
	longRequests   = "wire.md#long-requests"
	utf8Answers    = "confd.md#utf-8-in-answers"
	largeAnswers   = "confd.md#large-answers"
	keysDiffer     = "confd.md#keys-that-are-not-uuids"
)

// A documentedCase is a difference from the reference that is meant, with how to know it.
type documentedCase struct {
	anchor string
	// shows tells whether an outcome, one that isn't equal, shows it.
	shows func(o outcome) bool
	// silent tells from the query and our reply that the reference may well not answer, so that it need not be waited for.
	silent func(o outcome) bool
}

// documentedCases are asked in order; the first that shows names the difference.
var documentedCases = []documentedCase{
	{
		anchor: longRequests,
		silent: func(o outcome) bool { return len(o.sent) > referenceReadsBytes },
		shows:  func(o outcome) bool { return len(o.sent) > referenceReadsBytes && o.ours != nil && o.theirs == nil },
	},
	{
		anchor: largeAnswers,
		silent: func(o outcome) bool { return bytes.Contains(o.ours, internalError) },
		shows:  func(o outcome) bool { return bytes.Contains(o.ours, internalError) && o.theirs == nil },
	},
	{anchor: blanksDiffer, shows: func(o outcome) bool { return o.may(blanksDiffer) && o.ours == nil }},
	{anchor: numbersDiffer, shows: func(o outcome) bool { return o.may(numbersDiffer) && o.ours == nil }},
	{anchor: nestingDiffers, shows: func(o outcome) bool { return o.may(nestingDiffers) && o.ours == nil }},
	{
		anchor: utf8Differs,
		silent: func(o outcome) bool { return o.may(utf8Differs) },
		shows:  func(o outcome) bool { return o.may(utf8Differs) },
	},
	{anchor: keysDiffer, shows: func(o outcome) bool { return o.may(keysDiffer) && o.ours != nil && o.theirs != nil }},
	{anchor: utf8Answers, shows: func(o outcome) bool {
		return hasNonASCII(o.ours) && utf8.Valid(o.ours) && (bytes.Equal(o.theirs, lowBytes(o.ours)) || beyondBasic(o.ours) && bytes.Equal(unsigned(o.theirs), unsigned(lowBytesOfPairs(o.ours))))
	}},
}

// referenceReadsBytes is the reference's receive buffer: what is longer is cut by the kernel, and then it is no JSON.
const referenceReadsBytes = 4096

// internalError is our reply where the reference's answer would not fit a datagram.
var internalError = []byte(`\"status\":1,\"answer\":1,\"serial\":0}`)

// may tells whether a query is written in a way that shows a difference.
func (o outcome) may(anchor string) bool { return slices.Contains(o.meets, anchor) }

// documentedDifference is the anchor of the first documented case that an outcome shows, or "".
func documentedDifference(o outcome) string {
	for _, c := range documentedCases {
		if c.shows(o) {
			return c.anchor
		}
	}
	return ""
}

// referenceMayBeSilent tells from the query and our reply that the reference may not answer, for a documented reason.
func referenceMayBeSilent(o outcome) bool {
	for _, c := range documentedCases {
		if c.silent != nil && c.silent(o) {
			return true
		}
	}
	return false
}

func hasNonASCII(text []byte) bool {
	return slices.ContainsFunc(text, func(b byte) bool { return b >= utf8.RuneSelf })
}

// lowBytes is what the reference sends of a text: the low eight bits of every character.
func lowBytes(text []byte) []byte {
	var low []byte
	for _, r := range string(text) {
		low = append(low, byte(r))
	}
	return low
}

// beyondBasic tells whether a text has characters above U+FFFF. Written as escapes, each is two to the reference, in the signature too.
func beyondBasic(text []byte) bool {
	for _, r := range string(text) {
		if r > 0xffff {
			return true
		}
	}
	return false
}

// lowBytesOfPairs is lowBytes of a text whose characters above U+FFFF were written as escapes.
func lowBytesOfPairs(text []byte) []byte {
	var low []byte
	for _, unit := range utf16.Encode([]rune(string(text))) {
		low = append(low, byte(unit))
	}
	return low
}

// unsigned is a reply without its signature, which is at its beginning.
func unsigned(reply []byte) []byte {
	_, rest, _ := bytes.Cut(reply, []byte(`,"msg":`))
	return rest
}
