package config

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// The shapes of this file occur once or twice in config.data.

// unescaped reads a string and returns its body; special strings have no use for escapes.
func (t *transcoder) unescaped() (body []byte, ok bool) {
	from := len(t.out)
	if !t.text() {
		return nil, false
	}
	return t.out[from+1 : len(t.out)-1], true
}

func (t *transcoder) nonEmptyText() bool {
	body, ok := t.unescaped()
	if ok && len(body) == 0 {
		return t.wrong("empty")
	}
	return ok
}

// bits reads a string of zeros and ones.
func (t *transcoder) bits() bool {
	body, ok := t.unescaped()
	if ok && len(bytes.Trim(body, "01")) > 0 {
		return t.wrong("not a string of 0 and 1")
	}
	return ok
}

func (t *transcoder) ipv4Address() bool {
	body, ok := t.unescaped()
	if !ok {
		return false
	}
	addr, err := netip.ParseAddr(string(body))
	if err != nil || !addr.Is4() {
		return t.wrong("not an IPv4 address")
	}
	return true
}

func (t *transcoder) ipv4Network() bool {
	body, ok := t.unescaped()
	if !ok {
		return false
	}
	network, err := netip.ParsePrefix(string(body))
	if err != nil || !network.Addr().Is4() {
		return t.wrong("not an IPv4 network")
	}
	return true
}

// familyIPv6 is Linux's number of the address family of IPv6.
const familyIPv6 = "10"

// family reads an address family, by Linux's number.
func (t *transcoder) family() bool {
	from := len(t.out)
	if !t.integer(true) {
		return false
	}
	if n := string(t.out[from:]); n != "2" && n != familyIPv6 {
		return t.wrong("no address family: " + n)
	}
	return true
}

func (t *transcoder) nonNegative() bool {
	from := len(t.out)
	if !t.integer(true) {
		return false
	}
	if t.out[from] == '-' {
		return t.wrong("negative")
	}
	return true
}

// jobID reads the number of a job, which may be quoted.
func (t *transcoder) jobID() bool {
	if t.in[t.pos] != '"' {
		return t.nonNegative()
	}
	from := len(t.out)
	body, ok := t.unescaped()
	if !ok {
		return false
	}
	id, err := strconv.ParseUint(string(body), 10, 63)
	if err != nil {
		return t.wrong("not a job id")
	}
	t.out = strconv.AppendUint(t.out[:from], id, 10)
	return true
}

// memory reads a size in MiB: a number, or a string of a number and a unit. All units are taken as powers of 1024.
func (t *transcoder) memory() bool {
	if t.in[t.pos] != '"' {
		return t.integer(true)
	}
	from := len(t.out)
	body, ok := t.unescaped()
	if !ok {
		return false
	}
	size, ok := parseUnit(string(body))
	if !ok {
		return t.wrong("not a size")
	}
	t.out = strconv.AppendInt(t.out[:from], size, 10)
	return true
}

// parseUnit returns the MiB that a text such as "2g" or "512 MiB" stands for.
func parseUnit(s string) (mebibytes int64, ok bool) {
	s = strings.TrimLeft(s, " ")
	end := strings.IndexFunc(s, func(r rune) bool { return r != '-' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(s)
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil {
		return 0, false
	}
	switch strings.ToLower(strings.TrimLeft(s[end:], " ")) {
	case "", "m", "mb", "mib":
		return n, true
	case "g", "gb", "gib":
		return n << 10, true
	case "t", "tb", "tib":
		return n << 20, true
	}
	return 0, false
}

// diskName reads an element of an instance's list of disks. Before 2.12 it held the disks themselves.
func (t *transcoder) diskName() bool {
	if t.in[t.pos] == '{' {
		return t.outdated("has disks inside instances")
	}
	return t.text()
}

// drbdParts is how many values the logical id of a DRBD disk has; all others have two.
const drbdParts = 6

// logicalID reads where a disk is: two strings, or of a DRBD disk two node uuids, a port, two minors and a secret.
func (t *transcoder) logicalID() bool {
	const rule = "neither two strings nor the six values of a DRBD disk"
	if !t.open('[', rule) {
		return false
	}
	start := t.at()
	for i := 0; ; i++ {
		t.out = append(t.out, ',')
		number := 2 <= i && i < drbdParts-1
		switch {
		case i == drbdParts || t.in[t.pos] == ']':
			return t.wrong(rule)
		case number && !t.integer(true), !number && !t.text():
			return t.within(strconv.Itoa(i))
		}
		if more, ok := t.another(']'); !ok {
			return false
		} else if !more {
			if i != 1 && i != drbdParts-1 {
				return t.wrong(rule)
			}
			break
		}
	}
	t.enclose(start, '[', ']')
	return true
}
