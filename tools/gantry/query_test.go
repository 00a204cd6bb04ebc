package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
	"gantry/confd/paths"
	"gantry/confd/wire"
)

// keyFile writes the test servers' key to a file.
func keyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hmac.key")
	if err := os.WriteFile(path, clienttest.Key, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// query runs gantry query against peers, with their key.
func query(t *testing.T, peers []netip.AddrPort, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	line := []string{"gantry", "query", "--key", keyFile(t)}
	for _, peer := range peers {
		line = append(line, "--peer", peer.String())
	}
	return call(t, append(line, args...)...)
}

// small is a cluster whose answers are simple and cover all that is printed.
var small = map[string]clienttest.Reply{
	`0 null`:                            {Answer: `3010000`},
	`1 "node1"`:                         {Answer: `0`, Serial: 7},
	`1 "node3"`:                         {Answer: `2`, Serial: 7},
	`1 "nodeX"`:                         {Status: 1, Answer: `"Failure: prerequisites not met for this operation:\nerror type: ECodeNoEnt, error details:\nNode name nodeX not found"`},
	`1 "odd"`:                           {Answer: `9`, Serial: 7},
	`2 {"1":"198.51.100.10"}`:           {Answer: `"192.0.2.1"`, Serial: 7},
	`2 {"0":"br1","1":"198.51.100.10"}`: {Status: 1, Answer: `0`},
	`2 {"2":["198.51.100.10","203.0.113.9"]}`:   {Answer: `[[0,"192.0.2.1",7],[1,0,0]]`, Serial: 7},
	`2 {"2":["198.51.100.10","198.51.100.10"]}`: {Answer: `[[0,"192.0.2.1",7],[0,"192.0.2.1",7]]`, Serial: 7},
	`3 null`:          {Answer: `"node1.example.com"`, Serial: 7},
	`3 {"3":[0,1,2]}`: {Answer: `["node1.example.com","192.0.2.10","192.0.2.1"]`, Serial: 7},
	`4 null`:          {Answer: `["192.0.2.2","192.0.2.1"]`, Serial: 7},
	`5 null`:          {Answer: `["192.0.2.1"]`, Serial: 7},
	`6 null`:          {Answer: `[]`, Serial: 7},
	`6 "br1"`:         {Answer: `["198.51.100.20"]`, Serial: 7},
	`7 "node2"`:       {Answer: `[["node2.example.com",1,"web.example.com","disk/0","secondary","node1.example.com"]]`, Serial: 4},
	`8 "node2"`: {Serial: 4, Answer: `[[{"name":"db.example.com","admin_state":"up","uuid":"u2","osparams_private":{"p":"hidden"}}],` +
		`[{"name":"web.example.com","admin_state":"down","uuid":"u1"}]]`},
	`9 "web"`:                    {Serial: 11, Answer: `[{"logical_id":["a","b",1,0,1,"hidden"],"dev_type":"drbd","iv_name":"disk/0","size":1024,"mode":"rw","uuid":"d1"}]`},
	`10 "/cluster/cluster_name"`: {Answer: `"mini.example.com"`, Serial: 7},
	`10 "/cluster/tags"`:         {Answer: `["east","<west>"]`, Serial: 7},
	`10 "/nope"`:                 {Status: 1, Answer: `2`},
	`11 null`:                    {Answer: `{"lv":{"active":false,"interval":60000000},"drbd":{"active":true,"interval":5000000}}`, Serial: 7},
}

// serveSmall answers from a table by type and query.
func serveSmall(t *testing.T, answers map[string]clienttest.Reply) netip.AddrPort {
	return serveTable(t, answers, nil)
}

// serveTable says other to what isn't in the table, or nothing.
func serveTable(t *testing.T, answers map[string]clienttest.Reply, other *clienttest.Reply) netip.AddrPort {
	t.Helper()
	server := &clienttest.Server{Answer: func(r *wire.Request) (clienttest.Reply, bool) {
		reply, found := answers[fmt.Sprintf("%d %s", r.Type, queryText(r))]
		if !found && other != nil {
			return *other, true
		}
		return reply, found
	}}
	return server.Listen(t, "127.0.0.1")
}

// queryText writes a request's query as JSON, its keys in order.
func queryText(r *wire.Request) string {
	var value any
	switch r.Kind {
	case wire.QueryPlain:
		value = string(r.Plain)
	case wire.QueryDict:
		dict := make(map[string]any)
		if r.HasLink {
			dict["0"] = string(r.Link)
		}
		if r.HasIP {
			dict["1"] = string(r.IP)
		}
		for _, ip := range r.IPs {
			ips, _ := dict["2"].([]string)
			dict["2"] = append(ips, string(ip))
		}
		for _, field := range r.Fields {
			fields, _ := dict["3"].([]int)
			dict["3"] = append(fields, int(field))
		}
		value = dict
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestQuery(t *testing.T) {
	peer := serveSmall(t, small)
	for _, test := range []struct {
		line   string
		stdout string
		stderr string // without "gantry: " and newline; "" means exit 0
	}{
		{"ping", "3.1\n", ""},
		{"0", "3.1\n", ""},
		{"node-role node1", "master\n", ""},
		{"1 node3", "offline\n", ""},
		{"node_role node3", "offline\n", ""},
		{"node-role nodeX", "", "node-role nodeX: server says: Failure: prerequisites not met for this operation: error type: ECodeNoEnt, error details: Node name nodeX not found"},
		{"node-role odd", "", `unexpected answer: "9" is no node role`},
		{"node-ip 198.51.100.10", "192.0.2.1\n", ""},
		{"node-ip 198.51.100.10 --link br1", "", "node-ip 198.51.100.10: unknown entry"},
		{"node-ip 198.51.100.10 203.0.113.9", "198.51.100.10  192.0.2.1\n203.0.113.9    - (unknown entry)\n", "1 of 2 addresses weren't found"},
		{"2 198.51.100.10 198.51.100.10", "198.51.100.10  192.0.2.1\n198.51.100.10  192.0.2.1\n", ""},
		{"master", "node1.example.com\n", ""},
		{"master name ip node-ip", "node1.example.com\n192.0.2.10\n192.0.2.1\n", ""},
		{"node-ips", "192.0.2.2\n192.0.2.1\n", ""},
		{"candidate-ips", "192.0.2.1\n", ""},
		{"instance-ips", "", ""},
		{"instance-ips --link br1", "198.51.100.20\n", ""},
		{"drbd-minors node2", "MINOR  INSTANCE         DISK    ROLE       NODE               PEER\n" +
			"1      web.example.com  disk/0  secondary  node2.example.com  node1.example.com\n", ""},
		{"node-instances node2", "INSTANCE         NODE IS    STATE  UUID\n" +
			"db.example.com   primary    up     u2\nweb.example.com  secondary  down   u1\n", ""},
		{"instance-disks web", "DISK    TYPE  SIZE (MiB)  MODE  UUID\ndisk/0  drbd  1024        rw    d1\n", ""},
		{"config /cluster/cluster_name", "mini.example.com\n", ""},
		{"config /cluster/tags", "[\n  \"east\",\n  \"<west>\"\n]\n", ""},
		{"config /nope", "", "config /nope: wrong argument"},
		{"collectors", "COLLECTOR  ACTIVE  INTERVAL\ndrbd       true    5s\nlv         false   1m0s\n", ""},

		{"--json node-role node1", `{"type":"node-role","number":1,"arguments":["node1"],"status":0,"answer":0,"serial":7,"server":"ASKED","asked":1,"answered":1,"consistent":true}` + "\n", ""},
		{"--json config /cluster/tags", `{"type":"config","number":10,"arguments":["/cluster/tags"],"status":0,"answer":["east","<west>"],"serial":7,"server":"ASKED","asked":1,"answered":1,"consistent":true}` + "\n", ""},
		{"--json config /nope", `{"type":"config","number":10,"arguments":["/nope"],"status":1,"answer":2,"serial":0,"server":"ASKED","asked":1,"answered":1,"consistent":true,"error":"config /nope: wrong argument"}` + "\n", "config /nope: wrong argument"},
		{"--json --timeout 5s node-ips --coverage 1 --peer SILENT", `{"type":"node-ips","number":4,"arguments":[],"status":0,"answer":["192.0.2.2","192.0.2.1"],"serial":7,"server":"ASKED","asked":N,"answered":1,"consistent":true}` + "\n", ""},
		{"--json --timeout 300ms config /silence", `{"type":"config","number":10,"arguments":["/silence"],"status":null,"answer":null,"serial":null,"server":null,"asked":1,"answered":0,"consistent":false,"error":"no answer from ASKED within 300ms: does a confd run there, with this key and a clock like ours?"}` + "\n",
			"no answer from ASKED within 300ms: does a confd run there, with this key and a clock like ours?"},

		{"--timeout 300ms config /silence", "", "no answer from ASKED within 300ms: does a confd run there, with this key and a clock like ours?"},
		{"--timeout 2s ping --peer SILENT", "3.1\n", ""}, // the default coverage takes what there is
		{"--timeout 2s ping --peer SILENT --coverage -1", "3.1\n", "1 of 2 peers answered, 2 needed within 2s"},
		{"--timeout 300ms config /silence --peer SILENT", "", "no answer from 2 peers within 300ms: do confds run there, with this key and a clock like ours?"},
		{"ping --coverage 2", "", "query: not enough peers for the coverage: 2 wanted, 1 peer known"},
		{"ping --timeout 0", "", "--timeout 0s: has to be positive"},
	} {
		t.Run(test.line, func(t *testing.T) {
			silent := (&clienttest.Server{Answer: func(*wire.Request) (clienttest.Reply, bool) { return clienttest.Reply{}, false }}).Listen(t, "127.0.0.1")
			expand := strings.NewReplacer("ASKED", peer.String(), "SILENT", silent.String()).Replace
			code, stdout, stderr := query(t, []netip.AddrPort{peer}, strings.Fields(expand(test.line))...)
			if strings.Contains(test.stdout, `"asked":N`) { // by chance
				stdout = strings.NewReplacer(`"asked":1`, `"asked":N`, `"asked":2`, `"asked":N`).Replace(stdout)
			}
			if diff := cmp.Diff(expand(test.stdout), stdout); diff != "" {
				t.Errorf("standard output:\n%s", diff)
			}
			want, exit := "", 0
			if test.stderr != "" {
				want, exit = "gantry: "+expand(test.stderr)+"\n", 1
			}
			if stderr != want || code != exit {
				t.Errorf("exit %d, standard error %q, want %q", code, stderr, want)
			}
		})
	}
}

// What people see leaves out the config's secrets, but where they asked for a part of the config as it is.
func TestQueryTablesHoldNoSecrets(t *testing.T) {
	peer := serveSmall(t, small)
	for _, line := range []string{"node-instances node2", "instance-disks web"} {
		if _, stdout, _ := query(t, []netip.AddrPort{peer}, strings.Fields(line)...); strings.Contains(stdout, "hidden") {
			t.Errorf("%s printed %s", line, stdout)
		}
	}
}

func TestQueryMistakes(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "node1")
	for _, test := range []struct{ line, want string }{
		{"pong", `unknown command "pong" for gantry query: did you mean ping?`},
		{"12", `unknown command "12" for gantry query; see gantry query --help`},
		{"ping now", `ping takes no arguments, not "now"`},
		{"node-role", `node-role needs an argument: node-role NODE`},
		{"node-role a b", `node-role takes one argument, not also "b"`},
		{"node-ip", `node-ip needs an argument: node-ip INSTANCE-IP...`},
		{"master netmask", `master knows name, ip and node-ip, not "netmask"`},
		{"ping --link br0", `unknown flag "--link" for gantry query ping; see gantry query ping --help`},
		{"ping --peer node1 --key KEY", `--peer: invalid peer address "node1": "node1" is no IP address`},
		{"ping --peer 127.0.0.1 --peer ::1 --key KEY", `confd client: peers must be of one address family: 127.0.0.1 and ::1`},
		{"ping --peer 127.0.0.1 --key EMPTY", `key file EMPTY: invalid argument: has to hold 1 to 4096 bytes`},
		{"ping --peer 127.0.0.1 --key NONE", `key file: open NONE: no such file or directory`},
		{"ping --root ROOT", `key file: open ROOT/var/lib/ganeti/hmac.key: no such file or directory (not on a node of a cluster, give --peer and --key)`},
		{"ping --root ROOT --peer 127.0.0.1", `key file: open ROOT/var/lib/ganeti/hmac.key: no such file or directory (give --key)`},
		{"ping --root ROOT --key KEY", `confd client: ssconf file ROOT/var/lib/ganeti/ssconf_master_candidates_ips: no such file or directory (give --peer)`},
		{"check now", `check takes no arguments, not "now"`},
		{"check --root ROOT --key KEY", `confd client: ssconf file ROOT/var/lib/ganeti/ssconf_master_candidates_ips: no such file or directory (give --peer)`},
		{"check --peer 127.0.0.1 --key KEY --limit -1", `check: limit -1 and settling time 3s must be positive`},
	} {
		expand := strings.NewReplacer("KEY", keyFile(t), "EMPTY", empty, "NONE", empty+"-not", "ROOT", root).Replace
		code, stdout, stderr := call(t, append([]string{"gantry", "query"}, strings.Fields(expand(test.line))...)...)
		if code != 1 || stdout != "" || stderr != "gantry: "+expand(test.want)+"\n" {
			t.Errorf("%s: exit %d, %q, %q", test.line, code, stdout, stderr)
		}
	}
}

// On a node, the files say whom to ask and with which key.
func TestQueryOnANode(t *testing.T) {
	dirs := paths.Dirs{Data: t.TempDir()}
	for name, text := range map[string]string{
		"hmac.key": string(clienttest.Key), "ssconf_master_candidates_ips": "192.0.2.1\n192.0.2.2\n",
		"ssconf_node_list": "node1\nnode2\n", "ssconf_instance_list": "web\n",
	} {
		if err := os.WriteFile(filepath.Join(dirs.Data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port := client.ServicePort(t.Context())
	for _, test := range []struct {
		peers []string
		want  []netip.AddrPort
	}{
		{nil, []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port), netip.AddrPortFrom(netip.MustParseAddr("192.0.2.2"), port)}},
		{[]string{"192.0.2.7", "192.0.2.8:99"}, []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("192.0.2.7"), port), netip.MustParseAddrPort("192.0.2.8:99")}},
	} {
		c, err := (&queryOptions{peers: test.peers}).connect(t.Context(), dirs)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fmt.Sprint(test.want), fmt.Sprint(c.Peers())); diff != "" {
			t.Error(diff)
		}
		c.Close()
	}
	nodes, instances := names(dirs)
	if fmt.Sprint(nodes, instances) != "[node1 node2] [web]" {
		t.Errorf("got %v and %v", nodes, instances)
	}
}

func TestQueryOverIPv6(t *testing.T) {
	socket, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Logf("no IPv6 here: %v", err)
		return
	}
	socket.Close()
	server := &clienttest.Server{Answer: clienttest.Constant(0, "3000000", 0)}
	if code, stdout, stderr := query(t, []netip.AddrPort{server.Listen(t, "::1")}, "ping"); code != 0 || stdout != "3.0\n" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

// That the peers disagree is said beside the answer.
func TestQueryWarnsOfContradictions(t *testing.T) {
	other := map[string]clienttest.Reply{`3 null`: {Answer: `"node2.example.com"`, Serial: 7}}
	peers := []netip.AddrPort{serveSmall(t, small), serveSmall(t, other)}
	code, stdout, stderr := query(t, peers, "master")
	if code != 0 || !strings.HasPrefix(stdout, "node") || stderr != "warning: peers contradict each other at serial 7; gantry query check tells more\n" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}
