package metric

import (
	"math"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"
)

var layouts = map[string]*Layout{
	"nanoseconds": NewLayout(3, 1e9, 5_000, 10_000, 20_000, 100_000, 1_000_000, 1_000_000_000),
	"numbers":     NewLayout(0, 1, 1, 2, 4, 8, 16, 32, 64, 128, 256),
	"seconds":     NewLayout(0, 1, 0, 1, 2, 5, 10, 30, 60, 120, 300),
}

// A value is in the cell whose bounds are around it.
func TestCells(t *testing.T) {
	for name, l := range layouts {
		rapid.Check(t, func(t *rapid.T) {
			v := rapid.Uint64().Draw(t, "value") >> rapid.IntRange(0, 63).Draw(t, "shift")
			if rapid.Bool().Draw(t, "is a bound") {
				v = l.bounds[v%uint64(len(l.bounds))]
			}
			want := sort.Search(len(l.bounds), func(i int) bool { return l.bounds[i] >= v })
			if got := l.cell(v); got != want {
				t.Errorf("%s: %d is in cell %d, want %d", name, v, got, want)
			}
		})
	}
}

// Both forms of what is exported equal those of the library's own histogram.
func TestBothFormsAreThoseOfTheLibrary(t *testing.T) {
	for name, l := range layouts {
		rapid.Check(t, func(t *rapid.T) {
			values := rapid.SliceOfN(rapid.Uint64Range(0, 1<<40), 1, 50).Draw(t, "values")
			var bounds []float64
			for _, c := range l.classic {
				bounds = append(bounds, c.bound)
			}
			theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
				Name: "h", Help: "h", Buckets: bounds,
				NativeHistogramBucketFactor:  math.Exp2(math.Exp2(-float64(l.schema))),
				NativeHistogramZeroThreshold: prometheus.NativeHistogramZeroThresholdZero,
			})
			ours := []*Histogram{NewHistogram(l), NewHistogram(l)}
			for i, v := range values {
				v >>= uint(i % 40)
				theirs.Observe(float64(v) / l.scale)
				ours[i%2].Observe(v)
			}
			got, want := written(t, New(Distribution, "h", "things", "h").Sum(time.Now(), ours)), written(t, theirs)
			if math.Abs(got.GetSampleSum()-want.GetSampleSum()) > 1e-6*want.GetSampleSum() {
				t.Errorf("%s: sum %g, want %g", name, got.GetSampleSum(), want.GetSampleSum())
			}
			got.SampleSum, got.CreatedTimestamp, want.SampleSum, want.CreatedTimestamp = nil, nil, nil, nil
			if got.String() != want.String() {
				t.Errorf("%s:\n got %v\nwant %v", name, got, want)
			}
		})
	}
}

func written(t *rapid.T, m prometheus.Metric) *dto.Histogram {
	var out dto.Metric
	if err := m.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Histogram
}

func TestAnEmptyHistogramIsNative(t *testing.T) {
	var out dto.Metric
	if err := New(Distribution, "h", "things", "h").Sum(time.Now(), []*Histogram{NewHistogram(layouts["numbers"])}).Write(&out); err != nil {
		t.Fatal(err)
	}
	if len(out.Histogram.PositiveSpan) == 0 || out.Histogram.GetSampleCount() != 0 {
		t.Errorf("%v", out.Histogram)
	}
}

func TestObservingAllocatesNothing(t *testing.T) {
	h := NewHistogram(layouts["nanoseconds"])
	if n := testing.AllocsPerRun(100, func() { h.Observe(12_345) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// constant is a collector of fixed samples.
type constant struct {
	families []*Family
	samples  []prometheus.Metric
}

func (c constant) Describe(ch chan<- *prometheus.Desc) { Describe(ch, c.families) }
func (c constant) Collect(ch chan<- prometheus.Metric) {
	for _, m := range c.samples {
		ch <- m
	}
}

func TestSamples(t *testing.T) {
	count := New(Counter, "eaten_total", "apples", "Apples eaten.", Label{Name: "kind", Values: []string{"red", "green"}})
	set := New(Gauge, "left_bytes", "bytes", "What is left.")
	c := constant{[]*Family{count, set}, []prometheus.Metric{count.Count(2, "red"), set.Set(1.5)}}
	want := `# HELP eaten_total Apples eaten.
# TYPE eaten_total counter
eaten_total{kind="red"} 2
# HELP left_bytes What is left.
# TYPE left_bytes gauge
left_bytes 1.5
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	var page strings.Builder
	if err := WriteTable(&page, c.families); err != nil {
		t.Fatal(err)
	}
	const row = "| `eaten_total` | counter | apples | `kind` (`red`, `green`) | Apples eaten. |\n"
	if !strings.Contains(page.String(), row) {
		t.Errorf("no %sin\n%s", row, page.String())
	}
}

func BenchmarkObserve(b *testing.B) {
	h := NewHistogram(layouts["nanoseconds"])
	b.ReportAllocs()
	v := uint64(0)
	for b.Loop() {
		h.Observe(40_000 + v&0xffff)
		v += 977
	}
}

func BenchmarkClock(b *testing.B) {
	b.Run("now", func(b *testing.B) {
		for b.Loop() {
			_ = time.Now()
		}
	})
	b.Run("since", func(b *testing.B) {
		began := time.Now()
		for b.Loop() {
			_ = time.Since(began)
		}
	})
}
