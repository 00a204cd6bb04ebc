package capture_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"gantry/loadgen/capture"
)

// Every type of link carries both versions of IP, in both kinds of file.
func TestLinks(t *testing.T) {
	four, six := ip4(t, "four"), ip6(t, "six")
	tag := func(kind layers.EthernetType) *layers.Dot1Q { return &layers.Dot1Q{VLANIdentifier: 7, Type: kind} }
	loopback := func(family layers.ProtocolFamily, packet []byte) []byte {
		return build(t, &layers.Loopback{Family: family}, gopacket.Payload(packet))
	}
	for _, test := range []struct {
		name      string
		link      capture.LinkType
		four, six []byte
	}{
		{"ethernet", capture.LinkEthernet,
			build(t, ethernet(layers.EthernetTypeIPv4), gopacket.Payload(four)),
			build(t, ethernet(layers.EthernetTypeIPv6), gopacket.Payload(six))},
		{"vlan", capture.LinkEthernet,
			build(t, ethernet(layers.EthernetTypeDot1Q), tag(layers.EthernetTypeIPv4), gopacket.Payload(four)),
			build(t, ethernet(layers.EthernetTypeDot1Q), tag(layers.EthernetTypeIPv6), gopacket.Payload(six))},
		{"stacked vlans", capture.LinkEthernet,
			build(t, ethernet(layers.EthernetTypeQinQ), tag(layers.EthernetTypeDot1Q), tag(layers.EthernetTypeIPv4), gopacket.Payload(four)),
			build(t, ethernet(0x9100), tag(0x9100), tag(layers.EthernetTypeDot1Q), tag(layers.EthernetTypeIPv6), gopacket.Payload(six))},
		{"linux cooked", capture.LinkSLL, cooked1(layers.EthernetTypeIPv4, four), cooked1(layers.EthernetTypeIPv6, six)},
		{"linux cooked v2", capture.LinkSLL2, cooked2(layers.EthernetTypeIPv4, four), cooked2(layers.EthernetTypeIPv6, six)},
		{"raw", capture.LinkRaw, four, six},
		{"null", capture.LinkNull, loopback(layers.ProtocolFamilyIPv4, four), loopback(layers.ProtocolFamilyIPv6Darwin, six)},
		{"loop", capture.LinkLoop, append([]byte{0, 0, 0, 2}, four...), append([]byte{0, 0, 0, 24}, six...)},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := []said{{noon, a4, b4, "four"}, {noon.Add(time.Millisecond), a6, b6, "six"}}
			packets := all(test.four, test.six)
			list, stats := read(t, pcap(t, test.link, packets...))
			if !slices.Equal(list, want) || stats.Links[test.link.String()] != 2 {
				t.Errorf("pcap: %v, %+v", list, stats)
			}
			// The library can't write numbers beyond 255.
			ng := pcapng(t, layers.LinkType(99), packets...)
			binary.LittleEndian.PutUint16(ng[bytes.Index(ng, []byte{99, 0, 0, 0}):], uint16(test.link))
			if list, stats = read(t, ng); !slices.Equal(list, want) || stats.Links[test.link.String()] != 2 {
				t.Errorf("pcapng: %v, %+v", list, stats)
			}
		})
	}
}

// Links of one version are read as such.
func TestLinksOfOneVersion(t *testing.T) {
	for link, packet := range map[capture.LinkType][]byte{capture.LinkIPv4: ip4(t, "x"), capture.LinkIPv6: ip6(t, "x")} {
		if list, _ := read(t, pcap(t, link, all(packet)...)); len(list) != 1 {
			t.Errorf("%s: %v", link, list)
		}
	}
	_, stats := read(t, pcap(t, capture.LinkIPv6, all(ip4(t, "x"))...))
	if stats.Skipped[capture.SkipIPHeader] != 1 {
		t.Errorf("IPv4 on a link of IPv6: %+v", stats)
	}
}

