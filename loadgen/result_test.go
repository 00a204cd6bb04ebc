package loadgen

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// TestHistogramLog writes a log that the format's own reader reads.
func TestHistogramLog(t *testing.T) {
	r := &Result{Target: "udp://127.0.0.1:9", Workload: "echo", Started: time.UnixMilli(1_700_000_000_123), Seconds: 4.5, Latency: newLatency()}
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		r.Latency.add(time.Duration(random.ExpFloat64() * float64(time.Millisecond)))
	}
	var log bytes.Buffer
	if err := r.WriteHDR(&log); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"#[Histogram log format version 1.3]\n", "#[StartTime: 1700000000 (seconds since epoch), ", `"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"`} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("no %q in\n%s", line, log.String())
		}
	}
	reader := hdrhistogram.NewHistogramLogReader(&log)
	h, err := reader.NextIntervalHistogram()
	if err != nil {
		t.Fatal(err)
	}
	if !h.Equals(r.Latency.Histogram) || h.TotalCount() != 10_000 {
		t.Errorf("%d values with a mean of %g are read instead of 10000 with %g", h.TotalCount(), h.Mean(), r.Latency.Mean())
	}
	if h.StartTimeMs() != 1_700_000_000_123 || h.EndTimeMs() != 1_700_000_004_623 {
		t.Errorf("from %d to %d", h.StartTimeMs(), h.EndTimeMs())
	}
	if h, err := reader.NextIntervalHistogram(); h != nil || err != nil {
		t.Errorf("another one: %v, %v", h, err)
	}
	if err := r.WriteHDR(full{}); !errors.Is(err, errFull) {
		t.Errorf("a full disk: %v", err)
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestFiguresOfLatency are what the histogram knows, in ns.
func TestFiguresOfLatency(t *testing.T) {
	l := newLatency()
	for i := range 1000 {
		l.add(time.Duration(i+1) * time.Microsecond)
	}
	text, err := json.Marshal(l.Figures())
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]float64
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"count": 1000, "min": 1e3, "mean": 500.5e3, "p50": 500e3, "p90": 900e3, "p99": 990e3, "p999": 999e3, "max": 1e6,
	} {
		if math.Abs(got[name]-want) > want/1000 {
			t.Errorf("%s is %g instead of %g", name, got[name], want)
		}
	}
}

// TestFieldsAreDocumented compares the names in JSON with docs/load.md: neither has
// one that the other lacks.
func TestFieldsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/load.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		heading string
		v       any
	}{
		{"## Fields of a result", Result{}},
		{"## Fields of a search", SearchResult{}},
		{"## Fields of a trial", Trial{}},
		{"## Fields of a distribution", Figures{}},
	} {
		_, section, found := strings.Cut(string(text), c.heading+"\n")
		if !found {
			t.Errorf("there is no %q", c.heading)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		documented := map[string]bool{}
		for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(section, -1) {
			documented[row[1]] = true
			if strings.TrimSpace(row[2]) == "" {
				t.Errorf("%s: %s has no unit", c.heading, row[1])
			}
		}
		for _, name := range jsonNames(c.v) {
			if !documented[name] {
				t.Errorf("%s: %s is not documented", c.heading, name)
			}
			delete(documented, name)
		}
		for name := range documented {
			t.Errorf("%s: %s does not exist", c.heading, name)
		}
	}
}

func jsonNames(v any) (names []string) {
	for field := range reflect.TypeOf(v).Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// TestBlame names what was wrong, and nothing else.
func TestBlame(t *testing.T) {
	if err := (&Result{Answered: 7, Sent: 7}).Blame(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		r    Result
		want string
	}{
		{Result{Lost: 3}, "3 lost"},
		{Result{Wrong: 1, Unsent: 2, WarmupFaults: 5}, "1 wrong, 2 not sent in time, 5 not right in the warm-up"},
		{Result{Late: 1, Duplicate: 2, Foreign: 3, Refused: 4}, "1 late, 2 duplicate, 3 foreign, 4 refused by the system"},
	} {
		if err := c.r.Blame(); err == nil || err.Error() != c.want || c.r.Clean() {
			t.Errorf("%v instead of %s", err, c.want)
		}
	}
}

// TestBusyGeneratorIsTheLimit compares the busiest thread with what is allowed.
func TestBusyGeneratorIsTheLimit(t *testing.T) {
	for busy, limited := range map[time.Duration]bool{500 * time.Millisecond: false, 690 * time.Millisecond: false, 710 * time.Millisecond: true} {
		o, err := Options{Workers: 2}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		var loops []*loop
		for _, used := range []time.Duration{100 * time.Millisecond, busy} {
			source, err := Echo{Size: 64}.Source(0, &o)
			if err != nil {
				t.Fatal(err)
			}
			l := newLoop(&o, 0, newLoopback(1), source)
			l.measured, l.ended, l.processor, l.known = 0, time.Second, used, true
			loops = append(loops, l)
		}
		if r := collect(UDP{}, Echo{Size: 64}, &o, loops, time.Now()); r.GeneratorLimited != limited || r.Busiest() != busy.Seconds() {
			t.Errorf("%s of a second: limited %t, busiest %g", busy, r.GeneratorLimited, r.Busiest())
		}
	}
}
