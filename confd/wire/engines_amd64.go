package wire

import "golang.org/x/sys/cpu"

//go:noescape
func sha1x16(states *laneStates, data *[maxLanes]*byte, blocks int)

//go:noescape
func sha1x8(states *laneStates, data *[maxLanes]*byte, blocks int)

// cpuid executes the instruction of that name.
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

// engines returns those that this CPU has, the fastest first, serial last.
//
// The costs are from BenchmarkMAC and BenchmarkLanes: one block in all lanes takes some 185 ns on a Xeon of 2.5 GHz with either engine, where
// crypto/sha1 takes 250 ns for a block of a short message and 80 ns for one of a long message. With SHA-NI it takes about 40 ns for any.
func engines() []*laneEngine {
	shortCost, longCost := 1, 3
	if hasSHA() {
		shortCost, longCost = 5, 5
	}
	var found []*laneEngine
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW {
		found = append(found, &laneEngine{name: "avx512", lanes: 16, shortCost: shortCost, longCost: longCost})
	}
	if cpu.X86.HasAVX2 {
		found = append(found, &laneEngine{name: "avx2", lanes: 8, shortCost: shortCost, longCost: longCost})
	}
	return append(found, serial)
}

// hash adds the next blocks of each lane's data to its state. All pointers must have that many blocks behind them, those of lanes that aren't
// in use too.
func (e *laneEngine) hash(states *laneStates, data *[maxLanes]*byte, blocks int) {
	if e.lanes == 16 {
		sha1x16(states, data, blocks)
	} else {
		sha1x8(states, data, blocks)
	}
}

// hasSHA reports whether crypto/sha1 uses instructions made for SHA-1.
func hasSHA() bool {
	const extendedFeatures, shaBit = 7, 1 << 29
	if highest, _, _, _ := cpuid(0, 0); highest < extendedFeatures {
		return false
	}
	_, ebx, _, _ := cpuid(extendedFeatures, 0)
	return ebx&shaBit != 0
}
