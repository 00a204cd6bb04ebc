package main

import (
	"io"
	"maps"
	"net/http"
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
		var labels []string
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(match[2], -1) {
			labels = append(labels, label[1])
		}
		slices.Sort(labels)
		found[match[1]+" "+types[match[1]]+" "+strings.Join(labels, ",")] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// documented are the metrics of docs/metrics.md in the same form.
func documented(page string) []string {
	var found []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(gantry_\\w+)` \\| (\\w+) \\| (.*?) \\|").FindAllStringSubmatch(page, -1) {
		var labels []string
		for _, part := range strings.Split(row[3], ",") {
			// What follows a colon are values.
			name, _, more := strings.Cut(part, ":")
			if match := regexp.MustCompile("^ *`(\\w+)`$").FindStringSubmatch(name); match != nil {
				labels = append(labels, match[1])
			}
			if more {
				break
			}
		}
		slices.Sort(labels)
		found = append(found, row[1]+" "+row[2]+" "+strings.Join(labels, ","))
	}
	slices.Sort(found)
	return found
}

// The page lists what a daemon serves, all of it and nothing else.
func TestMetricsAreDocumented(t *testing.T) {
	got, want := ours(scrape(t, startConfd(t, newNode(t)).http)), documented(readDoc(t, "docs/metrics.md"))
	if len(want) < 10 {
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
