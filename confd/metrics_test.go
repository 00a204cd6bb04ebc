package confd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"gantry/confd/wire"
	"gantry/netio"
)

// quiet waits until the worker has published what it did last: it begins a batch
// of its own only after that.
func (r *running) quiet() {
	r.t.Helper()
	for range 2 {
		r.ask(wire.ReqPing, wire.Query{})
	}
}

// registered is the server's collector where everything about it is checked.
func registered(r *running) *prometheus.Registry {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(r.server.Metrics())
	return registry
}

// gather returns the families by name.
func gather(t *testing.T, registry *prometheus.Registry) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

// Whatever is declared is served, and the other way round, with help and unit.
func TestWhatIsDeclaredIsServed(t *testing.T) {
	served := gather(t, registered(start(t, miniConfig(t))))
	for _, group := range MetricGroups() {
		for _, f := range group.Families {
			got := served[f.Name]
			switch {
			case got == nil:
				t.Errorf("%s isn't served", f.Name)
			case got.GetHelp() != f.Help || f.Help == "" || f.Unit == "" || !strings.HasSuffix(f.Help, "."):
				t.Errorf("%s: help %q, unit %q", f.Name, f.Help, f.Unit)
			case strings.ToLower(got.GetType().String()) != string(f.Kind):
				t.Errorf("%s is a %v, declared as a %s", f.Name, got.GetType(), f.Kind)
			}
			delete(served, f.Name)
		}
	}
	for name := range served {
		t.Errorf("%s isn't declared", name)
	}
}

func TestEveryDropReasonHasAMeaning(t *testing.T) {
	reasons, meanings := DropMeanings()
	if len(reasons) != wire.NumDrops-1 {
		t.Errorf("%d reasons, want %d", len(reasons), wire.NumDrops-1)
	}
	for i, reason := range reasons {
		if meanings[i] == "" || reason == "unknown" {
			t.Errorf("reason %q means %q", reason, meanings[i])
		}
	}
}

// What came in is what went out and what was dropped, each drop with a reason.
func TestCountsAddUp(t *testing.T) {
	r := start(t, miniConfig(t))
	for _, datagram := range [][]byte{nil, []byte("plj1"), []byte("plj0{}"), r.request(wire.NewKey([]byte("x")), wire.ReqPing, wire.Query{})} {
		r.send(datagram)
	}
	for range 5 {
		r.ask(wire.ReqNodeRole, plain("node1"))
	}
	r.quiet()
	counts := r.server.counts()
	var requests, drops, early uint64
	for i := range wire.NumTypes {
		requests += counts.plain[countRequests+i]
	}
	for i := range wire.NumDrops {
		drops += counts.plain[countDrops+i]
		if d := wire.Drop(i); d <= wire.DropSkew || d == wire.DropPortZero || d == wire.DropTruncated {
			early += counts.plain[countDrops+i]
		}
	}
	// The last batch may not be published yet.
	received := counts.net[netio.Datagrams] + counts.net[netio.PortZero] + counts.net[netio.Truncated]
	if early != 4 || requests < 6 {
		t.Errorf("%d dropped, %d requests; want 4 and 6 or more", early, requests)
	}
	if lag := max(received, requests+early) - min(received, requests+early); lag > 1 {
		t.Errorf("%d received, %d requests and %d drops", received, requests, early)
	}
	if sent := counts.net[netio.Replies] + drops - early; max(sent, requests)-min(sent, requests) > 1 {
		t.Errorf("%d sent or dropped, %d requests", sent, requests)
	}
}

