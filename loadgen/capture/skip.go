package capture

import "fmt"

// Skip says why a packet of a file is not among the datagrams. Its String is the
// name in reports.
type Skip uint8

// The reasons, in the order in which they are looked for.
const (
	SkipNone          Skip = iota
	SkipCut                // the file ends within it
	SkipDamaged            // its record contradicts itself; in a pcap file nothing can be found behind it
	SkipLong               // longer than MaxPacket
	SkipLink               // from a link of a type that isn't read
	SkipLinkHeader         // its link header is cut or malformed
	SkipNotIP              // ARP, for example
	SkipIPHeader           // its IP header is cut or malformed
	SkipNotUDP             // TCP, for example
	SkipSnapped            // captured in part only (tcpdump -s)
	SkipFragment           // a fragment that doesn't fit the others of its datagram, or no datagram at all
	SkipFragmentAlone      // a fragment whose datagram didn't become whole in time
	SkipUDPHeader          // its UDP header is cut or malformed

	// NumSkips is the number of reasons, SkipNone included.
	NumSkips = int(iota)
)

var skipNames = [NumSkips]string{
	"none", "cut", "damaged", "too_long", "link_type", "link_header", "not_ip", "ip_header", "not_udp", "snapped", "fragment",
	"fragment_alone", "udp_header",
}

func (s Skip) String() string {
	if int(s) < NumSkips {
		return skipNames[s]
	}
	return fmt.Sprintf("skip %d", uint8(s))
}
