package confd

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"gantry/cache"
	"gantry/confd/config"
	"gantry/confd/wire"
	"gantry/netio"
	"gantry/netio/netiotest"
)

var (
	serverAddr = netip.MustParseAddrPort("127.0.0.1:1814")
	clientAddr = netip.MustParseAddrPort("127.0.0.1:40000")
)

// running is a server on a network in memory, with a client.
type running struct {
	t       testing.TB
	dir     string
	server  *Server
	client  *netiotest.Peer
	key     *wire.Key
	replies *wire.ReplyParser
}

// start runs a server on a config until the test ends.
func start(t testing.TB, configText string) *running {
	t.Helper()
	r := &running{t: t, dir: t.TempDir(), key: wire.NewKey([]byte("secret\n")), replies: wire.NewReplyParser(1)}
	writeFile(t, r.keyFile(), "secret\n")
	if configText != "" {
		writeFile(t, r.configFile(), configText)
	}
	network := netiotest.New(1, serverAddr)
	r.client = network.Peer(clientAddr)
	group, err := network.Group(netio.Config{MaxRequest: wire.MaxRequest})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	keys, err := newKeys(r.keyFile(), log)
	if err != nil {
		t.Fatal(err)
	}
	r.server = newServer(Config{ConfigFile: r.configFile(), KeyFile: r.keyFile(), Grace: cache.DefaultGrace, Log: log}, keys, group)
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- r.server.Run(ctx, func() error { close(ready); return nil })
	}()
	<-ready
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
	return r
}

func (r *running) configFile() string { return filepath.Join(r.dir, "config.data") }
func (r *running) keyFile() string    { return filepath.Join(r.dir, "hmac.key") }

// request is a datagram signed now.
func (r *running) request(key *wire.Key, kind wire.Type, query wire.Query) []byte {
	return wire.AppendRequest(nil, key, time.Now().Unix(), wire.AppendRequestMsg(nil, kind, query, []byte("r")))
}

func (r *running) send(datagram []byte) {
	r.t.Helper()
	if err := r.client.Send(serverAddr, datagram); err != nil {
		r.t.Fatal(err)
	}
}

// receive waits for a reply, which must be signed with key.
func (r *running) receive(key *wire.Key) wire.Reply {
	r.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	datagram, err := r.client.Receive(ctx)
	if err != nil {
		r.t.Fatalf("no reply: %v", err)
	}
	reply, err := wire.ParseReply(datagram.Data, wire.NewKeyring(key), r.replies)
	if err != nil {
		r.t.Fatalf("reply %s: %v", datagram.Data, err)
	}
	return reply
}

func (r *running) ask(kind wire.Type, query wire.Query) wire.Reply {
	r.t.Helper()
	r.send(r.request(r.key, kind, query))
	return r.receive(r.key)
}

func plain(text string) wire.Query { return wire.Query{Kind: wire.QueryPlain, Plain: text} }

