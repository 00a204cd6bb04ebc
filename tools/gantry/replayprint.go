package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"gantry/loadgen/replay"
)

// shownPeers is how many servers and clients of a capture are printed for people.
const shownPeers = 10

// counted prints counts by name, in the order of names.
func counted(counts map[string]uint64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func printListing(w io.Writer, name string, l *replay.Listing) error {
	fmt.Fprintf(w, "%s: %d packets, %d UDP datagrams\n", name, l.Packets, l.Datagrams)
	fmt.Fprintf(w, "  link types  %s\n", counted(l.Links))
	fmt.Fprintf(w, "  skipped     %s\n", counted(l.Skipped))
	fmt.Fprintf(w, "  requests    %s\n", counted(l.Requests))
	fmt.Fprintf(w, "  replies     %s\n", counted(l.Replies))
	fmt.Fprintf(w, "  neither     %s\n", counted(l.Unread))
	if l.First != nil {
		fmt.Fprintf(w, "  from        %s\n  to          %s, %.3f s\n", l.First.Format(time.RFC3339Nano), l.Last.Format(time.RFC3339Nano), l.Seconds)
	}
	printPeers(w, "servers", l.Servers)
	printPeers(w, "clients", l.Clients)
	verified := "not checked (give --key)"
	if l.Verified {
		verified = "checked: what isn't right is under neither"
	}
	_, err := fmt.Fprintf(w, "  signatures  %s\n", verified)
	return err
}

func printPeers(w io.Writer, label string, peers []replay.Peer) {
	for i, p := range peers {
		if i == shownPeers {
			fmt.Fprintf(w, "  %-10s  and %d more (--json lists them)\n", "", len(peers)-i)
			return
		}
		fmt.Fprintf(w, "  %-10s  %s: %d requests, %d replies\n", label, p.Addr, p.Requests, p.Replies)
		label = ""
	}
}

func printReplay(w io.Writer, name string, r *replay.Result) error {
	for i := range r.Differences {
		printDifference(w, &r.Differences[i])
	}
	fmt.Fprintf(w, "%s to %s\n", name, r.Target)
	fmt.Fprintf(w, "  captured    %d packets: %d requests in %.3f s, %d replies; %d seen more than once\n", r.Packets, r.Requests, r.CapturedSeconds, r.Replies, r.Repeated)
	fmt.Fprintf(w, "  passed over %s; datagrams of others: %s\n", counted(r.Skipped), counted(r.Unread))
	fmt.Fprintf(w, "  sent        %d in %.3f s; %d refused by the system; the latest %v after its time\n", r.Sent, r.Seconds, r.Refused, r.LateMax.Round(time.Microsecond))
	_, err := fmt.Fprintf(w, "  answered    %d; lost %d, silent then and now %d, wrong %d\n", r.Answered, r.Lost, r.Silent, r.Wrong)
	if r.Compared {
		_, err = fmt.Fprintf(w, "  compared    equal %d, different %d, not answered in the capture %d\n", r.Equal, r.Different, r.Uncaptured)
	}
	return err
}

func printDifference(w io.Writer, d *replay.Difference) {
	fmt.Fprintf(w, "%s %s asked %s: %s %s\n", d.Time.Format(time.RFC3339Nano), d.Client, d.Server, d.Type, excerpt(d.Request, 0))
	from := 0
	if d.Captured != nil && d.Today != nil {
		from = commonPrefix(string(d.Captured.Answer), string(d.Today.Answer))
	}
	fmt.Fprintf(w, "  captured  %s\n  today     %s\n", describeAnswer(d.Captured, from), describeAnswer(d.Today, from))
}

func describeAnswer(a *replay.Answer, from int) string {
	if a == nil {
		return "no answer"
	}
	return fmt.Sprintf("status %d, serial %d: %s", a.Status, a.Serial, excerpt(string(a.Answer), from))
}

// How much of an answer is printed, and how much of it from before the place where
// it begins to differ, in bytes.
const (
	shownAnswer       = 200
	shownAnswerBefore = 60
)

// excerpt shortens a text to what is around a place.
func excerpt(text string, place int) string {
	if len(text) <= shownAnswer {
		return text
	}
	start := max(0, min(place-shownAnswerBefore, len(text)-shownAnswer))
	end := start + shownAnswer
	shown := strings.ToValidUTF8(text[start:end], "")
	if start > 0 {
		shown = "…" + shown
	}
	if end < len(text) {
		shown += "…"
	}
	return shown
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
