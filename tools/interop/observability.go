package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gantry/confd/config"
)

// Prometheus and its tool, where Debian's package has them.
const (
	prometheusBinary = "/usr/bin/prometheus"
	promtoolBinary   = "/usr/bin/promtool"
)

// observabilityFolder has the rules, the alerts and the dashboard.
const observabilityFolder = "tools/observability"

// compareObservability puts what we give to the people who watch the daemon to the programs that they use: promtool judges the rules and a
// live scrape, and Prometheus scrapes a daemon under load with the configuration that we propose, counts what was sent to it, and evaluates
// every expression of the dashboard.
func compareObservability(ctx context.Context, run *session) error {
	for _, check := range [][]string{
		{"check", "config", "prometheus.yml"},
		{"check", "rules", "rules.yml", "alerts.yml"},
		{"test", "rules", "rules_test.yml"},
	} {
		run.promtool(ctx, nil, check...)
	}
	text, err := testConfig{name: "observability", options: config.GenerateOptions{Nodes: 4, Instances: 50, Seed: 3}}.build()
	if err != nil {
		return err
	}
	server, err := startOurs(ctx, run, confdSpec{config: text})
	if err != nil {
		return err
	}
	defer server.stop()
	address, err := httpAddress(server)
	if err != nil {
		return err
	}
	exposition, err := httpGet(ctx, "http://"+address+"/metrics")
	if err != nil {
		return err
	}
	run.promtool(ctx, exposition, "check", "metrics")
	ready, err := httpGet(ctx, "http://"+address+"/readyz")
	if err != nil {
		return err
	}
	run.same("/readyz", string(ready), "ready\n")
	if err := run.watch(ctx, server, address, false); err != nil {
		return err
	}
	return run.watch(ctx, server, address, true)
}

// promtool runs the tool in the folder of the rules; whatever it complains about is a difference.
func (s *session) promtool(ctx context.Context, stdin []byte, args ...string) {
	cmd := exec.CommandContext(ctx, promtoolBinary, args...)
	cmd.Dir, cmd.Stdin = s.testdata(observabilityFolder), bytes.NewReader(stdin)
	text, err := cmd.CombinedOutput()
	s.compared(1)
	if err != nil {
		s.differs("promtool %s: %v\n%s", strings.Join(args, " "), err, text)
	}
}

// httpAddress is where a server of ours serves HTTP, as it logged.
func httpAddress(s *confdServer) (string, error) {
	match := regexp.MustCompile(`over HTTP address=(\S+)`).FindStringSubmatch(s.process.output.String())
	if match == nil {
		return "", fmt.Errorf("%s doesn't say where it serves HTTP: %s", s.name, s.process.output.String())
	}
	return match[1], nil
}

// httpPatience bounds one request to a daemon on this machine.
const httpPatience = 10 * time.Second

// httpGet returns a page, which must be there.
func httpGet(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: httpPatience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, response.Status, text)
	}
	return text, err
}

// watch has a Prometheus of its own scrape the server while it is asked. With native histograms, Prometheus takes those in place of the classic
// ones, which the dashboard is made of; so then only they are looked at.
func (s *session) watch(ctx context.Context, server *confdServer, address string, native bool) error {
	prometheus, err := startPrometheus(ctx, s, address, native)
	if err != nil {
		return err
	}
	defer prometheus.process.stop()
	before, err := prometheus.await(ctx, countedQuery)
	if err != nil {
		return err
	}
	sent, err := askForAWhile(ctx, server)
	if err != nil {
		return err
	}
	expressions := []string{
		"histogram_count(gantry_confd_batch_service_seconds)",
		"histogram_quantile(0.99, rate(gantry_confd_batch_service_seconds[10s]))",
		"histogram_count(gantry_confd_config_reload_seconds)",
	}
	if !native {
		if expressions, err = s.dashboardExpressions(); err != nil {
			return err
		}
	}
	for _, expr := range expressions {
		s.compared(1)
		if _, err := prometheus.await(ctx, expr); err != nil {
			s.differs("prometheus, asked for %s: %v", expr, err)
		}
	}
	// The last of the scrapes comes when all was answered.
	after, err := prometheus.awaitValue(ctx, countedQuery, func(v float64) bool { return v >= before+float64(sent) })
	if err != nil {
		return err
	}
	s.same("requests that Prometheus counted", strconv.Itoa(int(after-before)), strconv.Itoa(sent))
	up, err := prometheus.await(ctx, "min(up)")
	if err != nil {
		return err
	}
	s.same("up", strconv.Itoa(int(up)), "1")
	return nil
}

// What is asked while Prometheus looks, and how that is counted. Nothing else asks it.
const (
	countedMessage = `{"protocol": 1, "type": 6, "query": null, "rsalt": "observability"}`
	countedQuery   = `gantry_confd_requests_total{type="instances_ips_list"}`
)

// askForAWhile asks long enough for a few scrapes of every second, and returns how often. It also sends datagrams that are dropped, so that
// there are drops to be seen.
func askForAWhile(ctx context.Context, server *confdServer) (sent int, err error) {
	const asking, pause = 3 * time.Second, 20 * time.Millisecond
	junk, err := newLane(server.addr)
	if err != nil {
		return 0, err
	}
	defer junk.close()
	for until := time.Now().Add(asking); time.Now().Before(until) && ctx.Err() == nil; sent++ {
		reply, err := server.askOnce(countedMessage, answerPatience)
		if err != nil || reply == nil {
			return sent, errors.Join(errors.New("no answer"), err)
		}
		if err := junk.send([]byte("no magic")); err != nil {
			return sent, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return sent, ctx.Err()
}

// dashboardExpressions are those of all panels, with the variables put in as Grafana does.
func (s *session) dashboardExpressions() (found []string, err error) {
	text, err := os.ReadFile(s.testdata(observabilityFolder, "dashboard.json"))
	if err != nil {
		return nil, err
	}
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		return nil, err
	}
	variables := strings.NewReplacer("$job", ".+", "$instance", ".+", "$__rate_interval", "10s")
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			found = append(found, variables.Replace(target.Expr))
		}
	}
	if len(found) == 0 {
		return nil, errors.New("the dashboard has no expressions")
	}
	return found, nil
}