func miniConfig(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/mini.config.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOnlyAuthenticDatagramsGetAReply(t *testing.T) {
	r := start(t, miniConfig(t))
	good := r.request(r.key, wire.ReqPing, wire.Query{})
	tampered := []byte(strings.Replace(string(good), `\"type\":0`, `\"type\":4`, 1))
	if string(tampered) == string(good) {
		t.Fatal("nothing was tampered with")
	}
	for _, datagram := range [][]byte{
		nil,
		[]byte("plj0"),
		[]byte("plj0{}"),
		[]byte(strings.Repeat("x", wire.MaxRequest)),
		tampered,
		good[:len(good)-1],
		r.request(wire.NewKey([]byte("another")), wire.ReqPing, wire.Query{}),
		wire.AppendRequest(nil, r.key, time.Now().Unix()-wire.MaxClockSkew-2, wire.AppendRequestMsg(nil, wire.ReqPing, wire.Query{}, []byte("stale"))),
		wire.AppendRequest(nil, r.key, time.Now().Unix(), []byte(`{"protocol":1,"type":0}`)),
	} {
		r.send(datagram)
	}
	// Replies to one peer come in order: whatever came before this would show.
	if reply := r.ask(wire.ReqPing, wire.Query{}); string(reply.Answer) != "3000000" || string(reply.Salt) != "r" {
		t.Errorf("the first reply is %s to %s", reply.Msg, reply.Salt)
	}
}

func TestWithABadConfigAtStartItAnswersAndWaitsForAGoodOne(t *testing.T) {
	r := start(t, "not a config")
	reply := r.ask(wire.ReqPing, wire.Query{})
	if reply.Status != int(wire.StatusError) || !strings.Contains(string(reply.Answer), "Cannot load configuration from ") {
		t.Fatalf("reply %s", reply.Msg)
	}
	if err := r.server.Ready(); err == nil {
		t.Error("ready without a config")
	}
	writeFile(t, r.configFile(), miniConfig(t))
	for reply.Status != int(wire.StatusOK) {
		reply = r.ask(wire.ReqPing, wire.Query{})
	}
	if err := r.server.Ready(); err != nil {
		t.Errorf("not ready with a config: %v", err)
	}
}

func TestARequestIsAnsweredWithTheKeyItWasSignedWith(t *testing.T) {
	r := start(t, miniConfig(t))
	next := wire.NewKey([]byte("next\n"))
	writeFile(t, r.keyFile(), "next\n")
	r.server.keys.watch.Force()
	for r.server.keys.current.Load() == nil || !verifies(r.server.keys, "next\n") {
		r.ask(wire.ReqPing, wire.Query{})
	}
	for _, key := range []*wire.Key{next, r.key, next} {
		r.send(r.request(key, wire.ReqPing, wire.Query{}))
		if reply := r.receive(key); string(reply.Answer) != "3000000" {
			t.Errorf("reply %s", reply.Msg)
		}
	}
}

// TestEveryReplyIsOfOneConfig changes the config while it is asked for values
// that belong together.
func TestEveryReplyIsOfOneConfig(t *testing.T) {
	text := miniConfig(t)
	version := func(n int) string {
		s := strings.Replace(text, `"serial_no": 7`, fmt.Sprintf(`"serial_no": %d`, n), 1)
		return strings.Replace(s, `"mini.example.com"`, fmt.Sprintf(`"%d.example.com"`, n), 1)
	}
	r := start(t, version(1))
	for n := 2; n < 40; n++ {
		writeFile(t, r.configFile(), version(n))
		r.server.Reload()
		reply := r.ask(wire.ReqConfigQuery, plain("/cluster/cluster_name"))
		if want := fmt.Sprintf(`"%d.example.com"`, reply.Serial); string(reply.Answer) != want {
			t.Fatalf("the cluster of serial %d is called %s", reply.Serial, reply.Answer)
		}
	}
}

func TestAnAnswerThatFitsNoDatagramIsAnInternalError(t *testing.T) {
	var text strings.Builder
	if err := config.Generate(&text, config.GenerateOptions{Nodes: 3, Instances: 2000, Seed: 1, Templates: []string{"drbd"}}); err != nil {
		t.Fatal(err)
	}
	r := start(t, text.String())
	ips := make([]string, 9000)
	for name, c := range map[string]struct {
		kind  wire.Type
		query wire.Query
	}{
		"container":         {wire.ReqConfigQuery, plain("/instances")},
		"instances of node": {wire.ReqNodeInstances, plain("node2")},
		"minors of node":    {wire.ReqNodeDRBD, plain("node2")},
		"list of addresses": {wire.ReqNodePipByInstIP, wire.Query{Kind: wire.QueryDict, HasIPs: true, IPs: ips}},
	} {
		t.Run(name, func(t *testing.T) {
			reply := r.ask(c.kind, c.query)
			if reply.Status != int(wire.StatusError) || string(reply.Answer) != "1" {
				t.Errorf("reply %.200s", reply.Msg)
			}
		})
	}
}

// TestABatchOfLargeAnswers needs more room than a batch has at once.
func TestABatchOfLargeAnswers(t *testing.T) {
	r := start(t, miniConfig(t))
	long := strings.Repeat("n", 50000)
	const n = 300
	for range n {
		r.send(r.request(r.key, wire.ReqNodeInstances, plain(long)))
	}
	for range n {
		if reply := r.receive(r.key); !strings.Contains(string(reply.Answer), long) {
			t.Fatalf("reply %.100s", reply.Msg)
		}
	}
}

// TestOnlyCoalescingClientsGetBlanks asks for answers of different lengths.
func TestOnlyCoalescingClientsGetBlanks(t *testing.T) {
	r := start(t, miniConfig(t))
	names := []string{"/cluster/cluster_name", "/cluster/master_ip", "/version"}
	var together []byte
	segment := 0
	for _, name := range names {
		request := r.request(r.key, wire.ReqConfigQuery, plain(name))
		segment = max(segment, len(request))
	}
	for _, name := range names {
		request := r.request(r.key, wire.ReqConfigQuery, plain(name))
		together = append(together, request...)
		together = append(together, strings.Repeat(" ", segment-len(request))...)
	}
	if err := r.client.SendCoalesced(serverAddr, segment, together); err != nil {
		t.Fatal(err)
	}
	shared := 0
	for range names {
		reply, err := r.client.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wire.ParseReply(reply.Data, wire.NewKeyring(r.key), r.replies); err != nil {
			t.Errorf("reply %q: %v", reply.Data, err)
		}
		if len(reply.Data)%padTo != 0 {
			t.Errorf("a reply of %d bytes to a coalescing client", len(reply.Data))
		}
		if reply.Shared {
			shared++
		}
	}
	if shared < 2 {
		t.Errorf("%d replies left together", shared)
	}
	r.send(r.request(r.key, wire.ReqPing, wire.Query{}))
	reply, err := r.client.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(reply.Data), "}") {
		t.Errorf("reply %q to a client that doesn't coalesce", reply.Data)
	}
}

