package netio

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// TestControlMessages writes what a reply asks for and reads it as the kernel's
// own reader does.
func TestControlMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		local := localAddr{family: rapid.SampledFrom([]uint16{0, unix.AF_INET, unix.AF_INET6}).Draw(t, "family")}
		segment := rapid.IntRange(0, maxSegment).Draw(t, "segment")
		switch local.family {
		case unix.AF_INET:
			copy(local.addr[:4], rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address"))
		case unix.AF_INET6:
			copy(local.addr[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address"))
			local.ifindex = rapid.Uint32().Draw(t, "interface")
		}
		b := make([]byte, controlRoom)
		n := putControl(b, &local, segment)
		if got := parseControl(b[:n]).local; got != local {
			t.Fatalf("%+v became %+v", local, got)
		}
		if n > 0 && segmentOf(b[:n]) != segment {
			t.Fatalf("segment %d became %d", segment, segmentOf(b[:n]))
		}
	})
}

// FuzzParseControl reads control messages of any bytes: nothing beyond them is
// touched, and what it makes of them can be written again.
func FuzzParseControl(f *testing.F) {
	b := make([]byte, controlRoom)
	f.Add(b[:putControl(b, &localAddr{family: unix.AF_INET, addr: [16]byte{127, 0, 0, 1}}, 0)])
	f.Add(b[:putControl(b, &localAddr{family: unix.AF_INET6, ifindex: 3, addr: [16]byte{0xfe, 0x80, 15: 1}}, 100)])
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 8, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		aligned := make([]byte, len(data))
		copy(aligned, data)
		c := parseControl(aligned)
		room := make([]byte, controlRoom)
		if n := putControl(room, &c.local, 0); n > controlRoom || parseControl(room[:n]).local != c.local {
			t.Errorf("%+v is written as %x", c.local, room[:n])
		}
	})
}

// TestAnswering keeps the interface for link-local addresses only.
func TestAnswering(t *testing.T) {
	at := func(text string, ifindex uint32) localAddr {
		return localAddr{family: unix.AF_INET6, ifindex: ifindex, addr: netip.MustParseAddr(text).As16()}
	}
	four := localAddr{family: unix.AF_INET, addr: [16]byte{192, 0, 2, 1}}
	for _, c := range []struct {
		name          string
		asked         localAddr
		peerLinkLocal bool
		want          localAddr
	}{
		{"nothing known", localAddr{}, false, localAddr{}},
		{"IPv4", four, false, four},
		{"global to global", at("2001:db8::1", 3), false, at("2001:db8::1", 0)},
		{"link-local peer", at("2001:db8::1", 3), true, at("2001:db8::1", 3)},
		{"link-local address", at("fe80::1", 3), false, at("fe80::1", 3)},
		{"link-local both", at("fe80::1", 3), true, at("fe80::1", 3)},
		{"multicast", at("ff02::1", 3), true, at("::", 3)},
		{"multicast, global peer", at("ff0e::1", 3), false, at("::", 0)},
	} {
		if got := c.asked.answering(c.peerLinkLocal); got != c.want {
			t.Errorf("%s: %+v instead of %+v", c.name, got, c.want)
		}
	}
}

// TestPace is the story of one socket under changing load.
func TestPace(t *testing.T) {
	var p pace
	step := func(what string, do func(), ready bool) {
		t.Helper()
		if do(); p.ready != ready {
			t.Errorf("%s: ready is %t", what, p.ready)
		}
	}
	step("told to be readable", p.woke, true)
	step("one datagram came, so wait", func() { p.got(1, 64) }, false)
	step("told again", p.woke, true)
	step("several had gathered, so try", func() { p.got(5, 64) }, true)
	step("trying paid, so go on", func() { p.got(3, 64) }, true)
	step("it did not", p.empty, false)
	step("told again", p.woke, true)
	step("a full receive leaves more behind", func() { p.got(64, 64) }, true)
	step("gone", p.empty, false)
}
