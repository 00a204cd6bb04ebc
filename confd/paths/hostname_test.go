package paths_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"gantry/confd/paths"
)

// hosts is a resolver from a table, like /etc/hosts.
type hosts struct {
	addrs map[string][]netip.Addr
	names map[string][]string
}

var errNoSuchHost = errors.New("no such host")

func (h hosts) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	var found []netip.Addr
	for _, addr := range h.addrs[host] {
		if network == "ip" || addr.Unmap().Is4() == (network == "ip4") {
			found = append(found, addr)
		}
	}
	if len(found) == 0 {
		return nil, errNoSuchHost
	}
	return found, nil
}

func (h hosts) LookupAddr(_ context.Context, addr string) ([]string, error) {
	if names, ok := h.names[addr]; ok {
		return names, nil
	}
	return nil, errNoSuchHost
}

var _ paths.Resolver = (*net.Resolver)(nil)

func TestNodeName(t *testing.T) {
	table := hosts{
		addrs: map[string][]netip.Addr{
			"node1": {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
			"node2": {netip.MustParseAddr("192.0.2.2")},
			"node4": {netip.MustParseAddr("::ffff:192.0.2.4")},
		},
		names: map[string][]string{
			"192.0.2.1":   {"node1.example.com.", "node1"},
			"2001:db8::1": {"NODE1.six.example.com."},
			"192.0.2.4":   {"node4.example.com."},
		},
	}
	virtual, err := paths.Virtual("/srv/v/node9.example.com", "node9.example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, network, hostname, want string
		dirs                          paths.Dirs
	}{
		{name: "the first address's name", network: "ip", hostname: "node1", want: "node1.example.com"},
		{name: "by the cluster's family, in lower case", network: "ip6", hostname: "node1", want: "node1.six.example.com"},
		{name: "an address without a name", network: "ip4", hostname: "node2", want: "node2"},
		{name: "an address of the other family only", network: "ip6", hostname: "node2", want: "node2"},
		{name: "a name without an address", network: "ip", hostname: "node3", want: "node3"},
		{name: "an IPv4 address in IPv6's clothes", network: "ip", hostname: "node4", want: "node4.example.com"},
		{name: "the virtual node's name", network: "ip", hostname: "node1", dirs: virtual, want: "node9.example.com"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name, err := test.dirs.NodeName(t.Context(), test.network, func() (string, error) { return test.hostname, nil }, table)
			if err != nil || name != test.want {
				t.Errorf("%q, %v; want %q", name, err, test.want)
			}
		})
	}
}

func TestNodeNameOfANamelessMachine(t *testing.T) {
	broken := errors.New("no name")
	if _, err := paths.Real().NodeName(t.Context(), "ip", func() (string, error) { return "", broken }, hosts{}); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if _, err := paths.Real().NodeName(t.Context(), "ip", func() (string, error) { return "", nil }, hosts{}); !errors.Is(err, paths.ErrBadName) {
		t.Errorf("error %v, want %v", err, paths.ErrBadName)
	}
}
