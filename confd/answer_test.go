package confd

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"gantry/confd/wire"
)

const (
	ok0     = `{"protocol":1,"status":0,"answer":%s,"serial":%d}`
	failed  = `{"protocol":1,"status":1,"answer":%s,"serial":0}`
	node2   = `{"protocol":1,"status":0,"answer":[[{"name":"db.example.com","primary_node":"10000000-0000-4000-8000-000000000002","os":"noop","hypervisor":"kvm","hvparams":{},"beparams":{"maxmem":512},"osparams":{},"osparams_private":{},"admin_state":"up","admin_state_source":"admin","nics":[{"mac":"aa:00:00:00:00:02","ip":"198.51.100.20","nicparams":{"link":"br1"},"uuid":"50000000-0000-4000-8000-000000000002"},{"mac":"aa:00:00:00:00:03","nicparams":{},"uuid":"50000000-0000-4000-8000-000000000003"}],"disks":["40000000-0000-4000-8000-000000000002"],"disks_active":true,"ctime":1.7000000005e9,"mtime":1.7000000005e9,"uuid":"30000000-0000-4000-8000-000000000002","serial_no":12,"tags":[]}],[{"name":"web.example.com","primary_node":"10000000-0000-4000-8000-000000000001","os":"noop","hypervisor":"kvm","hvparams":{},"beparams":{"maxmem":512},"osparams":{},"osparams_private":{},"admin_state":"up","admin_state_source":"admin","nics":[{"mac":"aa:00:00:00:00:01","ip":"198.51.100.10","nicparams":{},"uuid":"50000000-0000-4000-8000-000000000001"}],"disks":["40000000-0000-4000-8000-000000000001"],"disks_active":true,"ctime":1.7000000005e9,"mtime":1.7000000005e9,"uuid":"30000000-0000-4000-8000-000000000001","serial_no":11,"tags":[]}]],"serial":4}`
	webDisk = `{"protocol":1,"status":0,"answer":[{"logical_id":["10000000-0000-4000-8000-000000000001","10000000-0000-4000-8000-000000000002",11000,0,1,"5ec4e7"],"dev_type":"drbd","children":[{"logical_id":["xenvg","x.disk0_data"],"dev_type":"plain","children":[],"nodes":["10000000-0000-4000-8000-000000000001","10000000-0000-4000-8000-000000000002"],"iv_name":"","size":1024,"mode":"rw","params":{},"uuid":"40000000-0000-4000-8000-00000000000a","serial_no":1,"ctime":1.7000000005e9,"mtime":1.7000000005e9},{"logical_id":["xenvg","x.disk0_meta"],"dev_type":"plain","children":[],"nodes":["10000000-0000-4000-8000-000000000001","10000000-0000-4000-8000-000000000002"],"iv_name":"","size":128,"mode":"rw","params":{},"uuid":"40000000-0000-4000-8000-00000000000b","serial_no":1,"ctime":1.7000000005e9,"mtime":1.7000000005e9}],"nodes":["10000000-0000-4000-8000-000000000001","10000000-0000-4000-8000-000000000002"],"iv_name":"disk/0","size":1024,"mode":"rw","params":{},"uuid":"40000000-0000-4000-8000-000000000001","serial_no":2,"ctime":1.7000000005e9,"mtime":1.7000000005e9}],"serial":11}`
)

