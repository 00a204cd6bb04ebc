package client

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"

	"gantry/confd/paths"
	"gantry/confd/ssconf"
)

// DataDir is the source that every node of a cluster has: the master candidates' addresses as its ssconf files list them. It is read
// afresh each time, so RefreshPeers follows promotions and demotions.
type DataDir struct {
	Store *ssconf.Store
	Port  uint16 // 0: the service's usual one
}

// Peers returns the master candidates of the cluster's primary address family.
func (d DataDir) Peers(ctx context.Context) ([]netip.AddrPort, error) {
	family, err := d.Store.PrimaryIPFamily()
	if err != nil {
		return nil, err
	}
	addrs, err := d.Store.Addresses(ssconf.MasterCandidatesIPs)
	if err != nil {
		return nil, err
	}
	port := d.Port
	if port == 0 {
		port = ServicePort(ctx)
	}
	var peers []netip.AddrPort
	for _, addr := range addrs {
		if family.Has(addr) {
			peers = append(peers, netip.AddrPortFrom(addr, port))
		}
	}
	if len(peers) == 0 {
		return nil, fmt.Errorf("%w: %s lists no master candidate with an %s address", ErrNoPeers, d.Store.Path(ssconf.MasterCandidatesIPs), family)
	}
	return peers, nil
}

// ForNode returns a client for the cluster that this machine (or the virtual node that dirs describes) is a node of: its key, and its master
// candidates as peers. It needs to be able to read the data directory; elsewhere use New. Fields of cfg that are set stay.
func ForNode(ctx context.Context, dirs paths.Dirs, cfg Config) (*Client, error) {
	if cfg.Key == nil {
		key, err := ReadKey(dirs.HMACKey())
		if err != nil {
			return nil, err
		}
		cfg.Key = key
	}
	if cfg.Peers == nil {
		cfg.Peers = DataDir{Store: ssconf.Open(dirs.Data)}
	}
	return New(ctx, cfg)
}

// ReadKey returns the content of a key file. All of it is the key, its last newline included.
func ReadKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer f.Close()
	key, err := io.ReadAll(io.LimitReader(f, MaxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if len(key) == 0 || len(key) > MaxKeyFile {
		return nil, fmt.Errorf("key file %s: %w: has to hold 1 to %d bytes", path, fs.ErrInvalid, MaxKeyFile)
	}
	return key, nil
}
