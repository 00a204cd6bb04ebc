package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// knotdPeer and nsdPeer are DNS servers that answer from memory, one of them with
// recvmmsg as well.
var (
	knotdPeer = &peer{name: "knotd", program: "/usr/sbin/knotd", pkg: "knot", question: []string{"--version"}}
	nsdPeer   = &peer{name: "nsd", program: "/usr/sbin/nsd", pkg: "nsd", question: []string{"-v"}}
)

// zoneHosts is how many addresses the zone has, each asked for in turn.
const zoneHosts = 1000

// dnsOutstanding is half the usual number of requests under way, which is more than
// the receive queues hold that these servers ask for, and enough to keep them busy.
const dnsOutstanding = "128"

// dns puts DNS servers beside Gantry. They answer other questions in another
// protocol and sign nothing: that shows where Gantry stands, and is no goal.
func dns(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(ctx, 1000)
	if err != nil {
		return nil, err
	}
	payload := filepath.Join(l.Dir, "dns-queries")
	if err := errors.Join(os.WriteFile(l.zoneFile(), zone(), 0o644), os.WriteFile(payload, dnsQueries(), 0o644)); err != nil {
		return nil, err
	}
	report := &Report{Notes: []string{"The DNS servers have one zone of 1,000 addresses, one worker each, and answer for one of them; the echo sends their queries back; " +
		"Gantry verifies and signs each of its answers besides."}}
	raw := []string{"--payload", payload, "--outstanding", dnsOutstanding}
	answered := append([]string{"--expect", dnsAnswer}, raw...)
	var contenders []contender
	for _, start := range []func(context.Context) (*server, error){l.knotd, l.nsd} {
		s, err := start(ctx)
		if err != nil {
			note, err := without(err)
			if err != nil {
				return nil, err
			}
			report.Notes = append(report.Notes, note)
			continue
		}
		contenders = append(contenders, contender{server: s, load: answered})
	}
	if len(contenders) == 0 {
		return nil, &missingError{knotdPeer, !l.Peers}
	}
	floor, err := l.echo(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := l.confd(ctx, "confd", config, confdOptions{})
	if err != nil {
		return nil, err
	}
	contenders = append([]contender{{server: floor, load: raw}}, contenders...)
	contenders = append(contenders,
		contender{server: ours, as: "gantry confd, the mix"},
		contender{server: ours, as: "gantry confd, pings", load: []string{"--mix", "ping"}})
	outcomes, err := l.contest(ctx, config, contenders...)
	if err != nil {
		return nil, err
	}
	report.Tables = []Table{contestTable(outcomes)}
	report.Plots = []Plot{bars("Small answers from memory, a second on one core", outcomes)}
	return report, nil
}

func (l *Lab) zoneFile() string { return filepath.Join(l.Dir, "example.com.zone") }

// zone is a small zone.
func zone() []byte {
	var b strings.Builder
	b.WriteString("$ORIGIN example.com.\n$TTL 3600\n@ IN SOA ns hostmaster 1 3600 600 86400 300\n@ IN NS ns\nns IN A 192.0.2.1\n")
	for i := range zoneHosts {
		fmt.Fprintf(&b, "host%d IN A 198.51.%d.%d\n", i, 100+i/250, 1+i%250)
	}
	return []byte(b.String())
}

// dnsQueries are queries for the zone's addresses as a payload file has them: a
// line each, in hexadecimal.
func dnsQueries() []byte {
	var b strings.Builder
	for i := range zoneHosts {
		fmt.Fprintf(&b, "hex:%x\n", dnsQuery(fmt.Sprintf("host%d", i)))
	}
	return []byte(b.String())
}

// dnsAnswer is what is expected of a reply: that it is a response without an error
// code, whatever the flags between say. It is in the second two bytes.
const dnsAnswer = "2:8000/800f"

// dnsQuery asks for the address of a host in example.com. Its identifier, the
// first two bytes, is the generator's to set.
func dnsQuery(host string) []byte {
	const recursionDesired, typeA, classIN = 0x0100, 1, 1
	message := binary.BigEndian.AppendUint16(nil, 0)
	for _, word := range []uint16{recursionDesired, 1, 0, 0, 0} { // one question
		message = binary.BigEndian.AppendUint16(message, word)
	}
	for _, label := range []string{host, "example", "com"} {
		message = append(append(message, byte(len(label))), label...)
	}
	message = append(message, 0)
	message = binary.BigEndian.AppendUint16(message, typeA)
	return binary.BigEndian.AppendUint16(message, classIN)
}

// knotd starts Knot DNS with one worker and nothing on disk but the zone.
func (l *Lab) knotd(ctx context.Context) (*server, error) {
	return l.dnsServer(ctx, knotdPeer, `server:
    rundir: "%[1]s"
    listen: %[2]s@%[3]d
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "%[1]s"
log:
  - target: stderr
    any: warning
zone:
  - domain: example.com.
    file: "%[4]s"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
`, "-c")
}

// nsd starts NSD with one server and without its limit of answers a second.
func (l *Lab) nsd(ctx context.Context) (*server, error) {
	return l.dnsServer(ctx, nsdPeer, `server:
    ip-address: %[2]s@%[3]d
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "%[1]s"
    database: ""
    pidfile: ""
    xfrdir: "%[1]s"
    xfrdfile: "%[1]s/xfrd.state"
    zonelistfile: "%[1]s/zone.list"
    rrl-ratelimit: 0
    minimal-responses: yes
remote-control:
    control-enable: no
zone:
    name: "example.com"
    zonefile: "%[4]s"
`, "-d", "-c")
}

// dnsServer starts a peer on a config with a folder, an address, a port and the
// zone's file in it, the last of its flags naming the config.
func (l *Lab) dnsServer(ctx context.Context, p *peer, config string, flags ...string) (*server, error) {
	if err := l.need(p); err != nil {
		return nil, err
	}
	addr := l.nextAddr()
	dir := filepath.Join(l.Dir, fmt.Sprintf("%s.%d", p.name, addr.Port()))
	file := filepath.Join(dir, "config")
	text := fmt.Sprintf(config, dir, addr.Addr(), addr.Port(), l.zoneFile())
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		return nil, err
	}
	ready := func() error {
		reply, err := exchange(addr, dnsQuery("host0"), readyTimeout)
		const responseCode, noError = 0x0f, 0
		if err == nil && (len(reply) < 4 || reply[3]&responseCode != noError) {
			return errNoZone
		}
		return err
	}
	return l.launch(ctx, &server{name: p.name, addr: addr, scheme: "udp"}, ready, serverCore, nil, p.program, append(flags, file)...)
}

var errNoZone = errors.New("server has no zone yet")