// What isn't a whole datagram is skipped, by reason.
func TestSkips(t *testing.T) {
	four, six := ip4(t, "a payload"), ip6(t, "a payload")
	change := func(packet []byte, at int, value byte) []byte {
		packet = bytes.Clone(packet)
		packet[at] = value
		return packet
	}
	snapped := func(packet []byte, n int) captured { return captured{data: packet[:n], original: len(packet)} }
	tcp := build(t, header4(layers.IPProtocolTCP), gopacket.Payload(make([]byte, 20)))
	for _, test := range []struct {
		name   string
		link   capture.LinkType
		packet captured
		want   capture.Skip
	}{
		{"link type", 105, captured{data: four}, capture.SkipLink},
		{"short ethernet", capture.LinkEthernet, captured{data: make([]byte, 13)}, capture.SkipLinkHeader},
		{"short tag", capture.LinkEthernet, captured{data: append(make([]byte, 12), 0x81, 0, 0, 0)}, capture.SkipLinkHeader},
		{"short cooked", capture.LinkSLL, captured{data: make([]byte, 15)}, capture.SkipLinkHeader},
		{"cooked with a long address", capture.LinkSLL, captured{data: change(cooked1(layers.EthernetTypeIPv4, four), 4, 0xff)}, capture.SkipLinkHeader},
		{"short cooked v2", capture.LinkSLL2, captured{data: make([]byte, 19)}, capture.SkipLinkHeader},
		{"short loopback", capture.LinkNull, captured{data: make([]byte, 3)}, capture.SkipLinkHeader},
		{"cut in the link header", capture.LinkSLL2, snapped(cooked2(layers.EthernetTypeIPv4, four), 10), capture.SkipSnapped},
		{"arp", capture.LinkEthernet, captured{data: build(t, ethernet(layers.EthernetTypeARP), gopacket.Payload(make([]byte, 28)))}, capture.SkipNotIP},
		{"five tags", capture.LinkSLL2, captured{data: cooked2(layers.EthernetTypeDot1Q, bytes.Repeat([]byte{0, 1, 0x81, 0}, 9))}, capture.SkipNotIP},
		{"loopback of another family", capture.LinkLoop, captured{data: []byte{0, 0, 0, 7, 1}}, capture.SkipNotIP},
		{"nothing", capture.LinkRaw, captured{data: nil}, capture.SkipIPHeader},
		{"version 5", capture.LinkRaw, captured{data: change(four, 0, 0x55)}, capture.SkipIPHeader},
		{"short IPv4", capture.LinkRaw, captured{data: four[:19]}, capture.SkipIPHeader},
		{"short IPv6", capture.LinkRaw, captured{data: six[:39]}, capture.SkipIPHeader},
		{"cut in the IP header", capture.LinkRaw, snapped(six, 30), capture.SkipSnapped},
		{"tcp", capture.LinkRaw, captured{data: tcp}, capture.SkipNotUDP},
		{"tcp over IPv6", capture.LinkRaw, captured{data: change(six, 6, 6)}, capture.SkipNotUDP},
		{"cut in the payload", capture.LinkRaw, snapped(four, len(four)-1), capture.SkipSnapped},
		{"IPv6 cut in the payload", capture.LinkRaw, snapped(six, len(six)-1), capture.SkipSnapped},
		{"short UDP", capture.LinkRaw, captured{data: build(t, header4(layers.IPProtocolUDP), gopacket.Payload("1234567"))}, capture.SkipUDPHeader},
		{"UDP longer than its packet", capture.LinkRaw, captured{data: change(four, 25, 200)}, capture.SkipUDPHeader},
		{"UDP too short for itself", capture.LinkRaw, captured{data: change(change(four, 24, 0), 25, 7)}, capture.SkipUDPHeader},
		{"too many extensions", capture.LinkRaw, captured{data: build(t, header6(layers.IPProtocolIPv6Destination), gopacket.Payload(bytes.Repeat([]byte{60, 0, 1, 4, 0, 0, 0, 0}, 12)))}, capture.SkipIPHeader},
		{"extension beyond the end", capture.LinkRaw, captured{data: build(t, header6(layers.IPProtocolIPv6Routing), gopacket.Payload([]byte{17, 9, 0, 0, 0, 0, 0, 0}))}, capture.SkipIPHeader},
		{"fragment header beyond the end", capture.LinkRaw, captured{data: build(t, header6(layers.IPProtocolIPv6Fragment), gopacket.Payload("1234567"))}, capture.SkipIPHeader},
		{"empty fragment", capture.LinkRaw, captured{data: build(t, fragment4(1, 0, true))}, capture.SkipFragment},
		{"fragment of odd length", capture.LinkRaw, captured{data: build(t, fragment4(1, 0, true), gopacket.Payload("odd"))}, capture.SkipFragment},
		{"fragment beyond the end of datagrams", capture.LinkRaw, captured{data: build(t, fragment4(1, 65528, false), gopacket.Payload("12345678"))}, capture.SkipFragment},
	} {
		t.Run(test.name, func(t *testing.T) {
			good := captured{data: four}
			file := pcap(t, test.link, test.packet)
			if test.link == capture.LinkRaw { // and what is around it is read
				file = pcap(t, test.link, good, test.packet, good)
			}
			list, stats := read(t, file)
			var want capture.Stats
			want.Skipped[test.want] = 1
			if stats.Skipped != want.Skipped || len(list) != int(stats.Packets)-1 {
				t.Errorf("%d datagrams, skipped %v, want one of %s", len(list), stats.Skipped, test.want)
			}
		})
	}
}

