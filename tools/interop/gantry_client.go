package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"gantry/confd/client"
	"gantry/confd/config"
	"gantry/confd/wire"
)

// compareClient runs our client, the library and the commands, against the reference and ours: what they report must be the same.
func compareClient(ctx context.Context, run *session) error {
	text, err := testConfig{name: "client", options: config.GenerateOptions{Nodes: 8, Instances: 40, Seed: 17, Groups: 2}}.build()
	if err != nil {
		return err
	}
	tree, err := readClusterTree(text)
	if err != nil {
		return err
	}
	theirs, err := startReal(ctx, run, confdSpec{config: text})
	if err != nil {
		return err
	}
	defer theirs.stop()
	ours, err := startOurs(ctx, run, confdSpec{config: text, addr: netip.AddrFrom4([4]byte{127, 0, 7, 31})})
	if err != nil {
		return err
	}
	defer ours.stop()
	c := &clientComparison{run: run, ours: ours, theirs: theirs, queries: plainQueries(tree)}
	for _, compare := range []func(context.Context) error{c.batches, c.queriesOfBoth, c.callbacks, c.commands, c.check} {
		if err := compare(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A clientComparison has both servers on one config, and what to ask them.
type clientComparison struct {
	run     *session
	ours    *confdServer
	theirs  *confdServer
	queries []plainQuery
}

// request is a query as our client's.
func (q plainQuery) request() (*client.Request, error) {
	var query wire.Query
	switch v := q.Query.(type) {
	case nil:
		query.Kind = wire.QueryEmpty
	case string:
		query.Kind, query.Plain = wire.QueryPlain, v
	case map[string]any:
		query.Kind = wire.QueryDict
		query.Link, query.HasLink = v["0"].(string)
		query.IP, query.HasIP = v["1"].(string)
		query.IPs, query.HasIPs = v["2"].([]string)
		if fields, ok := v["3"].([]int); ok {
			query.HasFields = true
			for _, f := range fields {
				query.Fields = append(query.Fields, uint8(f))
			}
		}
	default:
		return nil, fmt.Errorf("a query of %T", v)
	}
	return client.NewRequest(wire.Type(q.Type), query)
}

func (c *clientComparison) requests() ([]*client.Request, error) {
	var all []*client.Request
	for _, q := range c.queries {
		r, err := q.request()
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func (c *clientComparison) connect(ctx context.Context, callback client.Callback) (*client.Client, error) {
	return client.New(ctx, client.Config{Key: clusterKey, Peers: client.StaticPeers{c.theirs.addr, c.ours.addr}, Callback: callback})
}

// batches asks each server all queries in a batch.
func (c *clientComparison) batches(ctx context.Context) error {
	library, err := c.connect(ctx, nil)
	if err != nil {
		return err
	}
	defer library.Close()
	requests, err := c.requests()
	if err != nil {
		return err
	}
	var results [2][]client.BatchResult
	for i, server := range []*confdServer{c.ours, c.theirs} {
		if results[i], err = library.Batch(ctx, requests, client.BatchOptions{Peer: server.addr, Window: 16}); err != nil {
			return fmt.Errorf("a batch to %s: %w", server.name, err)
		}
	}
	for i, q := range c.queries {
		c.run.same(fmt.Sprintf("batch, type %d %v", q.Type, q.Query), describeResult(results[0][i]), describeResult(results[1][i]))
	}
	return nil
}

func describeResult(r client.BatchResult) string {
	if r.Err != nil {
		return r.Err.Error()
	}
	return describeReply(r.Reply)
}

func describeReply(r client.Reply) string {
	return fmt.Sprintf("%v %d %s (%v)", r.Status, r.Serial, r.Answer, r.Err())
}

// queriesOfBoth asks both servers at a time, one query after the other, and has the client compare.
func (c *clientComparison) queriesOfBoth(ctx context.Context) error {
	library, err := c.connect(ctx, nil)
	if err != nil {
		return err
	}
	defer library.Close()
	requests, err := c.requests()
	if err != nil {
		return err
	}
	for i, request := range requests {
		answer, err := library.Query(ctx, request, client.CoverageAll)
		what := fmt.Sprintf("type %d %v", c.queries[i].Type, c.queries[i].Query)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		c.run.same(what+" of both", fmt.Sprint(answer.Asked, answer.Answered, answer.Consistent), "2 2 true")
	}
	return nil
}

// callbacks sends all queries to both servers at once, through the counting and the filtering callback.
func (c *clientComparison) callbacks(ctx context.Context) error {
	store := &client.StoreResultCallback{}
	filter := client.NewFilterCallback(store.Upcall, nil)
	counting := client.NewCountingCallback(filter.Upcall)
	library, err := c.connect(ctx, counting.Upcall)
	if err != nil {
		return err
	}
	defer library.Close()
	requests, err := c.requests()
	if err != nil {
		return err
	}
	for _, request := range requests {
		if err := counting.RegisterQuery(request.RSalt); err != nil {
			return err
		}
		if err := library.SendRequest(request, client.SendOptions{Coverage: client.CoverageAll, Sync: true}); err != nil {
			return err
		}
		if wait := library.WaitForReply(request.RSalt, answerPatience); wait.TimedOut || wait.Received != 2 {
			c.run.differs("%v of 2 servers answered %+v", wait.Received, request)
		}
		consistent, _ := filter.Consistent(request.RSalt)
		c.run.same(fmt.Sprintf("callbacks for %+v", request.Query), fmt.Sprint(counting.Replies(request.RSalt), consistent), "2 true")
	}
	if !counting.AllAnswered() {
		c.run.differs("not all requests with callbacks were answered")
	}
	return nil
}

// commands runs gantry query for every type against each server.
func (c *clientComparison) commands(ctx context.Context) error {
	tree, err := c.tree()
	if err != nil {
		return err
	}
	ip := tree.ips[0]
	for _, args := range [][]string{
		{"ping"}, {"node-role", tree.nodes[0]}, {"node-role", "missing"}, {"node-ip", ip, "--link", tree.linkOf[ip]}, {"node-ip", "203.0.113.1"}, {"node-ip", ip, "203.0.113.1"},
		{"master"}, {"master", "name", "ip", "node-ip"}, {"node-ips"}, {"candidate-ips"}, {"instance-ips"}, {"instance-ips", "--link", "nolink"}, {"drbd-minors", tree.nodes[1]},
		{"node-instances", tree.nodes[1]}, {"node-instances", "missing"}, {"instance-disks", tree.instances[0]}, {"config", "/cluster"}, {"config", "/nope"}, {"collectors"},
	} {
		for _, flag := range []string{"--json", "--json=false"} {
			ours := c.command(ctx, c.ours, append(args, flag)...)
			c.run.same("gantry query "+strings.Join(args, " "), ours, c.command(ctx, c.theirs, append(args, flag)...))
		}
	}
	return nil
}

func (c *clientComparison) tree() (*clusterTree, error) {
	text, err := os.ReadFile(c.ours.configPath())
	if err != nil {
		return nil, err
	}
	return readClusterTree(text)
}

// command is what gantry query prints, and its exit code.
func (c *clientComparison) command(ctx context.Context, server *confdServer, args ...string) string {
	argv := append([]string{"query", "--key", filepath.Join(server.root, "var/lib/ganeti/hmac.key"), "--peer", server.addr.String()}, args...)
	output, err := exec.CommandContext(ctx, c.run.gantry(), argv...).CombinedOutput()
	code, err := exitCode(err)
	if err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(string(output), server.addr.String(), "SERVER") + fmt.Sprintf("exit %d", code)
}

// check runs gantry query check on both servers: as they are, and after one's config has changed.
func (c *clientComparison) check(ctx context.Context) error {
	code, output, err := c.runCheck(ctx)
	if err != nil {
		return err
	}
	c.run.log("gantry query check asked both %d queries", output.Queries)
	c.run.same("gantry query check, alike", fmt.Sprint(code, output.Healthy, len(output.Differences), output.Unanswered), "0 true 0 0")
	const change = `"candidate_pool_size":`
	text, err := os.ReadFile(c.theirs.configPath())
	if err != nil {
		return err
	}
	if err := c.theirs.replaceConfig(bytes.Replace(text, []byte(change), []byte(change+"1"), 1)); err != nil {
		return err
	}
	const ask = `{"protocol":1,"type":10,"query":"/cluster/candidate_pool_size","rsalt":"check"}`
	if _, err := c.theirs.waitReply(ctx, reloadPatience, ask, func(msg []byte) bool {
		return bytes.Contains(msg, []byte(`"answer":1`)) && !bytes.Contains(msg, []byte(`"answer":10,`))
	}); err != nil {
		return err
	}
	if code, output, err = c.runCheck(ctx); err != nil {
		return err
	}
	if code != 1 || output.Healthy || len(output.Differences) == 0 || !strings.Contains(fmt.Sprint(output.Differences), "candidate_pool_size") {
		c.run.differs("gantry query check after a change of one: exit %d, %+v", code, output)
	}
	c.run.compared(1)
	return nil
}

// A checkOutput is what gantry query check --json prints, as far as it matters here.
type checkOutput struct {
	Healthy     bool
	Queries     int
	Unanswered  int
	Differences []struct{ Query, Path string }
}

func (c *clientComparison) runCheck(ctx context.Context) (code int, output checkOutput, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	text, err := exec.CommandContext(ctx, c.run.gantry(), "query", "check", "--json", "--key", filepath.Join(c.ours.root, "var/lib/ganeti/hmac.key"),
		"--peer", c.ours.addr.String(), "--peer", c.theirs.addr.String()).Output()
	if code, err = exitCode(err); err != nil {
		return code, output, err
	}
	if err := json.Unmarshal(text, &output); err != nil {
		return code, output, fmt.Errorf("the output of gantry query check: %w", err)
	}
	if output.Queries == 0 {
		return code, output, errors.New("gantry query check asked nothing")
	}
	return code, output, nil
}
