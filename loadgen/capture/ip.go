package capture

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// header is what matters of an IP header.
type header struct {
	src, dst netip.Addr
	ip6      bool
	protocol layers.IPProtocol // of the payload
	payload  []byte
	cut      bool // the payload is not all of it

	fragment bool   // the payload is a piece of a longer one
	id       uint32 // of the longer one
	offset   int    // in it, in bytes
	more     bool   // it goes on behind the piece
}

// offsetUnit is what fragments' offsets are counted in, in bytes.
const offsetUnit = 8

func (d *decoder) header4(data []byte) (header, Skip) {
	d.short = false
	if d.ip4.DecodeFromBytes(data, &d.short) != nil {
		return header{}, SkipIPHeader
	}
	src, _ := netip.AddrFromSlice(d.ip4.SrcIP)
	dst, _ := netip.AddrFromSlice(d.ip4.DstIP)
	h := header{src: src, dst: dst, protocol: d.ip4.Protocol, payload: d.ip4.Payload, cut: bool(d.short)}
	if h.protocol != layers.IPProtocolUDP {
		return h, SkipNotUDP
	}
	h.more = d.ip4.Flags&layers.IPv4MoreFragments != 0
	h.offset = int(d.ip4.FragOffset) * offsetUnit
	h.fragment = h.more || h.offset > 0
	h.id = uint32(d.ip4.Id)
	return h, SkipNone
}

// The fixed header of IPv6 (RFC 8200). It is read here, and extensions are passed
// over, as the library takes hop-by-hop options for more than they are.
const (
	ip6Header  = 40
	ip6Length  = 4
	ip6Next    = 6
	ip6Src     = 8
	ip6Dst     = 24
	ip6Pieces  = 8 // the size of the fragment header
	ip6PieceAt = 2
	ip6PieceID = 4
)

// maxExtensions is how many extension headers a packet may have. Each kind comes
// once, and but for one no more.
const maxExtensions = 8

func (d *decoder) header6(data []byte) (header, Skip) {
	if len(data) < ip6Header {
		return header{}, SkipIPHeader
	}
	src, _ := netip.AddrFromSlice(data[ip6Src : ip6Src+16])
	dst, _ := netip.AddrFromSlice(data[ip6Dst : ip6Dst+16])
	h := header{src: src, dst: dst, ip6: true}
	length := int(binary.BigEndian.Uint16(data[ip6Length:]))
	payload := data[ip6Header:]
	if h.cut = length > len(payload); !h.cut {
		payload = payload[:length] // what follows is padding of the link
	}
	var skip Skip
	h.protocol, h.payload, skip = d.extensions(layers.IPProtocol(data[ip6Next]), payload)
	if skip != SkipNone || h.protocol != layers.IPProtocolIPv6Fragment {
		if skip == SkipNone && h.protocol != layers.IPProtocolUDP {
			skip = SkipNotUDP
		}
		return h, skip
	}
	if len(h.payload) < ip6Pieces {
		return h, SkipIPHeader
	}
	h.protocol = layers.IPProtocol(h.payload[0])
	place := binary.BigEndian.Uint16(h.payload[ip6PieceAt:])
	h.id = binary.BigEndian.Uint32(h.payload[ip6PieceID:])
	h.offset, h.more = int(place&^7), place&1 != 0
	h.fragment = true
	h.payload = h.payload[ip6Pieces:]
	return h, SkipNone
}

// extensions passes over extension headers, up to the fragment header if there is
// one.
func (d *decoder) extensions(next layers.IPProtocol, data []byte) (layers.IPProtocol, []byte, Skip) {
	for range maxExtensions {
		switch next {
		case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination:
			if d.skipper.DecodeFromBytes(data, gopacket.NilDecodeFeedback) != nil {
				return 0, nil, SkipIPHeader
			}
			next, data = d.skipper.NextHeader, d.skipper.Payload
		default:
			return next, data, SkipNone
		}
	}
	return 0, nil, SkipIPHeader
}
