package main

import (
	"bytes"
	"fmt"
)

// An outcome is one datagram and what the two servers made of it; a nil reply is silence.
type outcome struct {
	query
	sent   []byte
	ours   []byte
	theirs []byte
}

// equal tells whether both kept silent or both replied with the same bytes: salt, protocol, status, answer in value and order, serial, signature.
func (o outcome) equal() bool {
	return (o.ours == nil) == (o.theirs == nil) && bytes.Equal(o.ours, o.theirs)
}

// How much of a datagram a report shows: of a request its beginning, of replies what is around the place where they begin to differ.
const (
	printedBytes  = 600
	printedBefore = 150
)

// describe prints all there is to know for looking into a difference.
func (o outcome) describe() string {
	from := max(0, differAt(unsigned(o.ours), unsigned(o.theirs))-printedBefore)
	if o.ours == nil || o.theirs == nil || bytes.Equal(unsigned(o.ours), unsigned(o.theirs)) {
		from = 0 // the signature is at the beginning
	}
	return fmt.Sprintf("%s\n    asked   %s\n    ours    %s\n    theirs  %s", o.about, printable(o.sent, 0), printable(o.ours, from), printable(o.theirs, from))
}

// differAt is the index of the first byte that two texts don't share.
func differAt(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// printable shows a datagram: from an index of what follows its signature, if that isn't the beginning.
func printable(datagram []byte, from int) string {
	if datagram == nil {
		return "silence"
	}
	shown, prefix, suffix := datagram, "", ""
	if from > 0 {
		shown, prefix = unsigned(datagram)[from:], fmt.Sprintf("… (byte %d of %d) ", len(datagram)-len(unsigned(datagram))+from, len(datagram))
	}
	if len(shown) > printedBytes {
		shown, suffix = shown[:printedBytes], fmt.Sprintf(" … (%d bytes)", len(datagram))
	}
	return fmt.Sprintf("%s%q%s", prefix, shown, suffix)
}
