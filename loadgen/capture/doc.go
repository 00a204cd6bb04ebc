// Package capture reads and writes files of captured packets, as tcpdump and
// Wireshark know them.
//
// A [Reader] takes a pcap or pcapng file, compressed with gzip or not, and returns
// the UDP datagrams in it: from Ethernet with any VLAN tags, Linux cooked (both
// versions), raw IP and BSD loopback links, over IPv4 and IPv6, with fragments put
// together. What it can't use it skips packet by packet, and counts by reason: see
// [Skip]. Its memory doesn't depend on the length of the file.
//
// A [Tap] writes a file of what a load generator sends and receives.
//
// A Reader belongs to one goroutine. A Tap may be used from several.
package capture
