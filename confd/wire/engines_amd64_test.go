package wire

import (
	"fmt"
	"os"
	"regexp"
	"testing"
)

// Linux tells the same of the CPU.
func TestCPU(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Logf("nothing to compare with: %v", err)
		return
	}
	has := func(flag string) bool { return regexp.MustCompile(`(?m)^flags\s.*\b` + flag + `\b`).Match(info) }
	if has("sha_ni") != hasSHA() {
		t.Errorf("hasSHA says %v", hasSHA())
	}
	names := make(map[string]bool)
	for _, engine := range engines() {
		names[engine.name] = true
	}
	if names["avx2"] != has("avx2") || names["avx512"] != (has("avx512f") && has("avx512bw")) || !names["serial"] {
		t.Errorf("engines are %v", names)
	}
}

// BenchmarkLanes hashes one block in all lanes, or with crypto/sha1.
func BenchmarkLanes(b *testing.B) {
	var states laneStates
	var data [maxLanes]*byte
	blocks := make([]byte, blockSize)
	for lane := range data {
		data[lane] = &blocks[0]
	}
	for _, engine := range engines() {
		b.Run(fmt.Sprintf("%s/%d", engine.name, engine.lanes), func(b *testing.B) {
			key := NewKey(nil)
			var one serialHash
			one.sum(&message{key: key, blocks: blocks})
			for b.Loop() {
				if engine.lanes > 0 {
					engine.hash(&states, &data, 1)
				} else {
					one.hash(&key.inner, blocks)
				}
			}
		})
	}
}