// Hop-by-hop options and other extensions are passed over, with padding behind.
func TestExtensions(t *testing.T) {
	network := header6(layers.IPProtocolIPv6HopByHop)
	udp := build(t, datagram(t, header6(layers.IPProtocolUDP)), gopacket.Payload("text"))
	extensions := []byte{60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0}
	packet := append(build(t, network, gopacket.Payload(append(extensions, udp...))), "padding"...)
	if list, stats := read(t, pcap(t, capture.LinkRaw, all(packet)...)); len(list) != 1 || list[0].payload != "text" {
		t.Errorf("%v, %+v", list, stats)
	}
}

// What is no capture is refused, and said so.
func TestForeignFiles(t *testing.T) {
	for _, file := range []string{
		"", "plj", "plj0{}", "\x1f\x8b", "\x1f\x8bnot gzip at all", "\x0a\x0d\x0d\x0a", "\x0a\x0d\x0d\x0a\x1c\x00\x00\x00nonsense", "\xd4\xc3\xb2\xa1",
		"\xd4\xc3\xb2\xa1\x03\x00\x04\x00" + strings.Repeat("\x00", 16),
	} {
		if _, err := capture.NewReader(strings.NewReader(file)); !errors.Is(err, capture.ErrFormat) {
			t.Errorf("%q: %v", file, err)
		}
	}
}

