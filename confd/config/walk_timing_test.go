package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// ignore visits without doing anything.
type ignore struct{}

func (ignore) Top(string, []byte) error { return nil }
func (ignore) Object(*Object) error     { return nil }

func generated(tb testing.TB, opts GenerateOptions) []byte {
	tb.Helper()
	var doc bytes.Buffer
	if err := Generate(&doc, opts); err != nil {
		tb.Fatal(err)
	}
	return doc.Bytes()
}

func BenchmarkWalk(b *testing.B) {
	for _, instances := range []int{100, 1_000, 10_000, 100_000} {
		for _, python := range []bool{false, true} {
			name := fmt.Sprint(instances)
			if python {
				name += "-python"
			}
			b.Run(name, func(b *testing.B) {
				doc := generated(b, GenerateOptions{Nodes: max(1, instances/100), Instances: instances, Seed: 1, Python: python})
				b.SetBytes(int64(len(doc)))
				b.ReportAllocs()
				for b.Loop() {
					if err := Walk(bytes.NewReader(doc), ignore{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkStandardLibrary is the baseline: what encoding/json needs to find that the text is JSON.
func BenchmarkStandardLibrary(b *testing.B) {
	doc := generated(b, GenerateOptions{Nodes: 100, Instances: 10_000, Seed: 1})
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if !json.Valid(doc) {
			b.Fatal("invalid")
		}
	}
}
