package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"

	"gantry/loadgen/capture"
)

// fragment4 is the header of a fragment whose payload starts at offset, in bytes.
func fragment4(id uint16, offset int, more bool) *layers.IPv4 {
	h := header4(layers.IPProtocolUDP)
	h.Id, h.FragOffset = id, uint16(offset/8)
	if more {
		h.Flags = layers.IPv4MoreFragments
	}
	return h
}

// cutter makes the fragment of a payload from start to end.
type cutter func(t testing.TB, id int, payload []byte, start, end int) []byte

func cut4(t testing.TB, id int, payload []byte, start, end int) []byte {
	return build(t, fragment4(uint16(id), start, end < len(payload)), gopacket.Payload(payload[start:end]))
}

func cut6(t testing.TB, id int, payload []byte, start, end int) []byte {
	place := uint16(start)
	if end < len(payload) {
		place |= 1
	}
	head := binary.BigEndian.AppendUint16([]byte{byte(layers.IPProtocolUDP), 0}, place)
	head = binary.BigEndian.AppendUint32(head, uint32(id))
	return build(t, header6(layers.IPProtocolIPv6Fragment), gopacket.Payload(append(head, payload[start:end]...)))
}

var cutters = map[string]cutter{"IPv4": cut4, "IPv6": cut6}

// udpOf is a datagram without its IP header.
func udpOf(t testing.TB, text string) []byte {
	return build(t, datagram(t, header4(layers.IPProtocolUDP)), gopacket.Payload(text))
}

// Fragments of several datagrams, in any order, some twice, make them whole.
func TestFragmentsInAnyOrder(t *testing.T) {
	for name, cut := range cutters {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				var packets [][]byte
				want, pieces := map[string]bool{}, 0
				for id := range rapid.IntRange(1, 5).Draw(r, "datagrams") {
					text := fmt.Sprint(id, strings.Repeat("x", rapid.SampledFrom([]int{20, 600, 3000, 65000}).Draw(r, "length")))
					want[text] = true
					whole := udpOf(t, text)
					for start := 0; start < len(whole); {
						size := rapid.IntRange(1, 1+len(whole)/16).Draw(r, "units") * 8
						end := min(start+size, len(whole))
						packets = append(packets, cut(t, id, whole, start, end))
						pieces++
						start = end
					}
				}
				list, stats := read(t, pcap(t, capture.LinkRaw, all(rapid.Permutation(packets).Draw(r, "order")...)...))
				if len(list) != len(want) || int(stats.Joined) != pieces-len(want) {
					r.Fatalf("%d of %d datagrams of %d fragments, %+v", len(list), len(want), pieces, stats)
				}
				for _, d := range list {
					if !want[d.payload] {
						r.Fatalf("a datagram that begins with %.20q", d.payload)
					}
				}
			})
		})
	}
}

// What doesn't fit is refused; a piece that comes twice does no harm.
func TestFragmentsThatDoNotFit(t *testing.T) {
	whole := udpOf(t, strings.Repeat("0123456789abcdef", 10)) // 168 bytes
	other := bytes.ToUpper(whole)
	shorter := whole[:120]
	for name, cut := range cutters {
		first := cut(t, 1, whole, 0, 80)
		for _, test := range []struct {
			name      string
			packets   [][]byte
			datagrams int
			skipped   uint64 // as SkipFragment
			alone     uint64
		}{
			{"repeated", [][]byte{first, first, cut(t, 1, whole, 80, 168)}, 1, 1, 0},
			{"repeated with other content", [][]byte{first, cut(t, 1, other, 0, 80), cut(t, 1, whole, 80, 168)}, 0, 2, 1},
			{"overlapping", [][]byte{first, cut(t, 1, whole, 72, 168)}, 0, 2, 0},
			{"overlapping the next", [][]byte{cut(t, 1, whole, 80, 168), cut(t, 1, whole, 0, 88)}, 0, 2, 0},
			{"two ends", [][]byte{cut(t, 1, whole, 80, 168), cut(t, 1, shorter, 40, 120)}, 0, 2, 0},
			{"beyond the end", [][]byte{cut(t, 1, shorter, 80, 120), cut(t, 1, whole, 120, 168)}, 0, 2, 0},
			{"of two datagrams", [][]byte{first, cut(t, 2, whole, 80, 168)}, 0, 0, 2},
			{"one missing", [][]byte{first, cut(t, 1, whole, 96, 168)}, 0, 0, 2},
		} {
			list, stats := read(t, pcap(t, capture.LinkRaw, all(test.packets...)...))
			if len(list) != test.datagrams || stats.Skipped[capture.SkipFragment] != test.skipped || stats.Skipped[capture.SkipFragmentAlone] != test.alone {
				t.Errorf("%s, %s: %d datagrams, %+v", name, test.name, len(list), stats)
			}
		}
	}
}

// A fragment that is a whole datagram, which IPv6 knows, needs no others; nor do
// fragments of other protocols do harm.
func TestSpecialFragments(t *testing.T) {
	whole := udpOf(t, "atomic")
	tcp := cut6(t, 1, whole, 0, 8)
	tcp[40] = byte(layers.IPProtocolTCP)
	rest := cut6(t, 1, whole, 8, len(whole))
	list, stats := read(t, pcap(t, capture.LinkRaw, all(cut6(t, 7, whole, 0, len(whole)), tcp, rest)...))
	if len(list) != 1 || list[0].payload != "atomic" || stats.Skipped[capture.SkipNotUDP] != 2 {
		t.Errorf("%v, %+v", list, stats)
	}
	// A header that is cut off by fragmentation is found behind it.
	extended := append([]byte{17, 0, 1, 4, 0, 0, 0, 0}, whole...)
	head := func(packet []byte) []byte { packet[40] = byte(layers.IPProtocolIPv6Destination); return packet }
	list, stats = read(t, pcap(t, capture.LinkRaw, all(head(cut6(t, 9, extended, 0, 8)), head(cut6(t, 9, extended, 8, len(extended))))...))
	if len(list) != 1 || list[0].payload != "atomic" {
		t.Errorf("%v, %+v", list, stats)
	}
}

// Of the datagrams that wait for fragments, the oldest give way to new ones.
func TestTooManyFragmentedDatagrams(t *testing.T) {
	whole := udpOf(t, "0123456789")
	for name, cut := range cutters {
		var packets [][]byte
		const ids = capture.MaxFragmented + 3
		for id := range ids {
			packets = append(packets, cut(t, id, whole, 0, 8))
		}
		for id := range ids {
			packets = append(packets, cut(t, ids-1-id, whole, 8, len(whole)))
		}
		list, stats := read(t, pcap(t, capture.LinkRaw, all(packets...)...))
		if len(list) != capture.MaxFragmented || stats.Skipped[capture.SkipFragmentAlone] != 6 {
			t.Errorf("%s: %d datagrams, %+v", name, len(list), stats)
		}
	}
}

// A datagram waits for its fragments for 30 s of the capture's time.
func TestLateFragments(t *testing.T) {
	whole := udpOf(t, "0123456789")
	for name, cut := range cutters {
		for _, after := range []time.Duration{capture.FragmentPatience, capture.FragmentPatience + time.Microsecond} {
			packets := []captured{{data: cut(t, 1, whole, 0, 8)}, {data: cut(t, 1, whole, 8, len(whole)), after: after}}
			list, _ := read(t, pcap(t, capture.LinkRaw, packets...))
			if inTime := after == capture.FragmentPatience; slices.Equal(payloads(list), []string{"0123456789"}) != inTime {
				t.Errorf("%s, after %s: %v", name, after, list)
			}
		}
	}
}
