//go:build !amd64

package wire

// put writes m in lower-case hex.
func (m *mac) put(dst *[hexLen]byte) {
	m.putWords(dst)
}
