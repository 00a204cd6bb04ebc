package paths

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
)

// A Resolver finds addresses and names; *net.Resolver is one.
type Resolver interface {
	// LookupNetIP resolves a name; network is "ip", "ip4" or "ip6".
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// NodeName returns this node's name as the cluster knows it: the virtual
// node's name if there is one, else the machine's fully qualified name. That
// is, as in Ganeti, the name that the first address of the machine's host
// name resolves back to, or the host name itself where nothing resolves.
//
// network is the cluster's address family, "ip4" or "ip6", or "ip" for
// either. hostname is os.Hostname or a test's. Bound the wait with ctx.
func (d Dirs) NodeName(ctx context.Context, network string, hostname func() (string, error), resolver Resolver) (string, error) {
	if d.Hostname != "" {
		return d.Hostname, nil
	}
	host, err := hostname()
	if err != nil {
		return "", fmt.Errorf("this machine's name: %w", err)
	}
	if host == "" {
		return "", fmt.Errorf("this machine's name: %w: it is empty", ErrBadName)
	}
	return fullName(ctx, network, host, resolver), nil
}

func fullName(ctx context.Context, network, host string, resolver Resolver) string {
	name := host
	if addrs, err := resolver.LookupNetIP(ctx, network, host); err == nil && len(addrs) > 0 {
		if names, err := resolver.LookupAddr(ctx, addrs[0].Unmap().WithZone("").String()); err == nil && len(names) > 0 {
			name = names[0]
		}
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
