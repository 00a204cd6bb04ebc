package observability

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"gantry/confd"
	"gantry/confd/daemon"
	"gantry/confd/metric"
)

// foreign are the metrics used here that libraries and Prometheus itself make.
var foreign = []string{
	"up", "process_cpu_seconds_total", "process_resident_memory_bytes", "go_memstats_heap_inuse_bytes", "go_gc_duration_seconds",
}

// families are the declared ones.
func families() []*metric.Family {
	all := daemon.MetricFamilies()
	for _, group := range confd.MetricGroups() {
		all = append(all, group.Families...)
	}
	return all
}

// A rule is one of a file of rules.
type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

func rules(t *testing.T, name string) (all []rule) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatalf("%s holds no rules", name)
	}
	return all
}

// A panel is one of the dashboard, as far as it is looked at.
type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []struct{ Expr, LegendFormat, RefID string }
	FieldConfig              struct{ Defaults struct{ Unit string } }
}

type dashboard struct {
	UID, Title string
	Panels     []panel
	Templating struct {
		List []struct{ Name, Definition string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// expressions are all there are, by where they stand.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range []string{"rules.yml", "alerts.yml"} {
		for _, r := range rules(t, file) {
			found[file+" "+r.Record+r.Alert] = r.Expr
		}
	}
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			found["dashboard.json "+p.Title+" "+target.RefID] = target.Expr
		}
	}
	return found
}

// known are the names that an expression may use: of each distribution those of
// its series.
func known(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, name := range foreign {
		names[name] = true
	}
	for _, f := range families() {
		if f.Kind != metric.Distribution {
			names[f.Name] = true
			continue
		}
		for _, series := range []string{"_bucket", "_sum", "_count"} {
			names[f.Name+series] = true
		}
	}
	for _, r := range rules(t, "rules.yml") {
		names[r.Record] = true
	}
	return names
}

// What isn't a metric in an expression: labels in braces, and in parentheses
// after the words that take them, text, durations.
var (
	notNames = regexp.MustCompile(`\{[^}]*\}|"[^"]*"|\[[^\]]*\]|\b(by|without|on|ignoring|group_left|group_right) \([^)]*\)`)
	names    = regexp.MustCompile(`\$?[a-zA-Z_][\w:]*\b\s*\(?`)
)

// used are the metrics that an expression names.
func used(expr string) (found []string) {
	for _, name := range names.FindAllString(notNames.ReplaceAllString(expr, " "), -1) {
		if name = strings.TrimSpace(name); !strings.HasSuffix(name, "(") {
			found = append(found, name)
		}
	}
	return found
}

func TestUsed(t *testing.T) {
	expr := `sum by (le, job) (rate(a_bucket{job=~"$job",x="y"}[5m])) / ignoring (reason) b - on (job) group_right () (c:d > 0)`
	if got := strings.Join(used(expr), " "); got != "a_bucket b c:d" {
		t.Errorf("%q", got)
	}
}

// Nothing is asked for that nobody serves.
func TestExpressionsNameWhatExists(t *testing.T) {
	exist := known(t)
	for where, expr := range expressions(t) {
		found := used(expr)
		if len(found) == 0 {
			t.Errorf("%s: no metric in %q", where, expr)
		}
		for _, name := range found {
			if !exist[name] {
				t.Errorf("%s: there is no %s", where, name)
			}
		}
	}
	for _, v := range readDashboard(t).Templating.List {
		if match := regexp.MustCompile(`^label_values\((\w+)`).FindStringSubmatch(v.Definition); v.Definition != "" && (match == nil || !exist[match[1]]) {
			t.Errorf("the variable %s is made of %q", v.Name, v.Definition)
		}
	}
}

// Whatever is served is shown, or watched.
func TestEveryFamilyIsUsed(t *testing.T) {
	all := map[string]bool{}
	for _, expr := range expressions(t) {
		for _, name := range used(expr) {
			all[name] = true
		}
	}
	for _, f := range families() {
		if !all[f.Name] && !all[f.Name+"_bucket"] {
			t.Errorf("%s is on no panel and in no rule", f.Name)
		}
	}
}

// An expression's label values are those that there are.
func TestLabelValuesExist(t *testing.T) {
	matcher := regexp.MustCompile(`(\w+)\{([^}]*)\}`)
	for where, expr := range expressions(t) {
		for _, m := range matcher.FindAllStringSubmatch(expr, -1) {
			for _, f := range families() {
				if f.Name != m[1] {
					continue
				}
				for _, l := range f.Labels {
					given := regexp.MustCompile(`\b` + l.Name + `="([^"]*)"`).FindStringSubmatch(m[2])
					if given != nil && len(l.Values) > 0 && !strings.Contains(" "+strings.Join(l.Values, " ")+" ", " "+given[1]+" ") {
						t.Errorf("%s: %s is never %q", where, l.Name, given[1])
					}
				}
			}
		}
	}
}

func TestPanelsAreWhole(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || len(d.Panels) < 20 {
		t.Fatalf("%q %q with %d panels", d.UID, d.Title, len(d.Panels))
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: the id %d is taken", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s lies over %q or outside", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d lacks something: %+v", p.ID, p)
		}
		for _, target := range p.Targets {
			if target.LegendFormat == "" || !strings.Contains(target.Expr, `{job=~"$job",instance=~"$instance"`) {
				t.Errorf("%s: %q doesn't follow the variables, or has no legend", p.Title, target.Expr)
			}
		}
	}
}

// An alert says how grave it is, what is wrong, and what to do.
func TestAlertsAreWhole(t *testing.T) {
	tested, err := os.ReadFile("rules_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules(t, "alerts.yml") {
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s: severity %q", r.Alert, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s: %v", r.Alert, r.Annotations)
		}
		if !strings.Contains(string(tested), "alertname: "+r.Alert+"\n") {
			t.Errorf("%s has no test in rules_test.yml", r.Alert)
		}
	}
	for _, r := range rules(t, "rules.yml") {
		if !strings.Contains(string(tested), "expr: "+r.Record) {
			t.Errorf("%s has no test in rules_test.yml", r.Record)
		}
	}
}

// The page names every file.
func TestThePageNamesEveryFile(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"*.yml", "*.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %q, %v", pattern, files, err)
		}
		for _, file := range files {
			if !strings.Contains(string(page), "("+file+")") {
				t.Errorf("README.md doesn't name %s", file)
			}
		}
	}
}
