package capture

import "fmt"

// LinkType is a number of the registry of link types that pcap and pcapng files
// share: https://www.tcpdump.org/linktypes.html.
type LinkType uint16

// The types that are read.
const (
	LinkNull     LinkType = 0   // BSD loopback: the address family in the byte order of the machine
	LinkEthernet LinkType = 1   //
	linkRawBSD   LinkType = 12  // raw IP, as some systems number it
	linkRawOBSD  LinkType = 14  // and others
	LinkRaw      LinkType = 101 // IPv4 or IPv6, without a link header
	LinkLoop     LinkType = 108 // OpenBSD loopback: the address family in network byte order
	LinkSLL      LinkType = 113 // Linux cooked: tcpdump -i any until 2021
	LinkIPv4     LinkType = 228
	LinkIPv6     LinkType = 229
	LinkSLL2     LinkType = 276 // Linux cooked, version 2: tcpdump -i any
)

var linkNames = map[LinkType]string{
	LinkNull: "null", LinkEthernet: "ethernet", linkRawBSD: "raw", linkRawOBSD: "raw", LinkRaw: "raw", LinkLoop: "loop",
	LinkSLL: "linux_sll", LinkIPv4: "ipv4", LinkIPv6: "ipv6", LinkSLL2: "linux_sll2",
}

// String returns the type's name in reports.
func (l LinkType) String() string {
	if name, ok := linkNames[l]; ok {
		return name
	}
	return fmt.Sprintf("type_%d", uint16(l))
}

// linkCodes stand for link types where gopacket has room for eight bits only: it
// would take cooked v2, number 276, for number 20. A file's types are numbered as
// they come; nobody mixes as many as there are codes.
type linkCodes struct {
	types []LinkType
}

const (
	numLinkCodes = 256
	noLinkCode   = numLinkCodes - 1 // stands for all types that came too late
)

func (c *linkCodes) code(link LinkType) uint8 {
	for code, known := range c.types {
		if known == link {
			return uint8(code)
		}
	}
	if len(c.types) == noLinkCode {
		return noLinkCode
	}
	c.types = append(c.types, link)
	return uint8(len(c.types) - 1)
}

func (c *linkCodes) linkType(code uint8) (LinkType, bool) {
	if int(code) >= len(c.types) {
		return 0, false
	}
	return c.types[code], true
}
