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

// describe prints all there is to know for looking into a difference.
func (o outcome) describe() string {
	return fmt.Sprintf("%s\n    asked   %s\n    ours    %s\n    theirs  %s", o.about, printable(o.sent), printable(o.ours), printable(o.theirs))
}

// printedBytes is how much of a datagram a report shows.
const printedBytes = 700

func printable(datagram []byte) string {
	switch {
	case datagram == nil:
		return "silence"
	case len(datagram) > printedBytes:
		return fmt.Sprintf("%q… (%d bytes)", datagram[:printedBytes], len(datagram))
	default:
		return fmt.Sprintf("%q", datagram)
	}
}
