package main

import (
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// newHTTPClient leaves no connection behind.
func newHTTPClient() *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
}

// scrape returns what a daemon serves at /metrics.
func scrape(t *testing.T, address string) string {
	t.Helper()
	response, err := newHTTPClient().Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", response.Status, err)
	}
	return string(text)
}

// ours are the metrics that are Gantry's own, each as "name type labels".
func ours(exposition string) []string {
	types := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^# TYPE (gantry_\w+) (\w+)$`).FindAllStringSubmatch(exposition, -1) {
		types[match[1]] = match[2]
	}
	found := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^(gantry_\w+)(?:\{(.*)\})? `).FindAllStringSubmatch(exposition, -1) {
		name, labels := match[1], []string(nil)
		if family := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, ""); types[family] == "histogram" {
			name = family
		}
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(match[2], -1) {
			if label[1] != "le" {
				labels = append(labels, label[1])
			}
		}
		slices.Sort(labels)
		found[name+" "+types[name]+" "+strings.Join(labels, ",")] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// documented are the metrics of docs/metrics.md in the same form.
func documented(page string) []string {
	var found []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(gantry_\\w+)` \\| (\\w+) \\| \\w+ \\| (.*?) \\| \\S").FindAllStringSubmatch(page, -1) {
		var labels []string
		// What stands in parentheses are values.
		names := regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(row[3], "")
		for _, match := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(names, -1) {
			labels = append(labels, match[1])
		}
		slices.Sort(labels)
		found = append(found, row[1]+" "+row[2]+" "+strings.Join(labels, ","))
	}
	slices.Sort(found)
	return found
}

// The page is the one that the program writes.
func TestTheMetricsPageIsUpToDate(t *testing.T) {
	code, page, stderr := call(t, "gantry", "metrics-page")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if page != readDoc(t, "docs/metrics.md") {
		t.Error("docs/metrics.md is not what the program declares; run make docs")
	}
}

// The page lists what a daemon serves, all of it and nothing else.
func TestMetricsAreDocumented(t *testing.T) {
	got, want := ours(scrape(t, startConfd(t, newNode(t)).http)), documented(readDoc(t, "docs/metrics.md"))
	if len(want) < 30 {
		t.Fatalf("the page lists only %q", want)
	}
	for _, metric := range got {
		if !slices.Contains(want, metric) {
			t.Errorf("served, but not documented: %s", metric)
		}
	}
	for _, metric := range want {
		if !slices.Contains(got, metric) {
			t.Errorf("documented, but not served: %s", metric)
		}
	}
}

// Names and help texts are as Prometheus' users expect them.
func TestMetricsAreNamedWell(t *testing.T) {
	exposition := scrape(t, startConfd(t, newNode(t)).http)
	problems, err := promlint.New(strings.NewReader(exposition)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

// Every reason to drop a datagram is explained.
func TestDropReasonsAreDocumented(t *testing.T) {
	exposition, page := scrape(t, startConfd(t, newNode(t)).http), readDoc(t, "docs/metrics.md")
	reasons := regexp.MustCompile(`gantry_confd_drops_total\{reason="(\w+)"\}`).FindAllStringSubmatch(exposition, -1)
	if len(reasons) == 0 {
		t.Error("no reasons are served")
	}
	for _, reason := range reasons {
		if !strings.Contains(page, "\n| `"+reason[1]+"` |") {
			t.Errorf("%s is not explained", reason[1])
		}
	}
}

// A daemon is ready when its config is good and it answers its own query. Both
// are asked for by HTTP, as a probe does.
func TestReadyMeansThatQueriesAreAnswered(t *testing.T) {
	dirs := newNode(t)
	p := startConfd(t, dirs)
	if status, text := probe(t, p.http, "/readyz"); status != http.StatusOK || text != "ready\n" {
		t.Errorf("%d %q", status, text)
	}
	if status, text := probe(t, p.http, "/debug/pprof/goroutine?debug=1"); status != http.StatusOK || !strings.Contains(text, "goroutine profile") {
		t.Errorf("profiles: %d %.100q", status, text)
	}
	if !regexp.MustCompile(`(?m)^gantry_confd_requests_total\{type="ping"\} [1-9]`).MatchString(scrape(t, p.http)) {
		t.Error("ready, but no query was answered")
	}
	empty := newNode(t)
	if err := os.Remove(empty.Config()); err != nil {
		t.Fatal(err)
	}
	if status, text := probe(t, startConfd(t, empty).http, "/readyz"); status != http.StatusServiceUnavailable || !strings.HasPrefix(text, "config: ") {
		t.Errorf("without a config: %d %q", status, text)
	}
}

// probe returns the status and the text of a page.
func probe(t *testing.T, address, path string) (int, string) {
	t.Helper()
	response, err := newHTTPClient().Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
