package capture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"gantry/loadgen/capture"
)

// noon is when the first packet of every test is captured.
var noon = time.Date(2024, 5, 17, 12, 0, 0, 123_456_000, time.UTC)

// two ends of each version.
var (
	a4 = netip.MustParseAddrPort("192.0.2.1:40000")
	b4 = netip.MustParseAddrPort("192.0.2.2:1814")
	a6 = netip.MustParseAddrPort("[2001:db8::1]:40000")
	b6 = netip.MustParseAddrPort("[2001:db8::2]:1814")
)

// build serializes layers, the outermost first, with lengths and checksums.
func build(t testing.TB, parts ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buffer := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, parts...); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// ip4 and ip6 are IP packets with a datagram.
func ip4(t testing.TB, payload string) []byte {
	network := header4(layers.IPProtocolUDP)
	return build(t, network, datagram(t, network), gopacket.Payload(payload))
}

func ip6(t testing.TB, payload string) []byte {
	network := header6(layers.IPProtocolUDP)
	return build(t, network, datagram(t, network), gopacket.Payload(payload))
}

func header4(protocol layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Protocol: protocol, SrcIP: a4.Addr().AsSlice(), DstIP: b4.Addr().AsSlice()}
}

func header6(next layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: next, SrcIP: a6.Addr().AsSlice(), DstIP: b6.Addr().AsSlice()}
}

func datagram(t testing.TB, network gopacket.NetworkLayer) *layers.UDP {
	t.Helper()
	udp := &layers.UDP{SrcPort: layers.UDPPort(a4.Port()), DstPort: layers.UDPPort(b4.Port())}
	if err := udp.SetNetworkLayerForChecksum(network); err != nil {
		t.Fatal(err)
	}
	return udp
}

func ethernet(kind layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: kind}
}

// cooked1 and cooked2 put the headers of Linux cooked captures before a packet.
func cooked1(kind layers.EthernetType, packet []byte) []byte {
	head := []byte{0, 0, 3, 4, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0}
	return append(binary.BigEndian.AppendUint16(head, uint16(kind)), packet...)
}

func cooked2(kind layers.EthernetType, packet []byte) []byte {
	head := binary.BigEndian.AppendUint16(nil, uint16(kind))
	return append(append(head, 0, 0, 0, 0, 0, 1, 3, 4, 4, 6, 1, 2, 3, 4, 5, 6, 0, 0), packet...)
}

// A captured is a packet in a file.
type captured struct {
	data     []byte
	after    time.Duration // since noon
	original int           // 0: all of it is there
}

func all(packets ...[]byte) []captured {
	var list []captured
	for i, p := range packets {
		list = append(list, captured{data: p, after: time.Duration(i) * time.Millisecond})
	}
	return list
}

func (c captured) info() gopacket.CaptureInfo {
	return gopacket.CaptureInfo{Timestamp: noon.Add(c.after), CaptureLength: len(c.data), Length: max(len(c.data), c.original)}
}

// pcap makes a pcap file.
func pcap(t testing.TB, link capture.LinkType, packets ...captured) []byte {
	t.Helper()
	var file bytes.Buffer
	w := pcapgo.NewWriter(&file)
	if err := w.WriteFileHeader(capture.MaxPacket, 0); err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(file.Bytes()[20:], uint32(link))
	for _, p := range packets {
		if err := w.WritePacket(p.info(), p.data); err != nil {
			t.Fatal(err)
		}
	}
	return file.Bytes()
}

// pcapng makes a pcapng file of one interface.
func pcapng(t testing.TB, link layers.LinkType, packets ...captured) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pcapgo.NewNgWriter(&file, link)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		if err := w.WritePacket(p.info(), p.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// A said is a datagram that was read.
type said struct {
	at       time.Time
	src, dst netip.AddrPort
	payload  string
}

// read reads a file to its end.
func read(t testing.TB, file []byte) ([]said, capture.Stats) {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var list []said
	for {
		d, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, said{d.Time, d.Src, d.Dst, string(d.Payload)})
	}
	checkSum(t, r.Stats())
	return list, r.Stats()
}

// checkSum checks that every packet is accounted for.
func checkSum(t testing.TB, s capture.Stats) {
	t.Helper()
	sum := s.Datagrams + s.Joined
	for _, n := range s.Skipped {
		sum += n
	}
	if sum != s.Packets {
		t.Errorf("%d packets are accounted for of %d: %+v", sum, s.Packets, s)
	}
}

// payloads are the payloads of what was read.
func payloads(list []said) []string {
	texts := []string{}
	for _, d := range list {
		texts = append(texts, d.payload)
	}
	return texts
}
