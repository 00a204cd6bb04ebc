package ssconf

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"
)

// Family is a cluster's primary IP family, numbered as the file does it: by
// Linux's address families.
type Family int

// The families that a cluster can have.
const (
	IPv4 Family = 2
	IPv6 Family = 10
)

// String returns "IPv4" or "IPv6".
func (f Family) String() string {
	switch f {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	}
	return "family " + strconv.Itoa(int(f))
}

// Bits returns the length of an address: 32 or 128.
func (f Family) Bits() int {
	if f == IPv6 {
		return 128
	}
	return 32
}

// Has says whether an address is of the family.
func (f Family) Has(addr netip.Addr) bool { return addr.Unmap().BitLen() == f.Bits() }

// PrimaryIPFamily returns the cluster's family; IPv4 if there is no such file,
// as in clusters that are older than the choice.
func (s *Store) PrimaryIPFamily() (Family, error) {
	text, err := s.Text(PrimaryIPFamily)
	if errors.Is(err, fs.ErrNotExist) {
		return IPv4, nil
	}
	if err != nil {
		return 0, err
	}
	switch strings.TrimSpace(text) {
	case "2":
		return IPv4, nil
	case "10":
		return IPv6, nil
	}
	return 0, s.failure(PrimaryIPFamily, fmt.Errorf("%q is no address family (want 2 or 10)", text))
}

// MasterNetmask returns the length of the master IP's prefix; a whole address
// of the cluster's family if there is no such file.
func (s *Store) MasterNetmask() (int, error) {
	text, err := s.Text(MasterNetmask)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	family, familyErr := s.PrimaryIPFamily()
	if familyErr != nil {
		return 0, familyErr
	}
	if err != nil {
		return family.Bits(), nil
	}
	bits, convErr := strconv.Atoi(strings.TrimSpace(text))
	if convErr != nil || bits < 0 || bits > family.Bits() {
		return 0, s.failure(MasterNetmask, fmt.Errorf("%q is no prefix length of %s", text, family))
	}
	return bits, nil
}

// Bool returns the value of a yes-or-no file: true if it says "True". Anything
// else counts as no, as it does for the reference.
func (s *Store) Bool(k Key) (bool, error) {
	text, err := s.Text(k)
	return text == "True", err
}

// Addresses returns the entries of a list of IPs.
func (s *Store) Addresses(k Key) ([]netip.Addr, error) {
	lines, err := s.Lines(k)
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.Addr, 0, len(lines))
	for _, line := range lines {
		addr, err := netip.ParseAddr(strings.TrimSpace(line))
		if err != nil {
			return nil, s.failure(k, fmt.Errorf("%q is no IP address", line))
		}
		addrs = append(addrs, addr)
	}
	return addrs, nil
}

// SSHPorts returns the port of every node's SSH server by node name.
func (s *Store) SSHPorts() (map[string]uint16, error) {
	entries, err := s.Map(SSHPorts)
	if err != nil {
		return nil, err
	}
	ports := make(map[string]uint16, len(entries))
	for node, text := range entries {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, s.failure(SSHPorts, fmt.Errorf("%q of node %s is no port", text, node))
		}
		ports[node] = uint16(port)
	}
	return ports, nil
}

// NodesVMCapable returns by node name whether it may carry instances.
func (s *Store) NodesVMCapable() (map[string]bool, error) {
	entries, err := s.Map(NodeVMCapable)
	if err != nil {
		return nil, err
	}
	capable := make(map[string]bool, len(entries))
	for node, text := range entries {
		capable[node] = text == "True"
	}
	return capable, nil
}

// Entry is a line of a file that pairs two words: a node's name and its IP
// (NodePrimaryIPs, NodeSecondaryIPs), or a UUID and a name (NodeGroups,
// Networks).
type Entry struct{ First, Second string }

// Pairs returns the lines of a file of pairs, in its order.
func (s *Store) Pairs(k Key) ([]Entry, error) {
	lines, err := s.Lines(k)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(lines))
	for _, line := range lines {
		first, second, found := strings.Cut(line, " ")
		if !found {
			return nil, s.failure(k, fmt.Errorf("line %q isn't a pair", line))
		}
		entries = append(entries, Entry{first, second})
	}
	return entries, nil
}

// CheckClusterName returns an error if the store names another cluster. A store
// that names none accepts any.
func (s *Store) CheckClusterName(name string) error {
	own, err := s.Text(ClusterName)
	if err != nil || own == name {
		return nil
	}
	return fmt.Errorf("this node belongs to cluster %s, not to %s", own, name)
}
