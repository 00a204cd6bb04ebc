package confd

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gantry/confd/metric"
	"gantry/confd/wire"
	"gantry/netio"
)

// metrics collects a server's numbers when they are scraped: the sums of what
// the workers have published, and the state of the config. It takes nothing from
// the workers but a look at their numbers.
type metrics struct{ server *Server }

// Metrics is what the server tells Prometheus. docs/metrics.md lists them.
func (s *Server) Metrics() prometheus.Collector { return metrics{s} }

// Describe implements prometheus.Collector.
func (m metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, group := range MetricGroups() {
		metric.Describe(ch, group.Families)
	}
}

// Collect implements prometheus.Collector.
func (m metrics) Collect(ch chan<- prometheus.Metric) {
	counts := m.server.counts()
	m.collectTraffic(ch, &counts)
	m.collectWork(ch, &counts)
	m.collectConfig(ch)
}

func (m metrics) collectTraffic(ch chan<- prometheus.Metric, counts *totals) {
	for t := range wire.Type(wire.NumTypes) {
		ch <- requestsFamily.Count(counts.plain[countRequests+int(t)], t.String())
	}
	for s := range wire.Status(wire.NumStatuses) {
		ch <- repliesFamily.Count(counts.plain[countStatuses+int(s)], s.String())
	}
	for d := wire.DropNone + 1; int(d) < wire.NumDrops; d++ {
		ch <- dropsFamily.Count(counts.plain[countDrops+int(d)], d.String())
	}
	ch <- tooLargeFamily.Count(counts.plain[countTooLarge])
	ch <- receivedFamily.Count(counts.net[netio.Datagrams] + counts.net[netio.PortZero] + counts.net[netio.Truncated])
	ch <- sentFamily.Count(counts.net[netio.Replies])
	ch <- bytesInFamily.Count(counts.net[netio.ReceivedBytes])
	ch <- bytesOutFamily.Count(counts.net[netio.SentBytes])
	ch <- m.sum(skewFamily, aheadOf, askerAhead)
	ch <- m.sum(skewFamily, behindOf, askerBehind)
	for _, socket := range counts.sockets {
		labels := []string{strconv.Itoa(socket.Worker), socket.Addr.String()}
		ch <- kernelFamily.Count(socket.KernelDrops, labels...)
		ch <- queueFamily.Set(float64(socket.ReceiveBuffer), labels...)
	}
}

func (m metrics) collectWork(ch chan<- prometheus.Metric, counts *totals) {
	ch <- batchesFamily.Count(counts.net[netio.Batches])
	ch <- m.sum(sizeFamily, sizesOf)
	ch <- m.sum(serviceFamily, serviceOf)
	ch <- coalescedFamily.Count(counts.net[netio.Coalesced])
	ch <- segmentedFamily.Count(counts.net[netio.Segmented])
	ch <- receivesFamily.Count(counts.net[netio.ReceiveCalls])
	ch <- emptyFamily.Count(counts.net[netio.EmptyReceives])
	ch <- failedFamily.Count(counts.net[netio.ReceiveErrors])
	ch <- sendsFamily.Count(counts.net[netio.SendCalls])
	ch <- waitsFamily.Count(counts.net[netio.Waits])
	ch <- workersFamily.Set(float64(len(m.server.workers)))
}

func aheadOf(d *distributions) *metric.Histogram   { return d.ahead }
func behindOf(d *distributions) *metric.Histogram  { return d.behind }
func sizesOf(d *distributions) *metric.Histogram   { return d.sizes }
func serviceOf(d *distributions) *metric.Histogram { return d.service }

// sum is a family's sample of all workers.
func (m metrics) sum(f *metric.Family, of func(*distributions) *metric.Histogram, labels ...string) prometheus.Metric {
	var histograms []*metric.Histogram
	for _, w := range m.server.workers {
		histograms = append(histograms, of(&w.distributions))
	}
	return f.Sum(m.server.made, histograms, labels...)
}

func (m metrics) collectConfig(ch chan<- prometheus.Metric) {
	status, info, now := m.server.loader.Status(), m.server.loader.Snapshot().Info(), m.server.now()
	ch <- reloadsFamily.Count(status.Builds, "built")
	ch <- reloadsFamily.Count(status.Unchanged, "unchanged")
	ch <- reloadsFamily.Count(status.Failures, "failed")
	ch <- reloadFamily.Sum(m.server.made, []*metric.Histogram{m.server.reloads})
	ch <- buildFamily.Set(status.LastBuild.Seconds())
	ch <- serialFamily.Set(float64(info.Serial))
	ch <- versionFamily.Set(float64(info.Version))
	ch <- nodesFamily.Set(float64(info.Nodes))
	ch <- instancesFamily.Set(float64(info.Instances))
	ch <- objectsFamily.Set(float64(info.Objects))
	ch <- takenFamily.Set(float64(info.Unchanged))
	ch <- bytesFamily.Set(float64(info.Bytes))
	ch <- fileFamily.Set(float64(info.FileBytes))
	age := 0.0
	if info.FileBytes > 0 {
		age = max(0, now.Sub(status.Modified).Seconds())
	}
	ch <- ageFamily.Set(age)
	loaded := 0.0
	if !status.Loaded.IsZero() {
		loaded = float64(status.Loaded.UnixNano()) / float64(time.Second)
	}
	ch <- loadedFamily.Set(loaded)
	ch <- staleFamily.Set(status.Stale(now).Seconds())
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
	plain   [numCounts]uint64
	net     netio.Counters
	sockets []netio.SocketStats
}

// counts sums what the workers have published. Exact when they are idle.
func (s *Server) counts() (t totals) {
	for _, w := range s.workers {
		for i := range t.plain {
			t.plain[i] += w.published[i].Load()
		}
	}
	stats := s.group.Stats()
	t.net, t.sockets = stats.Total(), stats.Sockets
	t.plain[countDrops+int(wire.DropPortZero)] += t.net[netio.PortZero]
	t.plain[countDrops+int(wire.DropTruncated)] += t.net[netio.Truncated]
	t.plain[countDrops+int(wire.DropQueueFull)] += stats.KernelDrops()
	t.plain[countDrops+int(wire.DropSend)] += t.net[netio.SendErrors] + t.net[netio.SendFull]
	return t
}
