package client_test

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
	"gantry/confd/paths"
	"gantry/confd/ssconf"
)

func TestParsePeer(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1":           "192.0.2.1:1814",
		"192.0.2.1:99":        "192.0.2.1:99",
		"2001:db8::1":         "[2001:db8::1]:1814",
		"[2001:db8::1]:99":    "[2001:db8::1]:99",
		"fe80::1%eth0":        "[fe80::1%eth0]:1814",
		"[fe80::1%eth0]:99":   "[fe80::1%eth0]:99",
		"::ffff:192.0.2.1":    "[::ffff:192.0.2.1]:1814",
		"":                    "",
		"node1.example.com":   "",
		"192.0.2.1:":          "",
		"192.0.2.1:0":         "",
		"192.0.2.1:65536":     "",
		"192.0.2.1:confd":     "",
		"192.0.2.256":         "",
		"[2001:db8::1]":       "",
		"[2001:db8::1]x":      "",
		"2001:db8::1:99:x":    "",
		"192.0.2.1 ":          "",
		"192.0.2.1,192.0.2.2": "",
	} {
		got, err := client.ParsePeer(text, 1814)
		if want == "" {
			if !errors.Is(err, client.ErrInvalidPeer) {
				t.Errorf("%q: %v, %v", text, got, err)
			}
		} else if err != nil || got.String() != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestNewChecksThePeers(t *testing.T) {
	tooMany := make(client.StaticPeers, client.MaxPeers+1)
	for i := range tooMany {
		tooMany[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1814)
	}
	for _, test := range []struct {
		name  string
		peers client.PeerSource
		want  error
	}{
		{"no source", nil, client.ErrNoPeers},
		{"none", addrs(), client.ErrNoPeers},
		{"two families", addrs("192.0.2.99:1814", "[2001:db8:beef::13]:1814"), client.ErrMixedFamilies},
		{"no address", client.StaticPeers{{}}, client.ErrInvalidPeer},
		{"no port", addrs("192.0.2.1:0"), client.ErrInvalidPeer},
		{"too many", tooMany, client.ErrTooManyPeers},
		{"a broken source", brokenSource{}, fs.ErrPermission},
	} {
		network := clienttest.NewNetwork(nil)
		_, err := client.New(t.Context(), client.Config{Key: clienttest.Key, Peers: test.peers, Open: network.Open})
		if !errors.Is(err, test.want) || network.Connections() != 0 {
			t.Errorf("%s: %v, %d connections", test.name, err, network.Connections())
		}
	}
	if _, err := client.New(t.Context(), client.Config{Peers: nineIPv4}); err == nil {
		t.Error("a client without a key is accepted")
	}
}

type brokenSource struct{}

func (brokenSource) Peers(context.Context) ([]netip.AddrPort, error) { return nil, fs.ErrPermission }

func TestPeersAreComparedByAddress(t *testing.T) {
	network := clienttest.NewNetwork(nil)
	c := mustNew(t, client.Config{Key: clienttest.Key, Order: inOrder, Open: network.Open,
		Peers: addrs("192.0.2.1:1814", "[::ffff:192.0.2.1]:1814", "192.0.2.1:1815", "192.0.2.1:1814")})
	if got := c.Peers(); !slices.Equal(got, addrs("192.0.2.1:1814", "192.0.2.1:1815")) || c.IPv6() {
		t.Errorf("got %v", got)
	}
}

func TestUpdatePeerList(t *testing.T) {
	for _, peers := range []struct{ old, new, mixed, other client.StaticPeers }{
		{nineIPv4, addrs("198.51.100.1:1814", "198.51.100.2:1814"), addrs("192.0.2.99:1814", "[2001:db8:beef::13]:1814"), nineIPv6},
		{nineIPv6, addrs("[2001:db8:beef::11]:1814", "[2001:db8:beef::12]:1814"), addrs("[2001:db8:beef::13]:1814", "192.0.2.99:1814"), nineIPv4},
	} {
		network := clienttest.NewNetwork(nil)
		c := mustNew(t, client.Config{Key: clienttest.Key, Peers: peers.old, Order: inOrder, Open: network.Open})
		if err := c.UpdatePeerList(peers.new); err != nil {
			t.Fatal(err)
		}
		if err := c.SendRequest(client.Ping(), client.SendOptions{Sync: true}); err != nil || !slices.Equal(network.Sent(), peers.new) {
			t.Errorf("asked %v, %v", network.Sent(), err)
		}
		for _, wrong := range []client.StaticPeers{peers.mixed, peers.other} {
			if err := c.UpdatePeerList(wrong); !errors.Is(err, client.ErrMixedFamilies) || !slices.Equal(c.Peers(), peers.new) {
				t.Errorf("%v: %v, %v", wrong, c.Peers(), err)
			}
		}
		if err := c.UpdatePeerList(nil); !errors.Is(err, client.ErrNoPeers) {
			t.Errorf("no peers: %v", err)
		}
	}
}

// The caller may go on using the slice that it gave.
func TestPeersAreCopied(t *testing.T) {
	peers := slices.Clone(nineIPv4)
	c := mustNew(t, client.Config{Key: clienttest.Key, Peers: peers, Open: clienttest.NewNetwork(nil).Open})
	for range 20 {
		if err := c.SendRequest(client.Ping(), client.SendOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(peers, nineIPv4) {
		t.Errorf("shuffled the caller's peers: %v", peers)
	}
}

func TestDataDirPeers(t *testing.T) {
	for _, test := range []struct {
		name   string
		files  map[ssconf.Key]string
		want   client.StaticPeers
		err    error
		detail string
	}{
		{"IPv4", map[ssconf.Key]string{ssconf.MasterCandidatesIPs: "192.0.2.1\n192.0.2.2\n"}, addrs("192.0.2.1:1814", "192.0.2.2:1814"), nil, ""},
		{"IPv6", map[ssconf.Key]string{ssconf.MasterCandidatesIPs: "2001:db8::1\n", ssconf.PrimaryIPFamily: "10\n"}, addrs("[2001:db8::1]:1814"), nil, ""},
		{"addresses of another family", map[ssconf.Key]string{ssconf.MasterCandidatesIPs: "192.0.2.1\n2001:db8::1\n", ssconf.PrimaryIPFamily: "10\n"},
			addrs("[2001:db8::1]:1814"), nil, ""},
		{"no candidates", map[ssconf.Key]string{ssconf.MasterCandidatesIPs: ""}, nil, client.ErrNoPeers, "ssconf_master_candidates_ips"},
		{"no file", nil, nil, fs.ErrNotExist, "ssconf_master_candidates_ips"},
		{"an unknown family", map[ssconf.Key]string{ssconf.PrimaryIPFamily: "30"}, nil, nil, "ssconf_primary_ip_family"},
	} {
		files := fstest.MapFS{}
		for key, text := range test.files {
			files[key.FileName()] = &fstest.MapFile{Data: []byte(text)}
		}
		got, err := client.DataDir{Store: ssconf.New(files), Port: 1814}.Peers(t.Context())
		if !slices.Equal(got, test.want) || (err == nil) != (test.want != nil) || test.err != nil && !errors.Is(err, test.err) ||
			err != nil && !strings.Contains(err.Error(), test.detail) {
			t.Errorf("%s: %v, %v", test.name, got, err)
		}
	}
}

// A client for a node follows its files.
func TestForNode(t *testing.T) {
	dirs := paths.Dirs{Data: t.TempDir()}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := &clienttest.Server{Answer: clienttest.Constant(0, "3000000", 0)}
	port := client.ServicePort(t.Context())
	network := clienttest.NewNetwork(map[netip.AddrPort]*clienttest.Server{netip.AddrPortFrom(netip.MustParseAddr("192.0.2.7"), port): server})
	cfg := client.Config{Open: network.Open}
	forNode := func() (*client.Client, error) { return client.ForNode(t.Context(), dirs, cfg) }

	if _, err := forNode(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "hmac.key") {
		t.Errorf("without a key: %v", err)
	}
	write(dirs.HMACKey(), string(clienttest.Key))
	if _, err := forNode(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "ssconf_master_candidates_ips") {
		t.Errorf("without peers: %v", err)
	}
	write(filepath.Join(dirs.Data, "ssconf_master_candidates_ips"), "192.0.2.7\n")
	c, err := forNode()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer, err := c.Query(t.Context(), client.Ping(), client.CoverageAll)
	if err != nil || string(answer.Answer) != "3000000" {
		t.Errorf("%+v, %v", answer, err)
	}
	write(filepath.Join(dirs.Data, "ssconf_master_candidates_ips"), "192.0.2.7\n192.0.2.8\n")
	if err := c.RefreshPeers(t.Context()); err != nil || len(c.Peers()) != 2 {
		t.Errorf("%v, %v", c.Peers(), err)
	}
	write(filepath.Join(dirs.Data, "ssconf_master_candidates_ips"), "node1\n")
	if err := c.RefreshPeers(t.Context()); err == nil || len(c.Peers()) != 2 {
		t.Errorf("a broken file: %v, %v", c.Peers(), err)
	}
}

func TestReadKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	for size, ok := range map[int]bool{0: false, 1: true, client.MaxKeyFile: true, client.MaxKeyFile + 1: false} {
		want := strings.Repeat("k", size)
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := client.ReadKey(path)
		if (err == nil) != ok || ok && string(key) != want {
			t.Errorf("%d bytes: %d read, %v", size, len(key), err)
		}
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("%v doesn't name the file", err)
		}
	}
}