// A disk's failure is not taken for damage of the file.
func TestFailingFile(t *testing.T) {
	failure := errors.New("the disk is gone")
	if _, err := capture.NewReader(iotest.ErrReader(failure)); !errors.Is(err, failure) {
		t.Error(err)
	}
	for _, file := range [][]byte{pcap(t, capture.LinkRaw, all(ip4(t, "x"))...), pcapng(t, layers.LinkTypeRaw, all(ip4(t, "x"))...)} {
		r, err := capture.NewReader(io.MultiReader(bytes.NewReader(file), iotest.ErrReader(failure)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = r.Next(); err != nil {
			t.Fatal(err)
		}
		if _, err = r.Next(); !errors.Is(err, failure) {
			t.Error(err)
		}
		if _, err = r.Next(); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	}
}

// A file that ends anywhere is read up to there.
func TestCutFiles(t *testing.T) {
	packets := all(ip4(t, "one"), ip6(t, "two"), ip4(t, "three"))
	zip := func(file []byte) []byte {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		if _, err := w.Write(file); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return zipped.Bytes()
	}
	plain, ng := pcap(t, capture.LinkRaw, packets...), pcapng(t, layers.LinkTypeRaw, packets...)
	for name, file := range map[string][]byte{"pcap": plain, "pcapng": ng, "gzipped pcap": zip(plain), "gzipped pcapng": zip(ng)} {
		counts := make([]int, 4)
		for n := range len(file) + 1 {
			if _, err := capture.NewReader(bytes.NewReader(file[:n])); err != nil {
				if !errors.Is(err, capture.ErrFormat) {
					t.Errorf("%s of %d bytes: %v", name, n, err)
				}
				continue
			}
			list, stats := read(t, file[:n])
			if len(list) > 3 || stats.Skipped[capture.SkipDamaged] > 0 || stats.Skipped[capture.SkipCut] > 1 {
				t.Errorf("%s of %d bytes: %d datagrams, %+v", name, n, len(list), stats)
			}
			counts[len(list)]++
		}
		if counts[3] == 0 || !strings.HasPrefix(name, "gzipped") && (counts[1] < 20 || counts[2] < 20) {
			t.Errorf("%s: %v", name, counts)
		}
	}
}

// A damaged packet of a pcapng file doesn't hide those behind it.
func TestDamagedBlocks(t *testing.T) {
	packet := ip4(t, "hello")
	clean := pcapng(t, layers.LinkTypeRaw, all(packet, packet, packet)...)
	second := len(clean) - 2*(32+len(packet)+(4-len(packet)%4)%4)
	if !bytes.Equal(clean[second:second+4], []byte{6, 0, 0, 0}) {
		t.Fatalf("at %d is no packet block: % x", second, clean[second:])
	}
	for _, test := range []struct {
		name     string
		at       int
		value    uint32
		want     capture.Skip
		packets  int
		returned int
	}{
		{"captured length", 20, 200, capture.SkipDamaged, 3, 2},
		{"huge captured length", 20, 1 << 30, capture.SkipLong, 3, 2},
		{"interface", 8, 1, capture.SkipDamaged, 3, 2},
		{"block length", 4, 8, capture.SkipDamaged, 2, 1},
		{"odd block length", 4, 41, capture.SkipDamaged, 2, 1},
		{"endless block", 4, 1 << 20, capture.SkipCut, 2, 1},
	} {
		file := bytes.Clone(clean)
		binary.LittleEndian.PutUint32(file[second+test.at:], test.value)
		list, stats := read(t, file)
		if len(list) != test.returned || int(stats.Packets) != test.packets || stats.Skipped[test.want] != 1 {
			t.Errorf("%s: %d datagrams, %+v", test.name, len(list), stats)
		}
	}
	// Of another kind of block, nothing is expected.
	file := bytes.Clone(clean)
	binary.LittleEndian.PutUint32(file[second:], 0xbad)
	if list, stats := read(t, file); len(list) != 2 || stats.Packets != 2 {
		t.Errorf("unknown block: %d datagrams, %+v", len(list), stats)
	}
}

// A pcap file in which a record contradicts itself ends there.
func TestDamagedRecords(t *testing.T) {
	packet := ip4(t, "hello")
	for _, length := range []uint32{uint32(len(packet)) + 1, 1 << 19, 1<<32 - 1} {
		file := pcap(t, capture.LinkRaw, all(packet, packet, packet)...)
		binary.LittleEndian.PutUint32(file[24+16+len(packet)+8:], length)
		if list, stats := read(t, file); len(list) != 1 || stats.Skipped[capture.SkipDamaged] != 1 {
			t.Errorf("%d: %d datagrams, %+v", length, len(list), stats)
		}
	}
}

// A pcapng file may have interfaces of several types, sections, and times in units
// of its own; packets without a time have that of the packet before.
func TestSections(t *testing.T) {
	var file bytes.Buffer
	file.Write(pcapng(t, layers.LinkTypeRaw, all(ip4(t, "first"))...))
	w, err := pcapgo.NewNgWriterInterface(&file, pcapgo.NgInterface{LinkType: layers.LinkTypeEthernet, TimestampResolution: 6}, pcapgo.DefaultNgWriterOptions)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := w.AddInterface(pcapgo.NgInterface{LinkType: layers.LinkTypeRaw, TimestampResolution: 9, Name: "second", Comment: "a comment"})
	if err != nil {
		t.Fatal(err)
	}
	write := func(on int, after time.Duration, packet []byte) {
		info := captured{data: packet, after: after}.info()
		info.InterfaceIndex = on
		if err := w.WritePacket(info, packet); err != nil {
			t.Fatal(err)
		}
	}
	write(0, time.Second, build(t, ethernet(layers.EthernetTypeIPv4), gopacket.Payload(ip4(t, "second"))))
	write(raw, 2*time.Second+time.Nanosecond, ip4(t, "third"))
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	list, stats := read(t, file.Bytes())
	want := []said{{noon, a4, b4, "first"}, {noon.Add(time.Second), a4, b4, "second"}, {noon.Add(2 * time.Second), a4, b4, "third"}}
	for i := range list { // the library's writer scales them, but not exactly
		list[i].at = list[i].at.Truncate(time.Microsecond)
	}
	if diff := cmp.Diff(payloads(want), payloads(list)); diff != "" || stats.Links["raw"] != 2 || stats.Links["ethernet"] != 1 {
		t.Errorf("%v\n%+v", list, stats)
	}
	for i := range min(len(list), len(want)) {
		if !list[i].at.Equal(want[i].at) {
			t.Errorf("%s is of %s, not %s", want[i].payload, list[i].at, want[i].at)
		}
	}
}

// A file of big-endian blocks, with a simple packet, and options that the library
// would stumble over.
func TestBigEndianBlocks(t *testing.T) {
	packet := ip4(t, "hello!!!") // a multiple of 4
	be := binary.BigEndian
	block := func(kind uint32, parts ...[]byte) []byte {
		content := bytes.Join(parts, nil)
		size := uint32(len(content) + 12)
		return be.AppendUint32(append(be.AppendUint32(be.AppendUint32(nil, kind), size), content...), size)
	}
	numbers := func(list ...uint32) (text []byte) {
		for _, n := range list {
			text = be.AppendUint32(text, n)
		}
		return text
	}
	section := block(0x0a0d0d0a, numbers(0x1a2b3c4d, 1<<16|2, 0xffffffff, 0xffffffff))
	badResolution := []byte{0, 9, 0, 1, 0xc0, 0, 0, 0, 0, 9, 0, 1, 64, 0, 0, 0, 0, 2, 0xff, 0xff}
	n := uint32(len(packet))
	file := bytes.Join([][]byte{
		section,
		block(1, numbers(101<<16, 0), badResolution),
		block(5, numbers(7, 0, 0)), // of statistics, of no interface
		block(6, numbers(0, 0, 1_000_000, n, n), packet),
		block(3, numbers(n), packet),
		block(2, numbers(0, 0, 2_000_000, n, n), packet),
		block(3, numbers(n+100), packet),
		block(0x0a0d0d0a, numbers(0x1a2b3c4d, 9<<16, 0xffffffff, 0xffffffff)),
		block(1, numbers(101<<16, 0)),
		block(3, numbers(n), packet),
		section,
		block(3, numbers(n), packet),
	}, nil)
	list, stats := read(t, file)
	want := []int64{1, 1, 2}
	if len(list) != len(want) || stats.Packets != 6 || stats.Skipped[capture.SkipDamaged] != 3 {
		t.Fatalf("%v, %+v", list, stats)
	}
	for i, d := range list {
		if d.at.Unix() != want[i] || d.payload != "hello!!!" {
			t.Errorf("%d: %v", i, d)
		}
	}
}
