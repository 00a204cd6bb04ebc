package capture_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"gantry/loadgen/capture"
)

// FuzzReader reads anything: it never fails but at the head, accounts for every
// packet, and returns no datagram beyond what its file could hold.
func FuzzReader(f *testing.F) {
	whole := udpOf(f, "0123456789abcdef")
	packets := func(wrap func([]byte, layers.EthernetType) []byte) []captured {
		list := all(
			wrap(ip4(f, `plj0{"msg":"{}"}`), layers.EthernetTypeIPv4), wrap(ip6(f, "x"), layers.EthernetTypeIPv6),
			wrap(cut4(f, 1, whole, 0, 16), layers.EthernetTypeIPv4), wrap(cut4(f, 1, whole, 16, 24), layers.EthernetTypeIPv4),
			wrap(cut6(f, 2, whole, 8, 24), layers.EthernetTypeIPv6), wrap(cut6(f, 2, whole, 0, 8), layers.EthernetTypeIPv6),
			wrap(build(f, header4(layers.IPProtocolTCP), gopacket.Payload(make([]byte, 20))), layers.EthernetTypeIPv4),
		)
		return append(list, captured{data: list[0].data[:30], original: len(list[0].data), after: time.Second})
	}
	raw := packets(func(p []byte, _ layers.EthernetType) []byte { return p })
	f.Add(pcap(f, capture.LinkRaw, raw...))
	f.Add(pcapng(f, layers.LinkTypeRaw, raw...))
	f.Add(pcap(f, capture.LinkSLL, packets(func(p []byte, kind layers.EthernetType) []byte { return cooked1(kind, p) })...))
	f.Add(pcap(f, capture.LinkSLL2, packets(func(p []byte, kind layers.EthernetType) []byte { return cooked2(kind, p) })...))
	tagged := packets(func(p []byte, kind layers.EthernetType) []byte {
		return build(f, ethernet(layers.EthernetTypeQinQ), &layers.Dot1Q{Type: layers.EthernetTypeDot1Q}, &layers.Dot1Q{Type: kind}, gopacket.Payload(p))
	})
	f.Add(pcap(f, capture.LinkEthernet, tagged...))
	f.Add(pcapng(f, layers.LinkTypeEthernet, tagged...))
	f.Add(pcapng(f, layers.LinkTypeLoop, packets(func(p []byte, _ layers.EthernetType) []byte { return append([]byte{0, 0, 0, 2}, p...) })...))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := capture.NewReader(bytes.NewReader(file))
		if err != nil {
			if !errors.Is(err, capture.ErrFormat) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		const zipped = 2000 // what a gzipped file may unfold to, by its format
		limit := len(file)
		if bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
			limit *= zipped
		}
		for {
			d, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if !d.Src.IsValid() || !d.Dst.IsValid() || len(d.Payload) > limit {
				t.Fatalf("%d bytes from %s to %s", len(d.Payload), d.Src, d.Dst)
			}
		}
		checkSum(t, r.Stats())
	})
}
