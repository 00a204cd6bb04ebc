package config

import (
	"bytes"
	"fmt"
	"testing"
)

func BenchmarkValidate(b *testing.B) {
	for _, instances := range []int{100, 10_000} {
		b.Run(fmt.Sprint(instances), func(b *testing.B) {
			doc := generated(b, GenerateOptions{Nodes: max(1, instances/100), Instances: instances})
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Validate(bytes.NewReader(doc)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
