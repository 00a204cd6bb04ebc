package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A scriptedServer answers requests by a rule, in order, as ours does.
type scriptedServer struct {
	conn *net.UDPConn
}

// newScriptedServer starts a server that replies with what rule makes of a request's query; "" is silence. Pings are answered in any case.
func newScriptedServer(t *testing.T, name string, rule func(query string) string) *confdServer {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go (&scriptedServer{conn}).serve(rule)
	// Something that runs, so that the server counts as alive.
	alive, err := startProcess(name, exec.Command("sleep", "3600"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(alive.stop)
	return &confdServer{name: name, addr: conn.LocalAddr().(*net.UDPAddr).AddrPort(), process: alive}
}

func (s *scriptedServer) serve(rule func(query string) string) {
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		msg, ok := replyMessage(buffer[:n])
		var request struct {
			Type  int
			Query string
			RSalt string
		}
		if !ok || json.Unmarshal(msg, &request) != nil {
			continue
		}
		answer := "0"
		if request.Type != typePing {
			if answer = rule(request.Query); answer == "" {
				continue
			}
		}
		inner := fmt.Sprintf(`{"protocol":1,"status":0,"answer":%s,"serial":0}`, answer)
		reply := fmt.Sprintf(`%s{"hmac":"%s","msg":%s,"salt":%s}`, magic, signature(clusterKey, request.RSalt, inner), quoteASCII(inner), quoteASCII(request.RSalt))
		if _, err := s.conn.WriteToUDPAddrPort([]byte(reply), from); err != nil {
			return
		}
	}
}

func scriptedQueries(texts ...string) []query {
	var all []query
	for i, text := range texts {
		m := message{protocol: "1", typ: "1", query: quoteASCII(text), rsalt: fmt.Sprintf(`"%d"`, i)}
		all = append(all, wrappedQuery("asking "+text, pythonEnvelope, m.text(plainSpelling)))
	}
	return all
}

func TestDuel(t *testing.T) {
	for _, test := range []struct {
		name         string
		ours, theirs func(query string) string
		want         int // differences
		says         string
	}{
		{"equal", strings.ToUpper, strings.ToUpper, 0, ""},
		{"both silent", func(string) string { return "" }, func(string) string { return "" }, 0, ""},
		{"other answers", func(string) string { return "1" }, func(string) string { return "2" }, 3, `asking "B"`},
		{"ours silent on one", func(q string) string { return strings.Trim(q, `"B`) }, func(q string) string { return q }, 3, "ours    silence"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			s := quietSession(&out, part{})
			d := &duel{run: s, about: "test", ours: newScriptedServer(t, "ours", test.ours), theirs: newScriptedServer(t, "theirs", test.theirs)}
			if err := d.compare(t.Context(), listed(scriptedQueries(`"A"`, `"B"`, `"C"`))); err != nil {
				t.Fatal(err)
			}
			// What ours answered is asked again in a burst.
			if s.comparisons < 3 || s.differences != test.want {
				t.Errorf("%d compared, %d differences, want %d\n%s", s.comparisons, s.differences, test.want, &out)
			}
			if !strings.Contains(out.String(), test.says) {
				t.Errorf("it prints\n%s\nwithout %q", &out, test.says)
			}
		})
	}
}

// A documented silence of the reference isn't waited for, but an answer in spite of it is noticed.
func TestDuelLooksForLateAnswers(t *testing.T) {
	var out strings.Builder
	s := quietSession(&out, part{})
	d := &duel{run: s, about: "test",
		ours:   newScriptedServer(t, "ours", func(string) string { return "" }),
		theirs: newScriptedServer(t, "theirs", func(string) string { return "1" })}
	if err := d.compare(t.Context(), listed(scriptedQueries("a", "b"))); err != nil {
		t.Fatal(err)
	}
	if s.differences != 2 {
		t.Errorf("%d differences\n%s", s.differences, &out)
	}
}

func TestADeadServerEndsTheDuel(t *testing.T) {
	var out strings.Builder
	s := quietSession(&out, part{})
	ours := newScriptedServer(t, "ours", strings.ToUpper)
	ours.process.stop()
	ours.addr = netip.MustParseAddrPort("127.0.0.1:1")
	d := &duel{run: s, about: "test", ours: ours, theirs: newScriptedServer(t, "theirs", strings.ToUpper)}
	err := d.compare(t.Context(), listed(scriptedQueries("a", "b", "c")))
	if err == nil || !strings.Contains(err.Error(), "ours") {
		t.Errorf("error %v", err)
	}
}

func TestQueriesOfTheExactSecondAreSentEarlyInIt(t *testing.T) {
	before := time.Now()
	at := sendTime(query{exactSecond: true})
	now := time.Now()
	if now.Unix() != at || now.Nanosecond() > 700_000_000 || now.Sub(before) > 2*time.Second {
		t.Errorf("at %v, for second %d, after %v", now, at, now.Sub(before))
	}
}

// A server that mixes up what it is asked at once is found out.
func TestBurstsFindMixedReplies(t *testing.T) {
	asked := 0
	mixing := func(query string) string {
		// From the second round on, the answers are those to other queries.
		if asked++; asked > 3 {
			return `"mixed"`
		}
		return strings.ToUpper(query)
	}
	var out strings.Builder
	s := quietSession(&out, part{})
	d := &duel{run: s, about: "test", ours: newScriptedServer(t, "ours", mixing), theirs: newScriptedServer(t, "theirs", strings.ToUpper)}
	if err := d.compare(t.Context(), listed(scriptedQueries(`"a"`, `"b"`, `"c"`))); err != nil {
		t.Fatal(err)
	}
	if s.differences != 3 || !strings.Contains(out.String(), "in a burst of 3, another reply than alone") {
		t.Errorf("%d differences\n%s", s.differences, &out)
	}
}
