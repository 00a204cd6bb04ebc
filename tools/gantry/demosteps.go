package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"gantry/confd/client"
	"gantry/confd/wire"
	"gantry/loadgen"
)

const (
	demoLinesMax   = 3  // of an answer that are shown
	demoWidthMax   = 96 // of a line
	demoLoadTime   = 3 * time.Second
	demoLoadFlight = 64 // requests under way: load, but no benchmark
	demoLoadAhead  = 1 << 14
	// demoLoadPatience is for machines that do other things as well: an answer
	// that is late for a second is no fault here.
	demoLoadPatience = 10 * time.Second
)

// ask runs gantry query for every type of query.
func (d *demo) ask(ctx context.Context) error {
	c := d.cluster
	asked := map[string]bool{}
	for _, question := range [][]string{
		{"ping"},
		{"node-role", c.node},
		{"node-ip", c.address},
		{"master"},
		{"node-ips"},
		{"candidate-ips"},
		{"instance-ips"},
		{"drbd-minors", c.node},
		{"node-instances", c.node},
		{"instance-disks", c.instance},
		{"config", "/cluster/cluster_name"},
		{"collectors"},
	} {
		asked[question[0]] = true
		d.say("$ gantry query %s", strings.Join(question, " "))
		arguments := append([]string{"gantry", "query", "--root", d.dirs.Root, "--peer", d.daemon.queries.String()}, question...)
		var stdout, stderr strings.Builder
		if code := run(ctx, arguments, &stdout, &stderr); code != 0 {
			return fmt.Errorf("gantry query %s: exit code %d: %s", question[0], code, strings.TrimSpace(stderr.String()))
		}
		if stdout.Len() == 0 {
			return fmt.Errorf("gantry query %s: no answer", question[0])
		}
		d.show(stdout.String())
	}
	if len(asked) != wire.NumTypes {
		return fmt.Errorf("%d of the %d types were asked", len(asked), wire.NumTypes)
	}
	return nil
}

// show writes the beginning of an answer.
func (d *demo) show(text string) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for _, line := range lines[:min(len(lines), demoLinesMax)] {
		if len(line) > demoWidthMax {
			line = strings.ToValidUTF8(line[:demoWidthMax], "") + "…"
		}
		d.say("  %s", line)
	}
	if more := len(lines) - demoLinesMax; more > 0 {
		d.say("  … and %d lines more", more)
	}
}

// changeUnderLoad moves an instance while queries come in, and waits for the
// new answer.
func (d *demo) changeUnderLoad(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var result *loadgen.Result
	loaded := make(chan error, 1)
	go func() {
		var err error
		result, err = d.load(ctx)
		loaded <- err
	}()
	before, err := d.nodeOfInstance(ctx)
	if err != nil {
		return err
	}
	if err := pause(ctx, demoLoadTime/3); err != nil { // the load is on by then
		return err
	}
	d.say("The instance with address %s runs on node %s.", d.cluster.address, before)
	began := time.Now()
	name, after, err := d.cluster.move()
	if err != nil {
		return err
	}
	for {
		answer, err := d.nodeOfInstance(ctx)
		if err != nil {
			return err
		}
		if answer == after {
			break
		}
		if answer != before {
			return fmt.Errorf("the node of %s is neither %s nor %s, but %s", d.cluster.address, before, after, answer)
		}
	}
	d.say("It is moved to %s. The new answer is %s: writing the file, loading it and asking took %d ms.", name, after, time.Since(began).Milliseconds())
	if err := <-loaded; err != nil {
		return err
	}
	if !result.Clean() {
		return fmt.Errorf("under load: of %d requests %d were answered, %d wrongly, %d not at all", result.Sent, result.Answered, result.Wrong, result.Lost)
	}
	d.say("Meanwhile %d other queries were answered, every one of them rightly: %.0f a second, half of them within %v.",
		result.Answered, result.Rate, result.Latency.Quantile(0.5).Round(time.Microsecond))
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// load asks the usual mix of queries for a while.
func (d *demo) load(ctx context.Context) (*loadgen.Result, error) {
	names, err := loadgen.ReadNames(d.dirs.Config())
	if err != nil {
		return nil, err
	}
	key, err := client.ReadKey(d.dirs.HMACKey())
	if err != nil {
		return nil, err
	}
	target := loadgen.UDP{Scheme: "confd", Addr: d.daemon.queries}
	workload := loadgen.Confd{Key: wire.NewKey(key), Mix: loadgen.StandardMix(names)}
	return loadgen.Run(ctx, target, workload, loadgen.Options{
		Duration: demoLoadTime, Outstanding: demoLoadFlight, Ahead: demoLoadAhead, Timeout: demoLoadPatience,
	})
}

// nodeOfInstance asks where the chosen instance runs.
func (d *demo) nodeOfInstance(ctx context.Context) (string, error) {
	answer, err := d.client.Query(ctx, client.NodeIP(d.cluster.address), 1)
	if err != nil {
		return "", err
	}
	return answer.NodeIP()
}

// breakAndMend shows that a torn config replaces nothing.
func (d *demo) breakAndMend(ctx context.Context) error {
	before, err := d.nodeOfInstance(ctx)
	if err != nil {
		return err
	}
	if err := d.cluster.tear(); err != nil {
		return err
	}
	if err := d.daemon.waitReady(ctx, false); err != nil {
		return err
	}
	reason, _, err := d.daemon.get(ctx, "/readyz")
	if err != nil {
		return err
	}
	d.say("Half of the file is cut off. The daemon says that it is not ready:")
	d.say("  %s", strings.TrimSpace(reason))
	during, err := d.nodeOfInstance(ctx)
	if err != nil {
		return err
	}
	if during != before {
		return fmt.Errorf("the broken config changed an answer from %s to %s", before, during)
	}
	d.say("It goes on answering from the last good one: %s.", during)
	if err := d.cluster.write(); err != nil {
		return err
	}
	if err := d.daemon.waitReady(ctx, true); err != nil {
		return err
	}
	d.say("The file is written anew, and it is ready again.")
	return nil
}

// measure shows what the daemon counted.
func (d *demo) measure(ctx context.Context) error {
	text, code, err := d.daemon.get(ctx, "/metrics")
	if err != nil {
		return err
	}
	if code != 200 {
		return fmt.Errorf("/metrics: status %d", code)
	}
	d.say("$ curl http://%s/metrics", d.daemon.http)
	lines := regexp.MustCompile(`(?m)^gantry_confd_(?:replies_total|config_reloads_total|config_serial|config_instances).*$`).FindAllString(text, -1)
	if len(lines) == 0 {
		return errors.New("/metrics has nothing of confd")
	}
	for _, line := range lines {
		d.say("  %s", line)
	}
	return nil
}
