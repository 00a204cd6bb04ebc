package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gantry/confd/config"
)

const (
	// ganetiLibrary is the folder of the reference's Python packages.
	ganetiLibrary = "/usr/share/ganeti/3.0"
	// systemPython is Debian's, which they are made for.
	systemPython = "/usr/bin/python3"
)

//go:embed clients/confd_library.py
var libraryScript []byte

// comparePythonLibrary drives the reference's client library against three servers at once: the reference's, ours, and a mix. What the library
// reports must be the same.
func comparePythonLibrary(ctx context.Context, run *session) error {
	text, err := testConfig{name: "python", options: config.GenerateOptions{Nodes: 6, Instances: 20, Seed: 3}}.build()
	if err != nil {
		return err
	}
	queries, err := libraryQueries(text)
	if err != nil {
		return err
	}
	for _, addrs := range [][]netip.Addr{loopbackAddrs(3), {netip.IPv6Loopback()}} {
		output := map[string]string{}
		for _, mix := range []string{"theirs", "ours", "mixed"} {
			if output[mix], err = libraryRun(ctx, run, text, addrs, mix, queries); err != nil {
				return fmt.Errorf("%s on %v: %w", mix, addrs, err)
			}
		}
		run.log("the library reports %d lines on %v", strings.Count(output["ours"], "\n"), addrs)
		sameLines(run, "the Python library on our servers", output["ours"], output["theirs"])
		sameLines(run, "the Python library on one of our servers among theirs", output["mixed"], output["theirs"])
	}
	return nil
}

// loopbackAddrs are n addresses that clients can tell apart.
func loopbackAddrs(n int) []netip.Addr {
	var all []netip.Addr
	for i := range n {
		all = append(all, netip.AddrFrom4([4]byte{127, 0, 7, byte(1 + i)}))
	}
	return all
}

// libraryRun starts a server on each address, and the library's session against them.
func libraryRun(ctx context.Context, run *session, text []byte, addrs []netip.Addr, mix string, queries []byte) (string, error) {
	port, err := freePort(addrs[0])
	if err != nil {
		return "", err
	}
	specs := []confdSpec{}
	for _, addr := range addrs {
		specs = append(specs, confdSpec{config: text, addr: addr, port: port})
	}
	start := map[string]func(i int) (*confdServer, error){
		"theirs": func(i int) (*confdServer, error) { return startReal(ctx, run, specs[i]) },
		"ours":   func(i int) (*confdServer, error) { return startOurs(ctx, run, specs[i]) },
		"mixed": func(i int) (*confdServer, error) {
			if i == len(specs)/2 {
				return startOurs(ctx, run, specs[i])
			}
			return startReal(ctx, run, specs[i])
		},
	}[mix]
	peers := []string{}
	root := ""
	for i, addr := range addrs {
		server, err := start(i)
		if err != nil {
			return "", err
		}
		defer server.stop()
		peers = append(peers, addr.String())
		root = server.root
	}
	return runLibrary(ctx, run, root, port, peers, queries)
}

// runLibrary runs the library's session and returns what it prints.
func runLibrary(ctx context.Context, run *session, root string, port uint16, peers []string, queries []byte) (string, error) {
	dir, err := run.temp()
	if err != nil {
		return "", err
	}
	script := filepath.Join(dir, "confd_library.py")
	if err := os.WriteFile(script, libraryScript, 0o644); err != nil {
		return "", err
	}
	session := exec.CommandContext(ctx, systemPython, script, ganetiLibrary, filepath.Join(root, "var/lib/ganeti/hmac.key"), strconv.Itoa(int(port)), strings.Join(peers, ","))
	session.Stdin = bytes.NewReader(queries)
	var stderr bytes.Buffer
	session.Stderr = &stderr
	output, err := session.Output()
	if err != nil {
		return "", fmt.Errorf("the library's session: %w\n%s", err, &stderr)
	}
	return string(output), nil
}

// libraryQueries are queries of every type that the library sends, all with an answer.
func libraryQueries(text []byte) ([]byte, error) {
	tree, err := readClusterTree(text)
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, q := range plainQueries(tree) {
		if q.Type == typeNodeInstances {
			continue // not in the library's list
		}
		if err := encoder.Encode([]any{q.Type, q.Query}); err != nil {
			return nil, err
		}
	}
	return lines.Bytes(), nil
}

// A plainQuery is one that a well-behaved client sends.
type plainQuery struct {
	Type  int
	Query any
}