// TestAnswersToTheLetter has the reference's words for every type of request,
// on a cluster of three nodes and two instances.
func TestAnswersToTheLetter(t *testing.T) {
	good := func(answer string, serial int) string { return fmt.Sprintf(ok0, answer, serial) }
	bad := func(answer string) string { return fmt.Sprintf(failed, answer) }
	for _, c := range []struct {
		kind  wire.Type
		query string
		want  string
	}{
		{0, `null`, good(`3000000`, 0)},
		{0, `"x"`, good(`3000000`, 0)},
		{1, `"node1.example.com"`, good(`0`, 7)},
		{1, `"node1"`, good(`1`, 7)},
		{1, `"10000000-0000-4000-8000-000000000003"`, good(`2`, 7)},
		{1, `null`, bad(`"Invalid query type EmptyQuery"`)},
		{1, `"nodeX"`, bad(`"Failure: prerequisites not met for this operation:\nerror type: ECodeNoEnt, error details:\nNode name nodeX not found"`)},
		{1, `{"1":"a\"","2":["b","c"],"0":"","3":[0,1,2]}`, bad(`"Invalid query type DictQuery (ConfdReqQ {confdReqQIp = Just \"a\\\"\", confdReqQIpList = [\"b\",\"c\"], confdReqQLink = Just \"\", confdReqQFields = [ReqFieldName,ReqFieldIp,ReqFieldMNodePip]})"`)},
		{2, `{"1":"198.51.100.10"}`, good(`"192.0.2.1"`, 7)},
		{2, `{"1":"198.51.100.20"}`, bad(`0`)},
		{2, `{"0":"br1","1":"198.51.100.20"}`, good(`"192.0.2.2"`, 7)},
		{2, `{"2":["198.51.100.10","203.0.113.9"]}`, good(`[[0,"192.0.2.1",7],[1,0,0]]`, 7)},
		{2, `{"1":"198.51.100.10","2":["x"]}`, good(`"192.0.2.1"`, 7)},
		{2, `{}`, good(`[]`, 7)},
		{2, `"198.51.100.10"`, bad(`2`)},
		{3, `null`, good(`"node1.example.com"`, 7)},
		{3, `{"3":[0,1,2,0]}`, good(`["node1.example.com","192.0.2.10","192.0.2.1","node1.example.com"]`, 7)},
		{3, `{}`, good(`[]`, 7)},
		{3, `""`, bad(`2`)},
		{4, `null`, good(`["192.0.2.3","192.0.2.2","192.0.2.1"]`, 7)},
		{5, `{}`, good(`["192.0.2.2","192.0.2.1"]`, 7)},
		{6, `null`, good(`["198.51.100.10"]`, 7)},
		{6, `"br1"`, good(`["198.51.100.20"]`, 7)},
		{6, `"nolink"`, good(`[]`, 7)},
		{6, `{}`, bad(`"Invalid query type"`)},
		{7, `"node2"`, good(`[["node2.example.com",1,"web.example.com","disk/0","secondary","node1.example.com"]]`, 4)},
		{7, `"node1.example.com"`, good(`[["node1.example.com",0,"web.example.com","disk/0","primary","node2.example.com"]]`, 3)},
		{7, `"node3"`, good(`[]`, 5)},
		{7, `"no\"de\u0007"`, bad(`"OpPrereqError \"Node name no\\\"de\\a not found\" ECodeNoEnt"`)},
		{7, `{}`, bad(`"Invalid query type DictQuery (ConfdReqQ {confdReqQIp = Nothing, confdReqQIpList = [], confdReqQLink = Nothing, confdReqQFields = []})"`)},
		{8, `"node2"`, node2},
		{8, `"node3"`, good(`[[],[]]`, 5)},
		{8, `""`, bad(`"Node not found in the configuration: OpPrereqError \"Node name  not found\" ECodeNoEnt"`)},
		{9, `"web"`, webDisk},
		{9, `"we"`, bad(`"Instance not found in the configuration: OpPrereqError \"Instance name we not found\" ECodeNoEnt"`)},
		{9, `null`, bad(`"Invalid query type EmptyQuery"`)},
		{10, `"/cluster/cluster_name"`, good(`"mini.example.com"`, 7)},
		{10, `"/cluster/nope"`, bad(`2`)},
		{10, `"/cluster/tags/0"`, good(`"east"`, 7)},
		{10, `"/cluster/enabled_hypervisors/0abc"`, good(`"kvm"`, 7)},
		{10, `"/cluster/enabled_hypervisors/007"`, bad(`2`)},
		{10, `"/cluster/enabled_hypervisors/-1"`, bad(`2`)},
		{10, `""`, bad(`2`)},
		{10, `"cluster"`, bad(`2`)},
		{10, `"/"`, bad(`2`)},
		{10, `"/cluster/"`, bad(`2`)},
		{10, `"//x"`, bad(`2`)},
		{10, `"/version"`, good(`3000000`, 7)},
		{10, `"/cluster/serial_no~zzz"`, good(`7`, 7)},
		{10, `"/cluster/serial_no/x"`, bad(`2`)},
		{10, `"/nodes/10000000-0000-4000-8000-000000000001/name"`, good(`"node1.example.com"`, 7)},
		{10, `"/nodes/10000000-0000-4000-8000-000000000001/hv_state_static"`, bad(`2`)},
		{10, `"/cluster/hv_state_static"`, good(`{}`, 7)},
		{10, `"/networks"`, good(`{}`, 7)},
		{10, `"/filters/"`, bad(`2`)},
		{10, `null`, bad(`"Invalid query type EmptyQuery"`)},
		{11, `null`, good(`{"cpu-avg-load":{"active":true,"interval":5000000},"diskstats":{"active":true,"interval":5000000},"drbd":{"active":true,"interval":5000000},"inst-status-xen":{"active":false,"interval":5000000},"lv":{"active":false,"interval":60000000},"xen-cpu-avg-load":{"active":true,"interval":5000000}}`, 7)},
	} {
		t.Run(fmt.Sprintf("%v %s", c.kind, c.query), func(t *testing.T) {
			a := newAsker(t, "testdata/mini.config.json")
			if got := string(a.ask(c.kind, json.RawMessage(c.query))); got != c.want {
				t.Errorf("answer\n%s, want\n%s", got, c.want)
			}
		})
	}
}

