package vote

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parseBallot reads "node=?master@serial/digest" and "node=!".
func parseBallot(text string) Ballot {
	node, said, _ := strings.Cut(text, "=")
	if said == "!" {
		return Ballot{Node: node, Fault: "timeout"}
	}
	b := Ballot{Node: node, Rebooted: strings.HasPrefix(said, "?")}
	var version string
	b.Master, version, _ = strings.Cut(strings.TrimPrefix(said, "?"), "@")
	serial, digest, _ := strings.Cut(version, "/")
	b.Serial, _ = strconv.ParseInt(serial, 10, 64)
	b.Digest = digest
	return b
}

func parseBallots(text string) (ballots []Ballot) {
	for _, b := range strings.Fields(text) {
		ballots = append(ballots, parseBallot(b))
	}
	return ballots
}

func parseCase(given string) Case {
	head, ballots, _ := strings.Cut(given, "|")
	words := strings.Fields(head)
	c := Case{Me: words[0], OldMaster: words[1], Candidates: parseSets(strings.Split(words[2], "+")), Ballots: parseBallots(ballots)}
	for _, flag := range words[3:] {
		name, value, _ := strings.Cut(flag, "=")
		c.NoVoting = c.NoVoting || name == "novoting"
		c.FetchNewest = c.FetchNewest || name == "fetch"
		if name == "accept" {
			c.AcceptSerial, _ = strconv.ParseInt(value, 10, 64)
		}
	}
	return c
}

func TestFailoverTable(t *testing.T) {
	for _, line := range readTable(t, "testdata/failover.txt") {
		plan, err := Failover(parseCase(line.given))
		if err != nil {
			if !strings.Contains(err.Error(), line.want) {
				t.Errorf("%s: got %v", line.text, err)
			}
			continue
		}
		got := fmt.Sprintf("lead %d", plan.Serial)
		if plan.FetchFrom != "" {
			got += " from " + plan.FetchFrom
		}
		if len(plan.Warnings) > 0 {
			got += " losing"
		}
		if got != line.want {
			t.Errorf("%s: got %s", line.text, got)
		}
	}
}

func TestRefusalNamesEachVoteAndSerial(t *testing.T) {
	_, err := Failover(parseCase("b a abc | a=! b=a@11/1234567890 c=a@12/abcdefghij d=@0"))
	if !errors.Is(err, ErrNotNewest) {
		t.Fatalf("got %v", err)
	}
	want := "b can't become the master: not the newest config: c has serial 12, this node 11; --fetch-newest gets it first " +
		"(a doesn't answer: timeout; b votes a, has serial 11 (12345678); c votes a, has serial 12 (abcdefgh); d votes nobody, has no config)"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestTwoNodeClusterIsToldTheWayOut(t *testing.T) {
	_, err := Failover(parseCase("b a ab | a=! b=a@12/x"))
	for _, part := range []string{"both are needed", "stays down", "--accept-serial 12", "a doesn't answer"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing: %v", part, err)
		}
	}
}

func TestGatherCountsAsTheReference(t *testing.T) {
	for _, c := range []struct {
		ballots string
		want    []Count
	}{
		{"", nil},
		{"a=! b=!", nil},
		{"a=m@1 b=n@1 c=n@1", []Count{{"n", 2}, {"m", 1}}},
		{"a=m@1 b=n@1", []Count{{"m", 1}, {"n", 1}}},
		{"a=n@1 b=m@1", []Count{{"n", 1}, {"m", 1}}},
		{"a=@0 b=m@1 c=!", []Count{{"", 1}, {"m", 1}}},
	} {
		if got := Gather(parseBallots(c.ballots)); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %v, want %v", c.ballots, got, c.want)
		}
	}
}

func TestHealthyNeedsMoreThanHalfNamed(t *testing.T) {
	for _, c := range []struct {
		nodes  int
		counts []Count
		want   bool
	}{
		{1, nil, false}, {1, []Count{{"m", 1}}, true}, {2, []Count{{"m", 1}}, false},
		{3, []Count{{"m", 1}, {"n", 1}}, true}, {3, []Count{{"m", 1}, {"", 2}}, false},
	} {
		if got := Healthy(c.nodes, c.counts); got != c.want {
			t.Errorf("%d nodes, %v: got %t", c.nodes, c.counts, got)
		}
	}
}

func TestAgreementOfTheDaemons(t *testing.T) {
	for _, c := range []struct {
		ballots string // of all nodes
		want    Verdict
	}{
		{"m=m@1", Agreed}, {"m=!", Again},
		{"m=m@1 b=m@1", Agreed}, {"m=m@1 b=!", Again}, {"m=m@1 b=b@1", Refused},
		{"m=m@1 b=m@1 c=!", Agreed}, {"m=m@1 b=b@1 c=!", Again}, {"m=m@1 b=b@1 c=b@1", Refused},
		{"m=m@1 b=m@1 c=! d=!", Again}, {"m=m@1 b=m@1 c=c@1 d=c@1", Refused},
	} {
		if got := Agreement("m", parseBallots(c.ballots)); got != c.want {
			t.Errorf("%q: got %s, want %s", c.ballots, got, c.want)
		}
	}
}

func TestAgreementBefore211(t *testing.T) {
	for _, c := range []struct {
		ballots string // of all nodes but m
		want    Verdict
	}{
		{"", Agreed}, {"b=m@1", Agreed}, {"b=!", Again}, {"b=m@1 c=!", Agreed}, {"b=m@1 c=! d=!", Again},
		{"b=m@1 c=m@1 d=!", Agreed}, {"b=o@1 c=m@1", Refused}, {"b=a@1 c=m@1", Agreed}, {"b=o@1", Refused},
		{"b=m@1 c=m@1 d=a@1 e=! f=@1", Refused},
	} {
		if got := AgreementBefore211("m", parseBallots(c.ballots)); got != c.want {
			t.Errorf("%q: got %s, want %s", c.ballots, got, c.want)
		}
	}
}
