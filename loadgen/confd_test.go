package loadgen_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gantry/confd/config"
	"gantry/confd/wire"
	"gantry/loadgen"
	"gantry/netio"
)

var testKey = wire.NewKey([]byte("a cluster's key\n"))

// answering is a confd that knows one answer, and whose replies pass through alter
// before they leave.
type answering struct {
	parser *wire.Parser
	sealer *wire.Sealer
	keys   *wire.Keyring
	alter  func(n int, reply []byte) []byte
	n      int
	seen   func(wire.Type, []byte)
}

func newAnswering(alter func(int, []byte) []byte, seen func(wire.Type, []byte)) func(int) netio.Handler {
	return func(int) netio.Handler {
		return &answering{
			parser: wire.NewParser(netio.MaxDatagrams), sealer: wire.NewSealer(1),
			keys: wire.NewKeyring(testKey), alter: alter, seen: seen,
		}
	}
}

func (a *answering) Handle(b *netio.Batch) {
	for i, r := range a.parser.Parse(b.Datagrams(), a.keys, time.Now().Unix()) {
		if r.Drop != wire.DropNone {
			continue
		}
		if a.seen != nil {
			a.seen(r.Type, r.RSalt)
		}
		msg := wire.AppendReplyTail(append(wire.AppendReplyHead(nil, wire.StatusOK), `"an answer"`...), []byte("7"))
		reply := a.sealer.Append(nil, &r, msg, nil)
		a.sealer.Sign(reply)
		if reply = a.alter(a.n, reply); reply != nil {
			if b.Room() < len(reply) {
				b.Flush()
			}
			b.Reply(i, append(b.Arena(), reply...))
		}
		a.n++
	}
}

func unaltered(_ int, reply []byte) []byte { return reply }

var testNames = loadgen.Names{
	Nodes:     []string{"node1.example.com", "node2.example.com"},
	Instances: []loadgen.InstanceAddress{{IP: "10.0.0.1"}, {IP: "10.0.0.22"}, {Link: "br1", IP: "10.0.0.3"}},
}

func TestConfd(t *testing.T) {
	for _, o := range []loadgen.Options{
		{},
		{Verify: loadgen.VerifySample},
		{Verify: loadgen.VerifyNone},
		{Ahead: 1},
		{Workers: 2, Sockets: 2, Outstanding: 96, Coalesce: 40},
	} {
		o.Requests = 6_000
		if o.Ahead == 0 {
			o.Ahead = 9_000
		}
		var mu sync.Mutex
		seen := make(map[string]bool)
		types := make(map[wire.Type]int)
		server := newAnswering(unaltered, func(t wire.Type, salt []byte) {
			mu.Lock()
			defer mu.Unlock()
			seen[string(salt)] = true
			types[t]++
		})
		addr := serve(t, netio.Config{}, server)
		workload := loadgen.Confd{Key: testKey, Mix: loadgen.StandardMix(testNames)}
		r, err := loadgen.Run(context.Background(), loadgen.UDP{Scheme: "confd", Addr: addr}, workload, o)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Clean() || r.Answered != 6_000 {
			t.Errorf("%+v: %+v", o, r)
		}
		mu.Lock()
		if len(seen) != 6_000 {
			t.Errorf("%+v: %d rsalts in 6000 requests", o, len(seen))
		}
		for want, share := range map[wire.Type]int{
			wire.ReqNodePipByInstIP: 60, wire.ReqNodeRole: 20, wire.ReqClusterMaster: 10, wire.ReqMCPipList: 5, wire.ReqPing: 5,
		} {
			if got := types[want] * 100 / 6_000; got < share-3 || got > share+3 {
				t.Errorf("%+v: %s makes %d %% of the requests instead of %d", o, want, got, share)
			}
		}
		mu.Unlock()
		if total := r.Classes["node_role"] + r.Classes["ping"]; total < 1200 || total > 1800 {
			t.Errorf("%+v: classes %v", o, r.Classes)
		}
		if o.Ahead > 1 && r.MadeInRun != 0 || o.Ahead == 1 && r.MadeInRun < 5_000 {
			t.Errorf("%+v: %d requests were made in the run", o, r.MadeInRun)
		}
	}
}

