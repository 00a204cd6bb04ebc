package daemon

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// scrapesInFlightMax keeps many scrapers from gathering all at once.
	scrapesInFlightMax = 4
	// scrapeTimeout is Prometheus' own default for a scrape.
	scrapeTimeout = 10 * time.Second
)

// newRegistry holds what is true of every daemon: the build, the process, the
// Go runtime, and log lines that were lost.
func newRegistry(o *Options, l *logs) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "gantry_build_info",
		Help: "Always 1; the labels say what was built.",
		ConstLabels: prometheus.Labels{
			"daemon": o.Identity.Name, "version": o.Version, "revision": o.Revision, "goversion": runtime.Version(),
		},
	})
	build.Set(1)
	registry.MustRegister(
		build,
		lostLines("file", func() float64 { file, _ := l.lost(); return float64(file) }),
		lostLines("syslog", func() float64 { _, syslog := l.lost(); return float64(syslog) }),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return registry
}

func lostLines(destination string, count func() float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name:        "gantry_log_lines_lost_total",
		Help:        "Log lines that a destination did not get.",
		ConstLabels: prometheus.Labels{"destination": destination},
	}, count)
}

// newMux serves what every daemon serves. Later pages are added by the daemon.
func newMux(registry *prometheus.Registry, ready *checks) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: scrapesInFlightMax,
		Timeout:             scrapeTimeout,
		EnableOpenMetrics:   true,
	}))
	mux.HandleFunc("GET /healthz", serveHealth)
	mux.HandleFunc("GET /readyz", ready.serveReady)
	return mux
}
