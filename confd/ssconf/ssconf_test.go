package ssconf

import (
	"errors"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// files makes a file system of keys and contents.
func files(pairs ...string) fs.FS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[FilePrefix+pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1]), Mode: FileMode}
	}
	return fsys
}

func TestKeysAreSortedUniqueAndThirtyFour(t *testing.T) {
	got := Keys()
	if len(got) != 34 || !slices.IsSorted(got) || len(slices.Compact(got)) != 34 {
		t.Errorf("Keys() = %v", got)
	}
}

// A real cluster's init left exactly the files that Keys names.
func TestKeysMatchARealDataDirectory(t *testing.T) {
	paths, err := filepath.Glob("testdata/ssconf_*")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(paths, Open("testdata").Paths()); diff != "" {
		t.Error(diff)
	}
}

func TestCheckKeysNamesTheUnknown(t *testing.T) {
	if err := CheckKeys(Keys()...); err != nil {
		t.Error(err)
	}
	err := CheckKeys("zebra", ClusterName, "../hmac.key")
	if !errors.Is(err, ErrUnknownKey) || !strings.HasSuffix(err.Error(), ": ../hmac.key, zebra") {
		t.Errorf("got %v", err)
	}
	if HVParams("xen-hvm") != HVParamsXenHVM || HVParams("vbox").Valid() {
		t.Error("HVParams names the wrong key")
	}
}

func TestTextDropsOnlyTrailingNewlines(t *testing.T) {
	for _, test := range []struct{ content, want string }{
		{"", ""},
		{"\n\n", ""},
		{"a\n", "a"},
		{"a", "a"},
		{"\na \n\n", "\na "},
	} {
		got, err := New(files("cluster_name", test.content)).Text(ClusterName)
		if err != nil || got != test.want {
			t.Errorf("%q: got %q, %v", test.content, got, err)
		}
	}
}

func TestTextRefusesWhatTheReferenceRefuses(t *testing.T) {
	full := strings.Repeat("x", MaxSize)
	store := New(files("cluster_name", full, "node_list", full+"x"))
	if got, err := store.Text(ClusterName); err != nil || got != full {
		t.Errorf("the largest file isn't read: %v", err)
	}
	for _, test := range []struct {
		key  Key
		want error
		text string
	}{
		{NodeList, ErrTooLarge, "ssconf file ssconf_node_list: larger than 131072 bytes"},
		{MasterIP, fs.ErrNotExist, "ssconf file ssconf_master_ip: file does not exist"},
		{"passwd", ErrUnknownKey, "unknown ssconf key: passwd"},
	} {
		_, err := store.Text(test.key)
		if !errors.Is(err, test.want) || err.Error() != test.text {
			t.Errorf("%s: got %v", test.key, err)
		}
	}
}

func TestErrorsNameTheWholePathOnce(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir).Text(MasterNode)
	if want := "ssconf file " + dir + "/ssconf_master_node: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAllLeavesOutWhatIsMissing(t *testing.T) {
	got := New(files("cluster_name", "c\n", "uid_pool", "", "other", "x")).All()
	if want := (map[Key]string{ClusterName: "c", UIDPool: ""}); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestAllOfARealDataDirectory(t *testing.T) {
	all := Open("testdata").All()
	if len(all) != len(keys) || all[MasterNode] != "node1.example.com" || all[PrimaryIPFamily] != "2" {
		t.Errorf("got %d values", len(all))
	}
}

func TestLines(t *testing.T) {
	for _, test := range []struct {
		content string
		want    []string
	}{
		{"", nil},
		{"a\n", []string{"a"}},
		{"b\na\n", []string{"b", "a"}},
		{"a\n\nb\r\n", []string{"a", "b"}},
		{"a b\n c\n", []string{"a b", " c"}},
	} {
		got, err := New(files("node_list", test.content)).Lines(NodeList)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, %v", test.content, got, err)
		}
	}
}

func TestMap(t *testing.T) {
	for _, test := range []struct {
		content string
		want    map[string]string // nil: refused
	}{
		{"", map[string]string{}},
		{"a=1\nb=\n", map[string]string{"a": "1", "b": ""}},
		{"kernel_args=ro root=/dev/vda1\n", map[string]string{"kernel_args": "ro root=/dev/vda1"}},
		{"a=1\na=2\n", map[string]string{"a": "2"}},
		{"a=1\nb\n", nil},
	} {
		got, err := New(files("hvparams_kvm", test.content)).Map(HVParamsKVM)
		if (err == nil) != (test.want != nil) || err == nil && !maps.Equal(got, test.want) {
			t.Errorf("%q: got %q, %v", test.content, got, err)
		}
	}
}

func TestPrimaryIPFamily(t *testing.T) {
	for _, test := range []struct {
		fsys fs.FS
		want Family // 0: refused
	}{
		{files(), IPv4},
		{files("primary_ip_family", "2\n"), IPv4},
		{files("primary_ip_family", "10\n"), IPv6},
		{files("primary_ip_family", "30\n"), 0},
		{files("primary_ip_family", "\n"), 0},
		{files("primary_ip_family", strings.Repeat("2", MaxSize+1)), 0},
	} {
		got, err := New(test.fsys).PrimaryIPFamily()
		if got != test.want || (err == nil) != (test.want != 0) {
			t.Errorf("%v: got %v, %v", test.fsys, got, err)
		}
	}
}

