package score

import (
	"net/netip"
	"strconv"
	"strings"
)

// Levels are how many parts a location has: datacenter, rack, host and disk, from 3 down to 0.
const Levels = 4

// levelBits is the width of a part.
const levelBits = 16

// A Location is where a service stands, as a number: 16 bits a level, the datacenter's first. Services of the same host share all but the
// last 16 bits. Names are hashed, so that two of them may be taken for one.
type Location uint64

// ParseLocation reads a location as the tag tag.loc has it: "0x" and a number in hexadecimal, or up to four names with points between
// them, the widest first. Further points belong to the fourth name; fewer names fill the lower levels.
func ParseLocation(text string) Location {
	if digits, ok := strings.CutPrefix(text, "0x"); ok {
		if n := hexPrefix(digits); n != 0 {
			return n
		}
	}
	if text == "" {
		return 0
	}
	var location Location
	for _, name := range strings.SplitN(text, ".", Levels) {
		location = location<<levelBits | Location(djb2(name)&0xFFFF)
	}
	return location
}

// hexPrefix reads the digits that s starts with, the largest location if they are too many.
func hexPrefix(s string) Location {
	n := 0
	for n < len(s) && isHex(s[n]) {
		n++
	}
	if n == 0 {
		return 0
	}
	value, _ := strconv.ParseUint(s[:n], 16, 64) // out of range is the largest
	return Location(value)
}

// djb2 is the hash of that name over signed bytes.
func djb2(s string) uint32 {
	hash := uint32(5381)
	for i := range len(s) {
		hash = hash*33 + uint32(int32(int8(s[i])))
	}
	return hash
}

// AddressLocation is the location of a service that names none: its port is the disk, and the end of its address what stands above.
func AddressLocation(address netip.AddrPort) Location {
	var location Location
	if ip := address.Addr().Unmap(); ip.Is4() {
		for _, b := range ip.As4() {
			location = location<<8 | Location(b)
		}
	} else {
		bytes := ip.As16()
		for _, b := range bytes[10:] {
			location = location<<8 | Location(b)
		}
	}
	return location<<levelBits | Location(address.Port())
}

// Area is what the location shares with its neighbours at a level: 0 is the location itself, 3 the datacenter.
func (l Location) Area(level int) Location { return l >> (levelBits * level) }

// Distance is how many levels have to be climbed from one location to the other: 0 is the same place, 4 another datacenter.
func Distance(a, b Location) int {
	distance := 0
	for ; a != b; distance++ {
		a, b = a.Area(1), b.Area(1)
	}
	return distance
}
