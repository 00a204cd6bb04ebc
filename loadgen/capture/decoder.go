package capture

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// decoder takes datagrams out of packets. Its layers are kept from one packet to
// the next so that none is allocated.
type decoder struct {
	fragments fragments

	ethernet layers.Ethernet
	tag      layers.Dot1Q
	cooked   layers.LinuxSLL
	loopback layers.Loopback
	ip4      layers.IPv4
	skipper  layers.IPv6ExtensionSkipper
	udp      layers.UDP
	short    snapped // said by the last of the layers
}

// outcome is what became of a packet.
type outcome struct {
	skip   Skip
	whole  bool   // there is a datagram
	others uint64 // packets that were skipped with it: the fragments before it
	joined uint64 // packets that the datagram was made of, but one
	alone  uint64 // fragments of other datagrams that were given up
}

// skipped is how many packets are skipped for the outcome's reason.
func (o outcome) skipped() uint64 {
	if o.skip == SkipNone {
		return 0
	}
	return 1 + o.others
}

// snapped notes what the library's layers say of data that end early.
type snapped bool

func (s *snapped) SetTruncated() { *s = true }

// cut says what is wrong with a packet whose header can't be read: it was captured
// in part, or came so.
func cut(p packet, reason Skip) Skip {
	if len(p.data) < p.original {
		return SkipSnapped
	}
	return reason
}

// decode takes the datagram out of a packet.
func (d *decoder) decode(link LinkType, p packet) (Datagram, outcome) {
	data, skip := d.network(link, p.data)
	if skip == SkipLinkHeader {
		skip = cut(p, skip)
	}
	if skip != SkipNone {
		return Datagram{}, outcome{skip: skip}
	}
	var h header
	if data[0]>>4 == 4 {
		h, skip = d.header4(data)
	} else {
		h, skip = d.header6(data)
	}
	switch {
	case skip == SkipIPHeader:
		return Datagram{}, outcome{skip: cut(p, skip)}
	case skip != SkipNone:
		return Datagram{}, outcome{skip: skip}
	case h.cut:
		return Datagram{}, outcome{skip: SkipSnapped}
	}
	var o outcome
	if h.fragment {
		if o = d.fragments.add(&h, p.at); !o.whole {
			return Datagram{}, o
		}
		if h.ip6 {
			h.protocol, h.payload, skip = d.extensions(h.protocol, h.payload)
		}
	}
	if skip == SkipNone && h.protocol != layers.IPProtocolUDP {
		skip = SkipNotUDP
	}
	datagram, udpSkip := d.datagram(&h)
	if skip == SkipNone {
		skip = udpSkip
	}
	if skip != SkipNone {
		return Datagram{}, outcome{skip: skip, others: o.joined, alone: o.alone}
	}
	datagram.Time = p.at
	o.whole = true
	return datagram, o
}

// datagram reads the UDP header.
func (d *decoder) datagram(h *header) (Datagram, Skip) {
	d.short = false
	if err := d.udp.DecodeFromBytes(h.payload, &d.short); err != nil || bool(d.short) {
		return Datagram{}, SkipUDPHeader
	}
	return Datagram{
		Src: netip.AddrPortFrom(h.src, uint16(d.udp.SrcPort)), Dst: netip.AddrPortFrom(h.dst, uint16(d.udp.DstPort)), Payload: d.udp.Payload,
	}, SkipNone
}

// network returns the IP packet that a link's packet carries, which has at least a
// byte and is of version 4 or 6.
func (d *decoder) network(link LinkType, data []byte) ([]byte, Skip) {
	ip, version, skip := d.carried(link, data)
	switch {
	case skip != SkipNone:
		return nil, skip
	case len(ip) == 0:
		return nil, SkipIPHeader
	}
	if found := ip[0] >> 4; found != version && (version != anyVersion || found != 4 && found != 6) {
		return nil, SkipIPHeader
	}
	return ip, SkipNone
}

// anyVersion is that of links that carry IP of either version.
const anyVersion = 0

// carried takes off the link header.
func (d *decoder) carried(link LinkType, data []byte) (ip []byte, version uint8, skip Skip) {
	switch link {
	case LinkEthernet:
		if d.ethernet.DecodeFromBytes(data, gopacket.NilDecodeFeedback) != nil {
			return nil, 0, SkipLinkHeader
		}
		return d.ethertype(d.ethernet.EthernetType, d.ethernet.Payload)
	case LinkSLL:
		const length, longest = 4, 8 // of the address: its place, and the most that it may be; the library believes more
		if len(data) < length+2 || binary.BigEndian.Uint16(data[length:]) > longest || d.cooked.DecodeFromBytes(data, gopacket.NilDecodeFeedback) != nil {
			return nil, 0, SkipLinkHeader
		}
		return d.ethertype(d.cooked.EthernetType, d.cooked.Payload)
	case LinkSLL2:
		const header = 20 // protocol, 0, interface, type, direction, address
		if len(data) < header {
			return nil, 0, SkipLinkHeader
		}
		return d.ethertype(layers.EthernetType(binary.BigEndian.Uint16(data)), data[header:])
	case LinkNull, LinkLoop:
		if d.loopback.DecodeFromBytes(data, gopacket.NilDecodeFeedback) != nil {
			return nil, 0, SkipLinkHeader
		}
		switch d.loopback.Family {
		case layers.ProtocolFamilyIPv4:
			return d.loopback.Payload, 4, SkipNone
		case layers.ProtocolFamilyIPv6BSD, layers.ProtocolFamilyIPv6FreeBSD, layers.ProtocolFamilyIPv6Darwin, layers.ProtocolFamilyIPv6Linux:
			return d.loopback.Payload, 6, SkipNone
		}
		return nil, 0, SkipNotIP
	case LinkIPv4:
		return data, 4, SkipNone
	case LinkIPv6:
		return data, 6, SkipNone
	case LinkRaw, linkRawBSD, linkRawOBSD:
		return data, anyVersion, SkipNone
	}
	return nil, 0, SkipLink
}

// maxTags is how many VLAN tags may be stacked: networks have two.
const maxTags = 4

// ethertypeQinQ is what outer tags were called before they had a standard.
const ethertypeQinQ layers.EthernetType = 0x9100

// ethertype takes off the VLAN tags.
func (d *decoder) ethertype(kind layers.EthernetType, data []byte) (ip []byte, version uint8, skip Skip) {
	for range maxTags {
		if kind != layers.EthernetTypeDot1Q && kind != layers.EthernetTypeQinQ && kind != ethertypeQinQ {
			break
		}
		if d.tag.DecodeFromBytes(data, gopacket.NilDecodeFeedback) != nil {
			return nil, 0, SkipLinkHeader
		}
		kind, data = d.tag.Type, d.tag.Payload
	}
	switch kind {
	case layers.EthernetTypeIPv4:
		return data, 4, SkipNone
	case layers.EthernetTypeIPv6:
		return data, 6, SkipNone
	}
	return nil, 0, SkipNotIP
}