func TestFamily(t *testing.T) {
	four, six, mapped := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:192.0.2.1")
	if !IPv4.Has(four) || IPv4.Has(six) || !IPv4.Has(mapped) || IPv6.Has(four) || !IPv6.Has(six) || IPv6.Has(mapped) {
		t.Error("Has mixes up the families")
	}
	if IPv4.String() != "IPv4" || IPv6.String() != "IPv6" || Family(30).String() != "family 30" {
		t.Error("String is wrong")
	}
}

func TestMasterNetmask(t *testing.T) {
	for _, test := range []struct {
		fsys fs.FS
		want int // -1: refused
	}{
		{files(), 32},
		{files("primary_ip_family", "10\n"), 128},
		{files("master_netmask", "24\n"), 24},
		{files("master_netmask", "0\n"), 0},
		{files("master_netmask", "33\n"), -1},
		{files("master_netmask", "64\n", "primary_ip_family", "10\n"), 64},
		{files("master_netmask", "x\n"), -1},
		{files("master_netmask", "-1\n"), -1},
		{files("master_netmask", "24\n", "primary_ip_family", "x\n"), -1},
		{files("master_netmask", strings.Repeat("2", MaxSize+1)), -1},
	} {
		got, err := New(test.fsys).MasterNetmask()
		if test.want == -1 && err == nil || test.want != -1 && (err != nil || got != test.want) {
			t.Errorf("%v: got %d, %v", test.fsys, got, err)
		}
	}
}

func TestBool(t *testing.T) {
	for content, want := range map[string]bool{"True\n": true, "False\n": false, "true\n": false, "": false} {
		got, err := New(files("maintain_node_health", content)).Bool(MaintainNodeHealth)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v", content, got, err)
		}
	}
	if _, err := New(files()).Bool(MaintainNodeHealth); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestAddresses(t *testing.T) {
	got, err := New(files("master_candidates_ips", "192.0.2.1\n2001:db8::1 \n")).Addresses(MasterCandidatesIPs)
	want := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = New(files("master_candidates_ips", "192.0.2.1\nnode1\n")).Addresses(MasterCandidatesIPs)
	if err == nil || !strings.Contains(err.Error(), `"node1" is no IP address`) {
		t.Errorf("got %v", err)
	}
}

func TestSSHPortsAndVMCapable(t *testing.T) {
	store := New(files("ssh_ports", "n1=22\nn2=2222\n", "node_vm_capable", "n1=True\nn2=False\nn3=maybe\n"))
	ports, err := store.SSHPorts()
	if err != nil || !maps.Equal(ports, map[string]uint16{"n1": 22, "n2": 2222}) {
		t.Errorf("got %v, %v", ports, err)
	}
	capable, err := store.NodesVMCapable()
	if err != nil || !maps.Equal(capable, map[string]bool{"n1": true, "n2": false, "n3": false}) {
		t.Errorf("got %v, %v", capable, err)
	}
	if _, err := New(files("ssh_ports", "n1=65536\n")).SSHPorts(); err == nil {
		t.Error("port 65536 is accepted")
	}
}

func TestPairs(t *testing.T) {
	store := Open("testdata")
	ips, err := store.Pairs(NodePrimaryIPs)
	if err != nil || !slices.Equal(ips, []Entry{{"node1.example.com", "10.77.0.1"}}) {
		t.Errorf("got %v, %v", ips, err)
	}
	groups, err := store.Pairs(NodeGroups)
	if err != nil || len(groups) != 1 || groups[0].Second != "default" {
		t.Errorf("got %v, %v", groups, err)
	}
	if _, err := New(files("networks", "alone\n")).Pairs(Networks); err == nil {
		t.Error("a line of one word is accepted")
	}
}

func TestCheckClusterName(t *testing.T) {
	store := New(files("cluster_name", "c.example.com\n"))
	if err := store.CheckClusterName("c.example.com"); err != nil {
		t.Error(err)
	}
	if err := store.CheckClusterName("d.example.com"); err == nil {
		t.Error("another cluster's name is accepted")
	}
	if err := New(files()).CheckClusterName("any"); err != nil {
		t.Error(err)
	}
}

// A reader sees the old or the new file, whole, while it is replaced.
func TestTextSeesOnlyWholeFiles(t *testing.T) {
	dir := t.TempDir()
	store := Open(dir)
	long, short := strings.Repeat("a", 5000), strings.Repeat("b", 50)
	replace := func(content string) {
		temporary := filepath.Join(dir, "new")
		if err := os.WriteFile(temporary, []byte(content), 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(temporary, store.Path(ClusterName)); err != nil {
			t.Error(err)
		}
	}
	replace(long)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			replace(short)
			replace(long)
		}
	}()
	for {
		got, err := store.Text(ClusterName)
		if err != nil || got != long && got != short {
			t.Fatalf("got %d bytes, %v", len(got), err)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "a=1\nb=2", "n 1.2.3.4\n", "\x00=\r\n\n", "=", " \n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		fsys := fstest.MapFS{}
		for _, k := range keys {
			fsys[k.FileName()] = &fstest.MapFile{Data: []byte(content)}
		}
		store := New(fsys)
		lines, err := store.Lines(NodeList)
		if err != nil && len(content) <= MaxSize {
			t.Fatal(err)
		}
		for _, line := range lines {
			if line == "" || strings.Contains(line, "\n") {
				t.Fatalf("line %q", line)
			}
		}
		entries, err := store.Map(SSHPorts)
		if err == nil && len(entries) > len(lines) {
			t.Fatalf("%d entries of %d lines", len(entries), len(lines))
		}
		store.Pairs(Networks)
		store.Addresses(MasterCandidatesIPs)
		store.SSHPorts()
		store.NodesVMCapable()
		store.MasterNetmask()
	})
}