// plainQueries ask everything that clients ask for: each type, with things that are there and things that aren't.
func plainQueries(tree *clusterTree) []plainQuery {
	all := []plainQuery{{typePing, nil}, {typeMaster, nil}, {typeNodeIPs, nil}, {typeCandidateIPs, nil}, {typeDataCollectors, nil}, {typeInstanceIPs, nil}}
	add := func(typ int, query any) { all = append(all, plainQuery{typ, query}) }
	for _, fields := range [][]int{{0}, {1}, {2}, {0, 1, 2}, {2, 2}, {}} {
		add(typeMaster, map[string]any{"3": fields})
	}
	for _, name := range append([]string{"missing"}, tree.nodes...) {
		short, _, _ := strings.Cut(name, ".")
		for _, asked := range []string{name, short} {
			add(typeNodeRole, asked)
			add(typeNodeDRBD, asked)
			add(typeNodeInstances, asked)
		}
	}
	for _, name := range append([]string{"missing"}, tree.instances...) {
		add(typeInstanceDisks, name)
	}
	for _, link := range append([]string{"nolink"}, tree.links...) {
		add(typeInstanceIPs, link)
		add(typeNodeByInstanceIP, map[string]any{"0": link, "2": tree.ips})
	}
	for _, ip := range append([]string{"203.0.113.9"}, tree.ips...) {
		add(typeNodeByInstanceIP, map[string]any{"1": ip})
		add(typeNodeByInstanceIP, map[string]any{"1": ip, "0": tree.linkOf[ip]})
	}
	for _, path := range []string{"/cluster", "/cluster/cluster_name", "/cluster/tags", "/version", "/serial_no", "/nope", ""} {
		add(typeConfigQuery, path)
	}
	for _, key := range tree.instanceKeys {
		add(typeConfigQuery, "/instances/"+key)
	}
	for _, key := range tree.nodeKeys {
		add(typeConfigQuery, "/nodes/"+key)
	}
	return all
}

// sameLines compares two outputs line by line and reports the first line that differs.
func sameLines(run *session, what, ours, theirs string) {
	a, b := strings.Split(ours, "\n"), strings.Split(theirs, "\n")
	run.compared(max(len(a), len(b)))
	for i := range max(len(a), len(b)) {
		line := func(lines []string) string {
			if i < len(lines) {
				return lines[i]
			}
			return "(the end)"
		}
		if line(a) != line(b) {
			run.differs("%s: line %d\n    ours    %s\n    theirs  %s", what, i+1, line(a), line(b))
			return
		}
	}
}

// clientTool is the reference's tool to try out a confd.
const clientTool = ganetiLibrary + "/confd-client"

// fieldsAsText is the tool's one mistake: it sends field numbers as strings, which the server it comes with ignores.
var fieldsAsText = regexp.MustCompile(`str\((constants\.CONFD_REQFIELD_\w+)\)`)

// timing is a line of the tool that depends on the machine.
var timing = regexp.MustCompile(`\d+\.\d+ms per`)

// compareClientTool runs the reference's confd-client against both servers: as it is, where it fails at the same place on both; and with its one
// mistake mended, where it must pass all of its tests.
func compareClientTool(ctx context.Context, run *session) error {
	text, err := testConfig{name: "confd-client", options: config.GenerateOptions{Nodes: 4, Instances: 12, Seed: 5}}.build()
	if err != nil {
		return err
	}
	source, err := os.ReadFile(clientTool)
	if err != nil {
		return err
	}
	dir, err := run.temp()
	if err != nil {
		return err
	}
	mended := filepath.Join(dir, "confd-client")
	if err := os.WriteFile(mended, fieldsAsText.ReplaceAll(source, []byte("$1")), 0o755); err != nil {
		return err
	}
	// It knows no other port than the service's.
	spec := confdSpec{config: text, addr: netip.AddrFrom4([4]byte{127, 0, 7, 9}), port: 1814}
	type result struct{ asIs, mended string }
	var results [2]result
	for i, start := range []func(context.Context, *session, confdSpec) (*confdServer, error){startOurs, startReal} {
		server, err := start(ctx, run, spec)
		if err != nil {
			return err
		}
		results[i].asIs = runClientTool(ctx, server, clientTool)
		results[i].mended = runClientTool(ctx, server, mended)
		server.stop()
	}
	run.same("confd-client as it is", results[0].asIs, results[1].asIs)
	run.same("confd-client, mended", results[0].mended, results[1].mended)
	if !strings.HasSuffix(results[0].mended, "exit 0") || !strings.Contains(results[0].mended, "Instance IP to node IP query: OK") {
		run.differs("confd-client, mended, doesn't pass all its tests: %s", results[0].mended)
	}
	return nil
}

// runClientTool returns what the tool prints and its exit code.
func runClientTool(ctx context.Context, server *confdServer, path string) string {
	c := exec.CommandContext(ctx, systemPython, path, "--address="+server.addr.Addr().String(), "--requests=20")
	c.Env = append(virtualNodeEnv(server.root), "PYTHONPATH="+ganetiLibrary)
	output, err := c.CombinedOutput()
	code, err := exitCode(err)
	if err != nil {
		return err.Error()
	}
	return timing.ReplaceAllString(string(output), "N ms per") + fmt.Sprintf("exit %d", code)
}
