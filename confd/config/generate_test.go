package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whoever has a seed from a report or a benchmark must get the same file from it.
func TestGenerateGivesTheSameBytesForASeed(t *testing.T) {
	for _, c := range []struct {
		opts GenerateOptions
		hash string
	}{
		{GenerateOptions{Nodes: 1}, "7a89bb8418453818"},
		{GenerateOptions{Nodes: 7, Instances: 50, Seed: 42, Groups: 2, NonASCII: true, Forthcoming: true}, "0f3af4d29c97efb6"},
		{GenerateOptions{Nodes: 20, Instances: 200, Seed: 7, Family: FamilyIPv6, Quirks: true}, "de0a143ad540d2c3"},
		{GenerateOptions{Nodes: 4, Instances: 30, Layout: "2.4", Python: true}, "fa1c22a0f8b8d770"},
	} {
		hash := sha256.Sum256(generated(t, c.opts))
		if got := hex.EncodeToString(hash[:8]); got != c.hash {
			t.Errorf("%+v: got %s, want %s", c.opts, got, c.hash)
		}
	}
}

func TestGenerateDependsOnTheSeed(t *testing.T) {
	if bytes.Equal(generated(t, GenerateOptions{Nodes: 3, Seed: 1}), generated(t, GenerateOptions{Nodes: 3, Seed: 2})) {
		t.Error("two seeds give one cluster")
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, c := range []struct {
		opts GenerateOptions
		want string
	}{
		{GenerateOptions{}, "0 nodes: must be 1 to 60000"},
		{GenerateOptions{Nodes: MaxGeneratedNodes + 1}, "60001 nodes"},
		{GenerateOptions{Nodes: 1, Instances: -1}, "-1 instances: must be 0 to 1000000"},
		{GenerateOptions{Nodes: 1, Instances: MaxGeneratedInstances + 1}, "1000001 instances"},
		{GenerateOptions{Nodes: 1, Groups: -1}, "-1 groups"},
		{GenerateOptions{Nodes: 1, Networks: MaxGeneratedNetworks + 1}, "16385 networks"},
		{GenerateOptions{Nodes: 1, Filters: MaxGeneratedFilters + 1}, "10001 filters"},
		{GenerateOptions{Nodes: 1, Candidates: -5}, "-5 candidates"},
		{GenerateOptions{Nodes: 1, Family: 4}, "family 4: must be 2 (IPv4) or 10 (IPv6)"},
		{GenerateOptions{Nodes: 1, Layout: "1.2"}, `layout "1.2": must be 2.0 to 2.17, 3.0 or 3.1`},
		{GenerateOptions{Nodes: 1, Layout: "2.18"}, `layout "2.18"`},
		{GenerateOptions{Nodes: 1, Layout: "3"}, `layout "3"`},
		{GenerateOptions{Nodes: 1, Layout: "2.16", Quirks: true}, "quirks in layout 2.16"},
		{GenerateOptions{Nodes: 1, Layout: "2.2", Family: FamilyIPv6}, "family 10 in layout 2.2"},
		{GenerateOptions{Nodes: 1, Templates: []string{"tape"}}, `disk template "tape"`},
		{GenerateOptions{Nodes: 1, Templates: []string{}}, "no disk templates"},
	} {
		err := Generate(io.Discard, c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.opts, err, c.want)
		}
	}
}

type brokenWriter struct{ left int }

var errBroken = errors.New("no space left")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestGenerateReturnsTheWritersError(t *testing.T) {
	for _, room := range []int{0, 100_000} {
		if err := Generate(&brokenWriter{room}, GenerateOptions{Nodes: 5, Instances: 500}); !errors.Is(err, errBroken) {
			t.Errorf("room for %d bytes: got %v", room, err)
		}
	}
}

