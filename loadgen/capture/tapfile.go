package capture

import (
	"bufio"
	"io"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// tapFile writes datagrams as packets of a pcap file. It belongs to one goroutine,
// but for written.
type tapFile struct {
	buffer  *bufio.Writer
	pcap    *pcapgo.Writer
	packets gopacket.SerializeBuffer
	err     error // of writing
	written atomic.Uint64
}

func newTapFile(w io.Writer) (*tapFile, error) {
	buffer := bufio.NewWriterSize(w, tapChunk)
	f := &tapFile{buffer: buffer, pcap: pcapgo.NewWriterNanos(buffer), packets: gopacket.NewSerializeBuffer()}
	if err := f.pcap.WriteFileHeader(MaxPacket, layers.LinkTypeRaw); err != nil {
		return nil, err
	}
	// Whoever watches the file sees from the start that it is one.
	return f, buffer.Flush()
}

// hops is what systems send datagrams with.
const hops = 64

// packet writes a datagram, unless its addresses are not two of a kind, or an
// earlier write failed.
func (f *tapFile) packet(at time.Time, from, to netip.AddrPort, datagram []byte) bool {
	if f.err != nil || !from.IsValid() || !to.IsValid() {
		return false
	}
	udp := &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	src, dst := from.Addr().Unmap(), to.Addr().Unmap()
	var network interface {
		gopacket.NetworkLayer
		gopacket.SerializableLayer
	}
	switch {
	case src.Is4() && dst.Is4():
		network = &layers.IPv4{Version: 4, IHL: 5, TTL: hops, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolUDP, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	case src.Is6() && dst.Is6():
		network = &layers.IPv6{Version: 6, HopLimit: hops, NextHeader: layers.IPProtocolUDP, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	default:
		return false
	}
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	f.err = udp.SetNetworkLayerForChecksum(network)
	if f.err == nil {
		f.err = gopacket.SerializeLayers(f.packets, options, network, udp, gopacket.Payload(datagram))
	}
	if f.err == nil {
		packet := f.packets.Bytes()
		f.err = f.pcap.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(packet), Length: len(packet)}, packet)
	}
	if f.err != nil {
		return false
	}
	f.written.Add(1)
	return true
}

func (f *tapFile) flush() error {
	if f.err != nil {
		return f.err
	}
	return f.buffer.Flush()
}