// TestConfdWrongReplies checks that every way to be wrong is found out, and named.
func TestConfdWrongReplies(t *testing.T) {
	const requests = 2000
	every := func(n int, alter func([]byte) []byte) func(int, []byte) []byte {
		return func(i int, reply []byte) []byte {
			if i%n == 0 {
				return alter(reply)
			}
			return reply
		}
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(reply []byte) []byte { return bytes.Replace(reply, []byte(old), []byte(new), 1) }
	}
	for _, c := range []struct {
		name   string
		alter  func(int, []byte) []byte
		verify loadgen.VerifyMode
		fault  loadgen.Fault
		count  uint64
	}{
		{"changed answer", every(10, replace("an answer", "no answer")), loadgen.VerifyAll, loadgen.FaultSignature, requests / 10},
		{"changed answers, of which a sample is seen", every(1, replace("an answer", "no answer")), loadgen.VerifySample, loadgen.FaultSignature, requests / 16},
		{"changed answer, not looked for", every(10, replace("an answer", "no answer")), loadgen.VerifyNone, loadgen.FaultSignature, 0},
		{"changed status", every(10, replace(`status\":0`, `status\":1`)), loadgen.VerifyNone, loadgen.FaultStatus, requests / 10},
		{"no envelope", every(10, replace(`{"hmac`, `["hmac`)), loadgen.VerifyAll, loadgen.FaultContent, requests / 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := serve(t, netio.Config{}, newAnswering(c.alter, nil))
			workload := loadgen.Confd{Key: testKey, Mix: loadgen.StandardMix(testNames)}
			r, err := loadgen.Run(context.Background(), loadgen.UDP{Addr: addr}, workload, loadgen.Options{Requests: requests, Ahead: requests, Verify: c.verify})
			if err != nil {
				t.Fatal(err)
			}
			if r.Wrong != c.count || r.Faults[c.fault.String()] != c.count || r.Lost != 0 {
				t.Errorf("wrong %d, faults %v, lost %d; want %d of %s", r.Wrong, r.Faults, r.Lost, c.count, c.fault)
			}
		})
	}
}

func TestConfdUnusableMix(t *testing.T) {
	for _, w := range []loadgen.Confd{
		{Mix: loadgen.StandardMix(testNames)},
		{Key: testKey},
		{Key: testKey, Mix: []loadgen.Share{{Weight: 0, Queries: []loadgen.Query{{}}}}},
		{Key: testKey, Mix: []loadgen.Share{{Weight: 1}}},
	} {
		target := loadgen.UDP{Addr: netip.MustParseAddrPort("127.0.0.1:9")}
		if _, err := loadgen.Run(context.Background(), target, w, loadgen.Options{}); err == nil {
			t.Errorf("%+v is accepted", w)
		}
	}
}

func TestReadNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.data")
	var file bytes.Buffer
	if err := config.Generate(&file, config.GenerateOptions{Nodes: 5, Instances: 20, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	names, err := loadgen.ReadNames(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(names.Nodes) != 5 || len(names.Instances) < 10 {
		t.Fatalf("%d nodes, %d addresses", len(names.Nodes), len(names.Instances))
	}
	for _, n := range names.Nodes {
		if !bytes.Contains(file.Bytes(), fmt.Appendf(nil, `"name":%q`, n)) {
			t.Errorf("there is no node %q", n)
		}
	}
	for _, a := range names.Instances {
		if _, err := netip.ParseAddr(a.IP); err != nil {
			t.Errorf("%q is no address", a.IP)
		}
		if a.Link != "" && !bytes.Contains(file.Bytes(), fmt.Appendf(nil, `"link":%q`, a.Link)) {
			t.Errorf("there is no link %q", a.Link)
		}
	}
	if _, err := loadgen.ReadNames(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a missing file is read")
	}
}