func TestTextIsShownAsHaskellShowsIt(t *testing.T) {
	for text, want := range map[string]string{
		"plain 'text'":     `plain 'text'`,
		`q"b\`:             `q\"b\\`,
		"\a\b\t\n\v\f\r":   `\a\b\t\n\v\f\r`,
		"\x00\x1b\x1f\x7f": `\NUL\ESC\US\DEL`,
		"\x0eH\x0eI":       `\SO\&H\SOI`,
		"\x001\x7f2":       `\NUL1\DEL2`,
		"é1éa€":            `\233\&1\233a\8364`,
		"\U0001d11e":       `\119070`,
	} {
		if got := string(appendShown(nil, []byte(text))); got != want {
			t.Errorf("%q shown as %s, want %s", text, got, want)
		}
	}
}

// TestTheLongestErrorTextFits asks with the queries whose error texts are the
// longest for their size, and expects that no memory had to be added.
func TestTheLongestErrorTextFits(t *testing.T) {
	a := newAsker(t, "testdata/mini.config.json")
	for name, query := range map[string]string{
		"fields": `{"3":[` + strings.Repeat("2,", 15000) + `2]}`,
		"quotes": `{"1":"` + strings.Repeat(`\"`, 12000) + `"}`,
		"ips":    `{"2":[` + strings.Repeat(`"",`, 8000) + `""]}`,
	} {
		before := cap(a.answers.composed) + cap(a.answers.text)
		if msg := a.ask(wire.ReqNodeRole, json.RawMessage(query)); len(msg) < len(query) {
			t.Errorf("%s: answer of %d bytes to a query of %d", name, len(msg), len(query))
		}
		if after := cap(a.answers.composed) + cap(a.answers.text); after != before {
			t.Errorf("%s: memory grew from %d to %d bytes", name, before, after)
		}
	}
}

// TestAnObjectIsKnownByItsKey asks about objects that call themselves by another
// uuid than the one they are kept under.
func TestAnObjectIsKnownByItsKey(t *testing.T) {
	text := miniConfig(t)
	for _, key := range []string{"10000000-0000-4000-8000-000000000002", "30000000-0000-4000-8000-000000000001"} {
		own := `"uuid": "` + key + `"`
		if !strings.Contains(text, own) {
			t.Fatalf("the config has no %s", own)
		}
		text = strings.Replace(text, own, `"uuid": "another"`, 1)
	}
	path := filepath.Join(t.TempDir(), "config.data")
	writeFile(t, path, text)
	a := newAsker(t, path)
	for _, c := range []struct {
		kind        wire.Type
		query, want string
	}{
		{7, `"node2"`, `[["node2.example.com",1,"web.example.com","disk/0","secondary","node1.example.com"]],"serial":4`},
		{8, `"10000000-0000-4000-8000-000000000002"`, `"answer":[[{"name":"db.example.com"`},
		{9, `"web"`, `"uuid":"40000000-0000-4000-8000-000000000001"`},
		{9, `"another"`, `Instance name another not found`},
	} {
		if got := string(a.ask(c.kind, json.RawMessage(c.query))); !strings.Contains(got, c.want) {
			t.Errorf("type %d, query %s: %.300s, without %s", c.kind, c.query, got, c.want)
		}
	}
}

// TestAnEmptyNameIsOneForAddresses asks for the address of an instance that is
// called "" and of one that has no name at all.
func TestAnEmptyNameIsOneForAddresses(t *testing.T) {
	text := miniConfig(t)
	for _, c := range []struct{ name, want string }{
		{`"name": ""`, `"answer":"192.0.2.1"`},
		{`"forthcoming": true`, `"answer":0`},
	} {
		path := filepath.Join(t.TempDir(), "config.data")
		writeFile(t, path, strings.Replace(text, `"name": "web.example.com"`, c.name, 1))
		if got := string(newAsker(t, path).ask(2, json.RawMessage(`{"1":"198.51.100.10"}`))); !strings.Contains(got, c.want) {
			t.Errorf("with %s the answer is %s, want %s", c.name, got, c.want)
		}
	}
}