func TestTheMetricsCountWhatWasDone(t *testing.T) {
	r := start(t, miniConfig(t))
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(r.server.Metrics())
	r.send([]byte("plj1"))
	for range 3 {
		r.ask(wire.ReqNodeRole, plain("node1"))
	}
	r.ask(wire.ReqNodeRole, plain("nodeX"))
	// The counters of a batch are published after its replies left. A second
	// batch begins after that.
	r.ask(wire.ReqPing, wire.Query{})
	err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP gantry_confd_config_serial Serial number of the config that answers; 0 without one.
# TYPE gantry_confd_config_serial gauge
gantry_confd_config_serial 100
# HELP gantry_confd_replies_too_large_total Answers that fit no datagram; an internal error went out in their place.
# TYPE gantry_confd_replies_too_large_total counter
gantry_confd_replies_too_large_total 0
`), "gantry_confd_config_serial", "gantry_confd_replies_too_large_total")
	if err != nil {
		t.Error(err)
	}
	counts := r.server.counts()
	for i, want := range map[int]uint64{
		countRequests + int(wire.ReqNodeRole): 4,
		countStatuses + int(wire.StatusError): 1,
		countDrops + int(wire.DropMagic):      1,
	} {
		if got := counts.plain[i]; got != want {
			t.Errorf("counter %d is %d, want %d", i, got, want)
		}
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestAnswersDoNotAllocate puts every type of request, written so that the
// scanner knows it and so that it doesn't, through all steps but the sockets.
func TestAnswersDoNotAllocate(t *testing.T) {
	a := newAsker(t, "testdata/mini.config.json")
	var batch [][]byte
	for _, c := range everyType {
		text := requestText(t, c.kind, json.RawMessage(c.query))
		odd := "\t" + strings.Replace(string(text), `"protocol":1`, `"\u0070rotocol" : 1`, 1)
		batch = append(batch, wire.AppendRequest(nil, a.key, salt, text), wire.AppendRequest(nil, a.key, salt, []byte(odd)[1:]))
	}
	w := &worker{parser: wire.NewParser(len(batch)), sealer: wire.NewSealer(len(batch)), answers: a.answers}
	keys, arena := wire.NewKeyring(a.key), make([]byte, 0, 1<<20)
	answered := 0
	allocs := testing.AllocsPerRun(100, func() {
		arena = arena[:0]
		answered = 0
		requests := w.parser.Parse(batch, keys, salt)
		for i := range requests {
			if reply := w.answers.answer(a.snapshot, &requests[i]); reply.Msg != nil && requests[i].Drop == wire.DropNone {
				arena = w.sealer.Append(arena, &requests[i], reply.Msg, reply.Escaped)
				answered++
			}
		}
		w.sealer.Sign(arena)
		w.answers.reset()
	})
	if answered != len(batch) {
		t.Errorf("%d of %d requests answered", answered, len(batch))
	}
	if allocs != 0 {
		t.Errorf("%v allocations a batch", allocs)
	}
}

// everyType has queries of all types, with answers of all kinds.
var everyType = []struct {
	kind  wire.Type
	query string
}{
	{0, `null`}, {1, `"node1.example.com"`}, {1, `"node2"`}, {1, `"nope"`}, {1, `{}`},
	{2, `{"1":"198.51.100.10"}`}, {2, `{"2":["198.51.100.10","x"],"0":"br0"}`}, {2, `"x"`},
	{3, `null`}, {3, `{"3":[0,1,2]}`}, {4, `null`}, {5, `null`}, {6, `null`}, {6, `"br1"`},
	{7, `"node1"`}, {8, `"node1"`}, {8, `null`}, {9, `"web"`}, {9, `"nope"`},
	{10, `"/cluster/tags"`}, {10, `"/nodes"`}, {10, `"/nope"`}, {11, `null`},
}

func TestAServerThatStopsLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "key"), "k")
	server, err := New(Config{
		Addrs:      []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0"), netip.MustParseAddrPort("[::1]:0")},
		ConfigFile: filepath.Join(dir, "config"),
		KeyFile:    filepath.Join(dir, "key"),
		Workers:    2,
		Log:        slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(server.Addrs()); n != 2 {
		t.Errorf("%d addresses, want 2", n)
	}
	ctx, stop := context.WithCancel(context.Background())
	if err := server.Run(ctx, func() error { stop(); return nil }); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}

func TestAPortInUseIsAnError(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "key"), "k")
	cfg := Config{Addrs: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:1814")}, KeyFile: filepath.Join(dir, "key"), Log: slog.New(slog.DiscardHandler)}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "192.0.2.1") {
		t.Errorf("binding a foreign address gave %v, want an error that names it", err)
	}
}
