package confd

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gantry/confd/wire"
	"gantry/netio"
)

// metrics collects a server's numbers when they are scraped: the sums of what
// the workers have published, and the state of the config.
type metrics struct{ server *Server }

// Metrics is what the server tells Prometheus. docs/metrics.md lists them.
func (s *Server) Metrics() prometheus.Collector { return metrics{s} }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("gantry_confd_"+name, help, labels, nil)
}

var (
	requestsDesc = desc("requests_total", "Authentic requests, by what they ask for.", "type")
	repliesDesc  = desc("replies_total", "Replies, by status.", "status")
	dropsDesc    = desc("drops_total", "Datagrams and replies dropped, by reason.", "reason")
	tooLargeDesc = desc("replies_too_large_total", "Answers that fit no datagram and were replaced by an internal error.")
	batchesDesc  = desc("batches_total", "Batches of datagrams received.")
	groupedDesc  = desc("coalesced_datagrams_total", "Datagrams that arrived coalesced.")
	waitsDesc    = desc("waits_total", "Times that a worker waited for datagrams.")
	workersDesc  = desc("workers", "Query workers.")

	reloadsDesc   = desc("config_reloads_total", "Times that the config was read, by result.", "result")
	serialDesc    = desc("config_serial", "Serial number of the config that answers; 0 without one.")
	versionDesc   = desc("config_version", "Layout version of the config that answers; 0 without one.")
	nodesDesc     = desc("config_nodes", "Nodes in the config that answers.")
	instancesDesc = desc("config_instances", "Instances in the config that answers.")
	bytesDesc     = desc("config_bytes", "Memory that the config that answers takes.")
	buildDesc     = desc("config_build_seconds", "Time that the last build took.")
	loadedDesc    = desc("config_loaded_timestamp_seconds", "When the config file was last read and found good.")
	staleDesc     = desc("config_stale_seconds", "For how long the config file can't be used; 0 when it can.")
)

// Describe implements prometheus.Collector.
func (m metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		requestsDesc, repliesDesc, dropsDesc, tooLargeDesc, batchesDesc, groupedDesc, waitsDesc, workersDesc,
		reloadsDesc, serialDesc, versionDesc, nodesDesc, instancesDesc, bytesDesc, buildDesc, loadedDesc, staleDesc,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m metrics) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	counts := m.server.counts()
	for t := range wire.Type(wire.NumTypes) {
		counter(requestsDesc, counts.plain[countRequests+int(t)], t.String())
	}
	for s := range wire.Status(wire.NumStatuses) {
		counter(repliesDesc, counts.plain[countStatuses+int(s)], s.String())
	}
	for d := wire.DropNone + 1; int(d) < wire.NumDrops; d++ {
		counter(dropsDesc, counts.plain[countDrops+int(d)], d.String())
	}
	counter(tooLargeDesc, counts.plain[countTooLarge])
	counter(batchesDesc, counts.net[netio.Batches])
	counter(groupedDesc, counts.net[netio.Coalesced])
	counter(waitsDesc, counts.net[netio.Waits])
	gauge(workersDesc, float64(len(m.server.workers)))
	m.collectConfig(counter, gauge)
}

func (m metrics) collectConfig(counter func(*prometheus.Desc, uint64, ...string), gauge func(*prometheus.Desc, float64)) {
	status, info := m.server.loader.Status(), m.server.loader.Snapshot().Info()
	counter(reloadsDesc, status.Builds, "built")
	counter(reloadsDesc, status.Unchanged, "unchanged")
	counter(reloadsDesc, status.Failures, "failed")
	gauge(serialDesc, float64(info.Serial))
	gauge(versionDesc, float64(info.Version))
	gauge(nodesDesc, float64(info.Nodes))
	gauge(instancesDesc, float64(info.Instances))
	gauge(bytesDesc, float64(info.Bytes))
	gauge(buildDesc, status.LastBuild.Seconds())
	gauge(staleDesc, status.Stale(m.server.now()).Seconds())
	loaded := 0.0
	if !status.Loaded.IsZero() {
		loaded = float64(status.Loaded.UnixNano()) / float64(time.Second)
	}
	gauge(loadedDesc, loaded)
}

// Requests is the number of authentic requests so far, as the workers have
// published it. It doesn't allocate.
func (s *Server) Requests() (n uint64) {
	for _, w := range s.workers {
		for t := range wire.NumTypes {
			n += w.published[countRequests+t].Load()
		}
	}
	return n
}

// totals are the sums over all workers, and over the transport below them.
type totals struct {
	plain [numCounts]uint64
	net   netio.Counters
}

// counts sums what the workers have published. Exact when they are idle.
func (s *Server) counts() (t totals) {
	for _, w := range s.workers {
		for i := range t.plain {
			t.plain[i] += w.published[i].Load()
		}
	}
	stats := s.group.Stats()
	t.net = stats.Total()
	t.plain[countDrops+int(wire.DropPortZero)] += t.net[netio.PortZero]
	t.plain[countDrops+int(wire.DropTruncated)] += t.net[netio.Truncated]
	t.plain[countDrops+int(wire.DropQueueFull)] += stats.KernelDrops()
	t.plain[countDrops+int(wire.DropSend)] += t.net[netio.SendErrors] + t.net[netio.SendFull]
	return t
}
