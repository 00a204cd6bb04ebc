package cache

import (
	"bytes"
	"fmt"
	"testing"

	"gantry/confd/config"
)

// generate returns the config of an invented cluster.
func generate(t testing.TB, opts config.GenerateOptions) []byte {
	t.Helper()
	var text bytes.Buffer
	if err := config.Generate(&text, opts); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func build(t testing.TB, text []byte) *Snapshot {
	t.Helper()
	s, err := Build(bytes.NewReader(text), int64(len(text)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func BenchmarkBuild(b *testing.B) {
	for _, size := range []int{1000, 10000, 100000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			text := generate(b, config.GenerateOptions{Nodes: max(size/100, 3), Instances: size, Seed: 1})
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var s *Snapshot
			for b.Loop() {
				s = build(b, text)
			}
			b.ReportMetric(float64(s.Info().Bytes)/float64(len(text)), "snapshot/file")
		})
	}
}

// BenchmarkRebuild builds a config again of which nothing, or everything, has
// changed since the snapshot before.
func BenchmarkRebuild(b *testing.B) {
	text := generate(b, config.GenerateOptions{Nodes: 1000, Instances: 100000, Seed: 1})
	previous := build(b, text)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Build(bytes.NewReader(text), int64(len(text)), previous); err != nil {
			b.Fatal(err)
		}
	}
}