// drawOptions draws a shape of cluster, small enough for many runs.
func drawOptions(t *rapid.T) GenerateOptions {
	mixes := [][]string{nil, {"drbd"}, {"plain", "drbd"}, {"diskless"}, {"file", "sharedfile", "gluster"}, {"rbd", "ext", "blockdev"}}
	return GenerateOptions{
		Nodes:       rapid.IntRange(1, 30).Draw(t, "nodes"),
		Instances:   rapid.IntRange(0, 60).Draw(t, "instances"),
		Seed:        rapid.Uint64().Draw(t, "seed"),
		Groups:      rapid.IntRange(0, 8).Draw(t, "groups"),
		Networks:    rapid.IntRange(-1, 12).Draw(t, "networks"),
		Filters:     rapid.IntRange(-1, 5).Draw(t, "filters"),
		Candidates:  rapid.IntRange(0, 12).Draw(t, "candidates"),
		Family:      rapid.SampledFrom([]int{0, FamilyIPv4, FamilyIPv6}).Draw(t, "family"),
		Templates:   rapid.SampledFrom(mixes).Draw(t, "templates"),
		NonASCII:    rapid.Bool().Draw(t, "non-ASCII"),
		Forthcoming: rapid.Bool().Draw(t, "forthcoming"),
		Python:      rapid.Bool().Draw(t, "python"),
	}
}

func TestGeneratedClustersKeepEveryRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		opts := drawOptions(t)
		var text bytes.Buffer
		if err := Generate(&text, opts); err != nil {
			t.Fatal(err)
		}
		report, err := Validate(&text)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range report.Problems {
			t.Error(p)
		}
	})
}

func TestGeneratedTextIsCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		opts := drawOptions(t)
		opts.NonASCII, opts.Python = false, false
		var text bytes.Buffer
		if err := Generate(&text, opts); err != nil {
			t.Fatal(err)
		}
		doc, err := Parse(text.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if again := doc.Append(nil); !bytes.Equal(again, text.Bytes()) {
			t.Fatalf("differs: %s", difference(text.Bytes(), again))
		}
	})
}

// difference shows where two texts part.
func difference(a, b []byte) string {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	around := func(text []byte) []byte { return text[max(0, at-60):min(len(text), at+60)] }
	return fmt.Sprintf("byte %d:\n%s\n%s", at, around(a), around(b))
}

// A file with quirks is odd, not broken: every reader of JSON takes it, and so does Walk, with the same number of objects.
func TestQuirksAreLegal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		opts := drawOptions(t)
		opts.Quirks = true
		var text bytes.Buffer
		if err := Generate(&text, opts); err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text.Bytes()) {
			t.Fatal("not JSON")
		}
		doc, err := Parse(text.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if doc.Len(KindNode) != opts.Nodes || doc.Len(KindInstance) != opts.Instances {
			t.Fatalf("%d nodes and %d instances", doc.Len(KindNode), doc.Len(KindInstance))
		}
	})
}

// Over some hundred instances every kind of oddity must have come up.
func TestQuirksHaveEveryOddity(t *testing.T) {
	text := string(generated(t, GenerateOptions{Nodes: 60, Instances: 1500, Seed: 3, Quirks: true}))
	for what, sign := range map[string]string{
		"null": "null", "float": ".0", "exponent": "e0", "escape": `\u00`, "escaped slash": `\/`, "empty ip": `"ip"`,
		"name that begins another": `"node1"`, "ambiguous name": "node2.a", "size with a unit": `"1g"`, "quote in a name": `odd\"name`,
		"explicit false": "forthcoming",
	} {
		if !strings.Contains(text, sign) {
			t.Errorf("%s: no %s", what, sign)
		}
	}
	report, err := Validate(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{"names no disk", "primary_node names no node", "instance name", "only one may be true", "empty ip"} {
		if !strings.Contains(fmt.Sprint(report.Problems), rule) {
			t.Errorf("no problem %q", rule)
		}
	}
}

// The figures that the speed of everything else is measured with: 143 MB for 100,000 instances on 1,000 nodes.
func TestGeneratedFilesHaveRealSizes(t *testing.T) {
	const instances = 5000
	size := len(generated(t, GenerateOptions{Nodes: 50, Instances: instances, Networks: 10}))
	if each := size / instances; each < 1300 || each > 1600 {
		t.Errorf("%d bytes an instance", each)
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, instances := range []int{0, 1000, 20_000} {
		b.Run(fmt.Sprint(instances), func(b *testing.B) {
			opts := GenerateOptions{Nodes: 1 + instances/100, Instances: instances}
			b.SetBytes(int64(len(generated(b, opts))))
			b.ReportAllocs()
			for b.Loop() {
				if err := Generate(io.Discard, opts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
