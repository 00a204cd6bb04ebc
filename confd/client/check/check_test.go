package check_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gantry/confd"
	"gantry/confd/client"
	"gantry/confd/client/check"
	"gantry/confd/client/clienttest"
	"gantry/confd/config"
	"gantry/confd/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// generate returns the config of an invented cluster.
func generate(t *testing.T, options config.GenerateOptions) string {
	t.Helper()
	var text bytes.Buffer
	if err := config.Generate(&text, options); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// serve runs a confd on a config until the test ends.
func serve(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"config.data": text, "hmac.key": string(clienttest.Key)}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := confd.New(confd.Config{
		Addrs: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Workers: 1, Log: slog.New(slog.DiscardHandler),
		ConfigFile: filepath.Join(dir, "config.data"), KeyFile: filepath.Join(dir, "hmac.key"),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, func() error {
			close(ready)
			return nil
		})
	}()
	<-ready
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return server.Addrs()[0]
}

func run(t *testing.T, options check.Options, peers ...netip.AddrPort) *check.Report {
	t.Helper()
	c, err := client.New(t.Context(), client.Config{Key: clienttest.Key, Peers: client.StaticPeers(peers)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	options.Settle = time.Millisecond
	options.Timeout = 200 * time.Millisecond // so that silence is soon certain; what is lost by it is asked again
	report, err := check.Run(t.Context(), c, peers, options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestEqualConfigsAreHealthy(t *testing.T) {
	text := generate(t, config.GenerateOptions{Nodes: 5, Instances: 20, Seed: 1})
	report := run(t, check.Options{}, serve(t, text), serve(t, text), serve(t, text))
	if !report.Healthy() || report.LeftOut != 0 {
		t.Errorf("%+v", report)
	}
	for _, peer := range report.Peers {
		if peer.Silent || peer.Answered != report.Queries || peer.Serial == 0 {
			t.Errorf("%+v of %d queries", peer, report.Queries)
		}
	}
	// Five nodes in six ways by two names, 20 instances by two names and their own paths, and so on.
	if report.Queries < 150 {
		t.Errorf("only %d queries were asked", report.Queries)
	}
}

// Every kind of change is found, and said where it is.
func TestDifferencesAreFound(t *testing.T) {
	text := generate(t, config.GenerateOptions{Nodes: 4, Instances: 6, Seed: 2, Templates: []string{"drbd"}})
	same := serve(t, text)
	for _, test := range []struct {
		name   string
		change func(d *config.Document)
		query  string // of a difference; its beginning
		path   string
	}{
		{"a node's role", func(d *config.Document) { edit(t, d, config.KindNode, `"offline":false`, `"offline":true`) }, "node-role node", ""},
		{"a node's address", func(d *config.Document) { edit(t, d, config.KindNode, `"primary_ip":"`, `"primary_ip":"9`) }, "node-ips", "/"},
		{"an instance's disk", func(d *config.Document) { edit(t, d, config.KindDisk, `"size":`, `"size":9`) }, "instance-disks ", "/0/"},
		{"nothing", func(*config.Document) {}, "", ""},
		{"a network", func(d *config.Document) { edit(t, d, config.KindNetwork, `"name":"`, `"name":"new-`) }, "config /networks/", "/name"},
		{"an instance that only one knows", func(d *config.Document) {
			for key := range d.All(config.KindInstance) {
				d.Delete(config.KindInstance, key)
				return
			}
		}, "instance-disks ", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := config.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			test.change(d)
			report := run(t, check.Options{}, same, serve(t, string(d.Append(nil))))
			if test.query == "" {
				if !report.Healthy() {
					t.Errorf("%+v", report.Differences)
				}
				return
			}
			for _, difference := range report.Differences {
				if len(difference.Said) != 2 {
					t.Errorf("two peers said %+v", difference.Said)
				}
				if strings.HasPrefix(difference.Query, test.query) && strings.HasPrefix(difference.Path, test.path) && !report.Healthy() {
					return
				}
			}
			t.Errorf("not among %+v", report.Differences)
		})
	}
}

// edit replaces a text in the first object that has it.
func edit(t *testing.T, d *config.Document, kind config.Kind, from, to string) {
	t.Helper()
	for key, object := range d.All(kind) {
		if changed := bytes.Replace(object, []byte(from), []byte(to), 1); bytes.Contains(object, []byte(from)) {
			if err := d.Set(kind, key, changed); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no object holds %s", from)
}

// fake is a server of some fixed answers by query, and "unknown" for others.
func fake(t *testing.T, answers map[string]clienttest.Reply) netip.AddrPort {
	server := &clienttest.Server{Answer: func(r *wire.Request) (clienttest.Reply, bool) {
		key := r.Type.String()
		if r.Kind == wire.QueryPlain {
			key += " " + string(r.Plain)
		}
		reply, found := answers[key]
		if !found {
			reply = clienttest.Reply{Status: 1, Answer: "0"}
		}
		return reply, reply.Answer != "silent"
	}}
	return server.Listen(t, "127.0.0.1")
}

func said(answer string, serial int64) clienttest.Reply {
	return clienttest.Reply{Answer: answer, Serial: serial}
}

func TestWhatADifferenceShows(t *testing.T) {
	const path = "config_query /cluster"
	long := strings.Repeat("x", 100)
	for _, test := range []struct {
		name string
		a, b clienttest.Reply
		path string
		av   string
		bv   string
	}{
		{"a value", said(`{"a":{"b":[1,2]}}`, 5), said(`{"a":{"b":[1,3]}}`, 5), "/a/b/1", "2", "3"},
		{"a text", said(`{"a":"x"}`, 5), said(`{"a":"y"}`, 5), "/a", `"x"`, `"y"`},
		{"another type", said(`{"a":"1"}`, 5), said(`{"a":1}`, 5), "/a", `"1"`, "1"},
		{"a missing member", said(`{"a":1,"c":2}`, 5), said(`{"a":1}`, 5), "/c", "2", "nothing"},
		{"a missing object", said(`{"a":{"b":1}}`, 5), said(`{}`, 5), "/a", "an object of 1", "nothing"},
		{"a key with a slash", said(`{"a/b~":1}`, 5), said(`{"a/b~":2}`, 5), "/a~1b~0", "1", "2"},
		{"another length", said(`{"a":[1]}`, 5), said(`{"a":[1,2]}`, 5), "/a", "[1]", "[1,2]"},
		{"another order", said(`{"a":[1,2]}`, 5), said(`{"a":[2,1]}`, 5), "/a", "[1,2]", "[2,1]"},
		{"objects in another order", said(`{"a":[{},{"b":1}]}`, 5), said(`{"a":[{"b":1},{}]}`, 5), "/a", "a list of 2", "a list of 2"},
		{"a long text", said(`{"a":"`+long+`"}`, 5), said(`{"a":"y"}`, 5), "/a", `"` + long[:59] + "…", `"y"`},
		{"a secret", said(`{"a":{"osparams_private":{"k":"hidden1"}}}`, 5), said(`{"a":{"osparams_private":{"k":"hidden2"}}}`, 5),
			"/a/osparams_private/k", "(not shown)", "(not shown)"},
		{"a disk's secret", said(`[{"logical_id":["a","b",1,2,3,"hidden1"]}]`, 5), said(`[{"logical_id":["a","b",1,2,3,"hidden2"]}]`, 5),
			"/0/logical_id/5", "(not shown)", "(not shown)"},
		{"a serial", said(`{"a":1}`, 5), said(`{"a":1}`, 6), "", "an object of 1", "an object of 1"},
		{"an error", said(`{"a":1}`, 5), clienttest.Reply{Status: 1, Answer: `"no config"`}, "", "an object of 1", "server says: no config"},
		{"other errors", clienttest.Reply{Status: 1, Answer: "2"}, clienttest.Reply{Status: 1, Answer: "0"}, "", "wrong argument", "unknown entry"},
		{"silence", said(`{"a":1}`, 5), said("silent", 0), "", "an object of 1", "no answer"},
		{"no room in a datagram", said(`{"a":1}`, 5), clienttest.Reply{Status: 1, Answer: "1"}, "", "an object of 1", "no answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, b := fake(t, map[string]clienttest.Reply{path: test.a}), fake(t, map[string]clienttest.Reply{path: test.b})
			report := run(t, check.Options{}, a, b)
			if len(report.Differences) != 1 || report.Healthy() {
				t.Fatalf("%+v", report)
			}
			d := report.Differences[0]
			if d.Query != "config /cluster" || d.Path != test.path || len(d.Said) != 2 || d.Said[0].Value != test.av || d.Said[1].Value != test.bv ||
				d.Said[0].Peers[0] != a || d.Said[1].Peers[0] != b || d.Said[0].Serial != test.a.Serial {
				t.Errorf("%+v", d)
			}
		})
	}
}

// Those that fit no datagram at any server are no difference, whichever way the servers say so.
func TestUnansweredByAll(t *testing.T) {
	a := fake(t, map[string]clienttest.Reply{"config_query /instances": {Status: 1, Answer: "1"}})
	b := fake(t, map[string]clienttest.Reply{"config_query /instances": said("silent", 0)})
	report := run(t, check.Options{}, a, b)
	if !report.Healthy() || report.Unanswered != 1 {
		t.Errorf("%+v", report)
	}
}

func TestTheMajorityComesFirst(t *testing.T) {
	one := fake(t, map[string]clienttest.Reply{"cluster_master": said(`"a"`, 1)})
	two := fake(t, map[string]clienttest.Reply{"cluster_master": said(`"b"`, 1)})
	three := fake(t, map[string]clienttest.Reply{"cluster_master": said(`"b"`, 1)})
	report := run(t, check.Options{Nodes: []string{}}, one, two, three)
	if len(report.Differences) == 0 {
		t.Fatal("nothing differs")
	}
	first := report.Differences[0].Said
	if len(first) != 2 || len(first[0].Peers) != 2 || first[0].Peers[0] != two || first[1].Peers[0] != one {
		t.Errorf("%+v", first)
	}
}

func TestSerialsBehindAndSilentPeers(t *testing.T) {
	serial := func(n string) netip.AddrPort {
		return fake(t, map[string]clienttest.Reply{"config_query /serial_no": said(n, 1)})
	}
	silent := &clienttest.Server{Answer: func(*wire.Request) (clienttest.Reply, bool) { return clienttest.Reply{}, false }}
	report := run(t, check.Options{}, serial("270"), serial("268"), silent.Listen(t, "127.0.0.1"))
	peers := report.Peers
	if report.Healthy() || peers[0].Behind != 0 || peers[0].Serial != 270 || peers[1].Behind != 2 || peers[1].Serial != 268 || !peers[2].Silent {
		t.Errorf("%+v", peers)
	}
	if len(report.Differences) != 1 || report.Differences[0].Query != "config /serial_no" {
		t.Errorf("%+v", report.Differences)
	}
	if report := run(t, check.Options{}, silent.Listen(t, "127.0.0.1")); report.Healthy() || report.Queries == 0 {
		t.Errorf("a lone silent peer: %+v", report)
	}
}

// A server that goes away in the middle is silent, not different.
func TestAPeerThatGoesAway(t *testing.T) {
	answers := map[string]clienttest.Reply{"cluster_master": said(`"node1"`, 1), "node_role node1": said("0", 1)}
	steady := fake(t, answers)
	server := &clienttest.Server{}
	server.Answer = func(r *wire.Request) (clienttest.Reply, bool) {
		if r.Type == wire.ReqNodeRole {
			server.SetSilent(true)
		}
		reply, found := answers[r.Type.String()]
		if !found {
			reply = clienttest.Reply{Status: 1, Answer: "0"}
		}
		return reply, true
	}
	report := run(t, check.Options{}, steady, server.Listen(t, "127.0.0.1"))
	if report.Healthy() || report.Peers[0].Silent || !report.Peers[1].Silent || len(report.Differences) != 0 {
		t.Errorf("%+v", report)
	}
}

// A server is not silent because all that differs is what it doesn't answer.
func TestAPeerThatLacksAnswers(t *testing.T) {
	full := map[string]clienttest.Reply{"config_query /nodes": said(`{"a":{},"b":{}}`, 1)}
	lacking := map[string]clienttest.Reply{}
	for _, path := range []string{"/nodes", "/nodes/a", "/nodes/b"} {
		lacking["config_query "+path] = said("silent", 0)
	}
	report := run(t, check.Options{}, fake(t, full), fake(t, lacking))
	if report.Peers[1].Silent || len(report.Differences) != 3 || report.Differences[1].Said[1].Value != "no answer" {
		t.Errorf("%+v", report)
	}
}

// What differs only while a change makes its way through the cluster isn't reported.
func TestChangesInPassingAreNoDifference(t *testing.T) {
	var asked atomic.Int32
	answer := func(first string) clienttest.Answer {
		return func(r *wire.Request) (clienttest.Reply, bool) {
			if r.Type != wire.ReqClusterMaster || r.Kind != wire.QueryEmpty {
				return clienttest.Reply{Status: 1, Answer: "0"}, true
			}
			if asked.Add(1) > 2 {
				return said(`"new"`, 8), true
			}
			return said(first, 7), true
		}
	}
	a := (&clienttest.Server{Answer: answer(`"old"`)}).Listen(t, "127.0.0.1")
	b := (&clienttest.Server{Answer: answer(`"new"`)}).Listen(t, "127.0.0.1")
	report := run(t, check.Options{}, a, b)
	if !report.Healthy() || asked.Load() != 4 {
		t.Errorf("asked %d times, %+v", asked.Load(), report.Differences)
	}
}

func TestTheLimit(t *testing.T) {
	text := generate(t, config.GenerateOptions{Nodes: 3, Instances: 10, Seed: 3})
	peer := serve(t, text)
	all := run(t, check.Options{}, peer)
	for _, limit := range []int{1, 20, 50} {
		report := run(t, check.Options{Limit: limit}, peer)
		if report.Queries != limit || report.LeftOut == 0 || report.Peers[0].Answered != limit {
			t.Errorf("limit %d: %d asked, %d left out of %d", limit, report.Queries, report.LeftOut, all.Queries)
		}
	}
}

// Names from elsewhere are asked about, too.
func TestNamesFromElsewhere(t *testing.T) {
	known := fake(t, map[string]clienttest.Reply{
		"node_role hidden":      said("4", 1),
		"instance_disks secret": said("[]", 1),
	})
	report := run(t, check.Options{Nodes: []string{"hidden"}, Instances: []string{"secret"}}, known, fake(t, nil))
	if len(report.Differences) != 2 || report.Differences[0].Query != "node-role hidden" || report.Differences[1].Query != "instance-disks secret" {
		t.Errorf("%+v", report.Differences)
	}
}

func TestRunRefusesOptionsAndEndsWithItsContext(t *testing.T) {
	peer := fake(t, nil)
	c, err := client.New(t.Context(), client.Config{Key: clienttest.Key, Peers: client.StaticPeers{peer}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, options := range []check.Options{{Limit: -1}, {Settle: -1}} {
		if _, err := check.Run(t.Context(), c, []netip.AddrPort{peer}, options); err == nil {
			t.Errorf("%+v is accepted", options)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := check.Run(ctx, c, []netip.AddrPort{peer}, check.Options{}); err == nil {
		t.Error("a cancelled check succeeds")
	}
}
