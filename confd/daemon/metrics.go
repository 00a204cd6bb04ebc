package daemon

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gantry/confd/metric"
)

const (
	// scrapesInFlightMax keeps many scrapers from gathering all at once.
	scrapesInFlightMax = 4
	// scrapeTimeout is Prometheus' own default for a scrape.
	scrapeTimeout = 10 * time.Second
)

// MetricFamilies are what every daemon serves beside what is known of the process
// and the Go runtime.
func MetricFamilies() []*metric.Family { return []*metric.Family{buildFamily, lostFamily} }

var (
	buildFamily = metric.New(metric.Gauge, "gantry_build_info", "builds", "Always 1; the labels say what was built.",
		metric.Label{Name: "daemon"}, metric.Label{Name: "version"}, metric.Label{Name: "revision"}, metric.Label{Name: "goversion"})
	lostFamily = metric.New(metric.Counter, "gantry_log_lines_lost_total", "lines", "Log lines that a destination did not get: the disk was full, or syslog slow.",
		metric.Label{Name: "destination", Values: []string{"file", "syslog"}})
)

// newRegistry holds what is true of every daemon: the build, the process, the
// Go runtime, and log lines that were lost.
func newRegistry(o *Options, l *logs) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		frameMetrics{o, l},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return registry
}

// frameMetrics collects the families that every daemon serves.
type frameMetrics struct {
	options *Options
	logs    *logs
}

// Describe implements prometheus.Collector.
func (m frameMetrics) Describe(ch chan<- *prometheus.Desc) { metric.Describe(ch, MetricFamilies()) }

// Collect implements prometheus.Collector.
func (m frameMetrics) Collect(ch chan<- prometheus.Metric) {
	file, syslog := m.logs.lost()
	ch <- buildFamily.Set(1, m.options.Identity.Name, m.options.Version, m.options.Revision, runtime.Version())
	ch <- lostFamily.Count(file, "file")
	ch <- lostFamily.Count(syslog, "syslog")
}

// newMux serves what every daemon serves. Later pages are added by the daemon.
func newMux(registry *prometheus.Registry, ready *checks) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: scrapesInFlightMax,
		Timeout:             scrapeTimeout,
		EnableOpenMetrics:   true,
		// Compressing a page of 20 kB would take half as long again as making it.
		DisableCompression: true,
	}))
	mux.HandleFunc("GET /healthz", serveHealth)
	mux.HandleFunc("GET /readyz", ready.serveReady)
	return mux
}