func TestDistributionsHoldWhatWasDone(t *testing.T) {
	r := start(t, miniConfig(t))
	ahead := time.Now().Unix() + 40
	msg := wire.AppendRequestMsg(nil, wire.ReqPing, wire.Query{}, []byte("r"))
	r.send(wire.AppendRequest(nil, r.key, ahead, msg))
	r.receive(r.key)
	r.send(wire.AppendRequest(nil, r.key, ahead-1040, msg)) // dropped
	const asked = 10
	for range asked {
		r.ask(wire.ReqNodeRole, plain("node1"))
	}
	r.quiet()
	families := gather(t, registered(r))
	batches := families["gantry_confd_batch_datagrams"].Metric[0].Histogram
	if n := batches.GetSampleCount(); n < asked || batches.GetSampleSum() < asked {
		t.Errorf("%d batches of %v datagrams", n, batches.GetSampleSum())
	}
	service := families["gantry_confd_batch_service_seconds"].Metric[0].Histogram
	if s := service.GetSampleSum(); service.GetSampleCount() < asked || s <= 0 || s > 60 {
		t.Errorf("%d batches took %v seconds", service.GetSampleCount(), s)
	}
	if service.GetSchema() != 3 || len(service.PositiveSpan) == 0 || len(service.Bucket) == 0 {
		t.Errorf("not of both forms: %v", service)
	}
	for _, m := range families["gantry_confd_clock_skew_seconds"].Metric {
		want := map[string][2]float64{askerAhead: {30, 45}, askerBehind: {995, 1020}}[m.Label[0].GetValue()]
		if sum := m.Histogram.GetSampleSum(); sum < want[0] || sum > want[1] {
			t.Errorf("%s: %v seconds in all, want %v", m.Label[0].GetValue(), sum, want)
		}
	}
	reloads := families["gantry_confd_config_reload_seconds"].Metric[0].Histogram
	if reloads.GetSampleCount() != 1 || reloads.GetSampleSum() <= 0 {
		t.Errorf("%d reloads took %v seconds", reloads.GetSampleCount(), reloads.GetSampleSum())
	}
	for _, name := range []string{"config_objects", "config_file_bytes", "config_age_seconds"} {
		if v := families[prefix+name].Metric[0].Gauge.GetValue(); v <= 0 {
			t.Errorf("%s is %v", name, v)
		}
	}
}

// A scrape may come at any time, also with a config that never was.
func TestMetricsWithoutAConfig(t *testing.T) {
	r := start(t, "")
	registry := registered(r)
	families := gather(t, registry)
	for _, name := range []string{"config_serial", "config_age_seconds", "config_loaded_timestamp_seconds", "config_objects"} {
		if v := families[prefix+name].Metric[0].Gauge.GetValue(); v != 0 {
			t.Errorf("%s is %v without a config", name, v)
		}
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestCountingABatchAllocatesNothing(t *testing.T) {
	d, began := newDistributions(), time.Now()
	allocs := testing.AllocsPerRun(100, func() {
		d.countSkew(-1)
		d.countBatch(64, began)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// An absurd time stamp doesn't spoil the sums.
func TestSkewsAreCutOff(t *testing.T) {
	d := newDistributions()
	for _, seconds := range []int64{1 << 57, -1 << 57} {
		d.countSkew(seconds)
	}
	w := &worker{distributions: d}
	m := metrics{&Server{workers: []*worker{w}}}
	for _, h := range []prometheus.Metric{
		m.sum(skewFamily, aheadOf, askerAhead), m.sum(skewFamily, behindOf, askerBehind),
	} {
		var out dto.Metric
		if err := h.Write(&out); err != nil || out.Histogram.GetSampleSum() != skewMax {
			t.Errorf("%v, %v", out.Histogram.GetSampleSum(), err)
		}
	}
}

// BenchmarkCountBatch is what the distributions cost, once a batch.
func BenchmarkCountBatch(b *testing.B) {
	d := newDistributions()
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		d.countSkew(0)
		d.countBatch(64, began)
	}
}

// BenchmarkScrape is what a scrape costs, all its parts, as text and as what
// Prometheus asks for to get native histograms.
func BenchmarkScrape(b *testing.B) {
	r := start(b, miniConfig(b))
	for range 100 {
		r.ask(wire.ReqNodeRole, plain("node1"))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(r.server.Metrics())
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	for _, accept := range []string{"text/plain", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"} {
		b.Run(strings.SplitN(accept, ";", 2)[0][strings.Index(accept, "/")+1:], func(b *testing.B) {
			request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			request.Header.Set("Accept", accept)
			b.ReportAllocs()
			for b.Loop() {
				recorder := httptest.NewRecorder()
				handler.ServeHTTP(recorder, request)
				io.Copy(io.Discard, recorder.Body)
			}
		})
	}
}
