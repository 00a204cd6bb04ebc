package vote

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A tableLine is one line of a table of decisions: given => want.
type tableLine struct{ text, given, want string }

func readTable(t *testing.T, path string) []tableLine {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var lines []tableLine
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		line := scanner.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		given, want, found := strings.Cut(line, "=>")
		if !found {
			t.Fatalf("%s: no => in %q", path, line)
		}
		lines = append(lines, tableLine{line, strings.TrimSpace(given), strings.TrimSpace(want)})
	}
	if len(lines) == 0 {
		t.Fatalf("%s is empty", path)
	}
	return lines
}

// parseSets reads sets of candidates whose names are single letters.
func parseSets(sets []string) Joint {
	var joint Joint
	for _, set := range sets {
		joint = append(joint, Voters(strings.Split(strings.Trim(set, "-"), "")))
	}
	return joint
}

func TestOutcomeTable(t *testing.T) {
	for _, line := range readTable(t, "testdata/quorum.txt") {
		sets, stances, _ := strings.Cut(line.given, "|")
		said := map[string]Stance{}
		for _, s := range strings.Fields(stances) {
			said[s[:1]] = map[byte]Stance{'+': For, '?': Unsure, '-': Against, '.': Silent, '!': Forgot}[s[1]]
		}
		joint := parseSets(strings.Fields(sets))
		if got := joint.Outcome(func(name string) Stance { return said[name] }); got.String() != line.want {
			t.Errorf("%s: got %s", line.text, got)
		}
	}
}

// Two majorities have a candidate in common that hasn't forgotten, whoever is unsure, if a minority has forgotten.
func TestAnyTwoMajoritiesMeetInAMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "candidates")
		voters := Voters(strings.Split("abcdefghi"[:n], ""))
		liars := rapid.SliceOfNDistinct(rapid.SampledFrom(voters), 0, (n-1)/2, rapid.ID[string]).Draw(t, "liars")
		draw := func(name string) map[string]Stance {
			stances := map[string]Stance{}
			for _, voter := range voters {
				stances[voter] = rapid.SampledFrom([]Stance{Silent, Against, For, Unsure, Forgot}).Draw(t, name+voter)
			}
			return stances
		}
		first, second := draw("first "), draw("second ")
		for voter, stance := range second {
			if stance == Forgot && !slices.Contains(liars, voter) {
				second[voter] = Against // a disk that doesn't lie doesn't lose
			}
		}
		of := func(stances map[string]Stance) Outcome {
			return voters.Outcome(func(name string) Stance { return stances[name] })
		}
		if of(first) != Won || of(second) != Won {
			return
		}
		agreed := func(s Stance) bool { return s == For || s == Unsure }
		for _, voter := range voters {
			forgot := second[voter] == Unsure && slices.Contains(liars, voter)
			if agreed(first[voter]) && agreed(second[voter]) && !forgot {
				return
			}
		}
		t.Fatalf("%v and %v meet in nobody who remembers; liars %v", first, second, liars)
	})
}

// What is pending can become won, and what is won or lost stays so, whatever the silent ones say.
func TestAnOutcomeIsFinal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "candidates")
		voters := Voters(strings.Split("abcdefg"[:n], ""))
		stances := map[string]Stance{}
		for _, voter := range voters {
			stances[voter] = Stance(rapid.IntRange(0, int(Forgot)).Draw(t, voter))
		}
		of := func() Outcome { return voters.Outcome(func(name string) Stance { return stances[name] }) }
		before := of()
		for _, voter := range voters {
			if stances[voter] == Silent {
				stances[voter] = Stance(rapid.IntRange(1, int(Forgot)).Draw(t, "later "+voter))
			}
		}
		if after := of(); after == Pending || before != Pending && before != after {
			t.Fatalf("%s became %s: %v", before, after, stances)
		}
	})
}

func TestJointSets(t *testing.T) {
	joint := Joint{}.With(Voters{"b", "a"}).With(Voters{"a", "b"}).With(Voters{"c", "a"})
	if len(joint) != 2 || !slices.Equal(joint.Names(), []string{"a", "b", "c"}) {
		t.Fatalf("got %v", joint)
	}
	if !joint.Equal(Joint{{"a", "c"}, {"a", "b"}}) || joint.Equal(Joint{{"a", "c"}}) || joint.Equal(Joint{{"a", "c"}, {"a"}}) {
		t.Error("sets compare by their order, or not at all")
	}
}
