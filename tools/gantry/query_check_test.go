package main

import (
	"encoding/json"
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gantry/confd/client/clienttest"
)

// checked is a cluster that answers what check asks.
func checked(serial string, changes map[string]clienttest.Reply) map[string]clienttest.Reply {
	answers := map[string]clienttest.Reply{
		`0 null`:          {Answer: `3000000`},
		`3 null`:          {Answer: `"node1"`, Serial: 7},
		`10 "/serial_no"`: {Answer: serial, Serial: 7},
		`1 "node1"`:       {Answer: `0`, Serial: 7},
	}
	maps.Copy(answers, changes)
	return answers
}

func TestQueryCheck(t *testing.T) {
	same := serveAll(t, checked("270", nil))
	twin := serveAll(t, checked("270", nil))
	behind := serveAll(t, checked("268", map[string]clienttest.Reply{`1 "node1"`: {Answer: `1`, Serial: 6}}))

	code, stdout, stderr := query(t, []netip.AddrPort{same, twin}, "check")
	if want := "PEER1: serial 270\nPEER2: serial 270\n19 queries, 0 differences\n"; code != 0 || stderr != "" || !sameText(want, stdout, same, twin) {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}

	code, stdout, stderr = query(t, []netip.AddrPort{same, twin, behind}, "check")
	if code != 1 || stderr != "gantry: the confds don't all answer alike\n" {
		t.Errorf("exit %d, %s", code, stderr)
	}
	for _, line := range []string{
		behind.String() + ": serial 268, 2 behind\n",
		"config /serial_no:\n",
		behind.String() + ": 268 (serial 7)\n",
		"node-role node1:\n",
		"  " + behind.String() + ": 1 (serial 6)\n",
		"19 queries, 2 differences\n",
	} {
		if !strings.Contains(stdout, line) {
			t.Errorf("%q lacks %q", stdout, line)
		}
	}

	code, stdout, _ = query(t, []netip.AddrPort{same, behind}, "check", "--json")
	var result checkResult
	if err := json.Unmarshal([]byte(stdout), &result); err != nil || code != 1 || result.Healthy || result.Queries != 19 || len(result.Peers) != 2 ||
		len(result.Differences) != 2 || result.Differences[0].Query != "config /serial_no" || len(result.Differences[1].Said) != 2 {
		t.Errorf("exit %d, %v, %s", code, err, stdout)
	}

	code, stdout, _ = query(t, []netip.AddrPort{same}, "check", "--limit", "1", "--json")
	want := `{"healthy":true,"queries":1,"left_out":15,"unanswered":0,"peers":[{"peer":"` + same.String() + `","silent":false,"answered":1,"serial":270,"behind":0}],"differences":[]}` + "\n"
	if diff := cmp.Diff(want, stdout); code != 0 || diff != "" {
		t.Errorf("exit %d, %s", code, diff)
	}

	code, _, stderr = query(t, []netip.AddrPort{same}, "check", "--timeout", "1ns")
	if code != 1 || stderr != "gantry: not done within 1ns: give a longer --timeout or a lower --limit\n" {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// serveAll answers from a table, and "unknown" to the rest.
func serveAll(t *testing.T, answers map[string]clienttest.Reply) netip.AddrPort {
	unknown := clienttest.Reply{Status: 1, Answer: "0"}
	return serveTable(t, answers, &unknown)
}

// sameText compares a text with names for two peers, which may come in either order.
func sameText(want, got string, one, two netip.AddrPort) bool {
	expand := func(a, b netip.AddrPort) string {
		return strings.NewReplacer("PEER1", a.String(), "PEER2", b.String()).Replace(want)
	}
	return got == expand(one, two) || got == expand(two, one)
}
