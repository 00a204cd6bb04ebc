package wire

import "golang.org/x/sys/cpu"

//go:noescape
func hexMAC(dst *[hexLen]byte, m *mac)

var hasShuffle = cpu.X86.HasSSSE3

// put writes m in lower-case hex.
func (m *mac) put(dst *[hexLen]byte) {
	if hasShuffle {
		hexMAC(dst, m)
	} else {
		m.putWords(dst)
	}
}
