package confd

import (
	"gantry/confd/metric"
	"gantry/confd/wire"
	"gantry/netio"
)

const prefix = "gantry_confd_"

func counter(name, unit, help string, labels ...metric.Label) *metric.Family {
	return metric.New(metric.Counter, prefix+name, unit, help, labels...)
}

func gauge(name, unit, help string, labels ...metric.Label) *metric.Family {
	return metric.New(metric.Gauge, prefix+name, unit, help, labels...)
}

func distribution(name, unit, help string, labels ...metric.Label) *metric.Family {
	return metric.New(metric.Distribution, prefix+name, unit, help, labels...)
}

// What came in and went out.
var (
	requestsFamily  = counter("requests_total", "requests", "Authentic requests, by what they ask for.", named("type", wire.Type(0), wire.NumTypes))
	repliesFamily   = counter("replies_total", "replies", "Replies made, by status.", named("status", wire.Status(0), wire.NumStatuses))
	dropsFamily     = counter("drops_total", "datagrams", "Datagrams that got no reply and replies that could not be sent, by reason.", named("reason", wire.DropNone+1, wire.NumDrops))
	tooLargeFamily  = counter("replies_too_large_total", "replies", "Answers that fit no datagram; an internal error went out in their place.")
	receivedFamily  = counter("received_datagrams_total", "datagrams", "Datagrams read from the kernel.")
	sentFamily      = counter("sent_datagrams_total", "datagrams", "Replies handed to the kernel.")
	bytesInFamily   = counter("received_bytes_total", "bytes", "Payload of the datagrams that were looked at.")
	bytesOutFamily  = counter("sent_bytes_total", "bytes", "Payload of the replies handed to the kernel.")
	skewFamily      = distribution("clock_skew_seconds", "seconds", "How far the clocks of those who asked were from this node's, in whole seconds: of each batch, the authentic request that was farthest.", metric.Label{Name: "asker", Values: []string{askerAhead, askerBehind}})
	kernelFamily    = counter("kernel_drops_total", "datagrams", "Datagrams that the kernel lost before anybody read them, by socket; drops_total has their sum as queue_full.", socketLabels...)
	queueFamily     = gauge("receive_buffer_bytes", "bytes", "Size of a socket's receive queue, as the kernel counts it.", socketLabels...)
	trafficFamilies = []*metric.Family{
		requestsFamily, repliesFamily, dropsFamily, tooLargeFamily, receivedFamily, sentFamily, bytesInFamily, bytesOutFamily,
		skewFamily, kernelFamily, queueFamily,
	}
)

// How the workers work.
var (
	batchesFamily   = counter("batches_total", "batches", "Batches of datagrams received.")
	sizeFamily      = distribution("batch_datagrams", "datagrams", "Datagrams in a batch.")
	serviceFamily   = distribution("batch_service_seconds", "seconds", "Time from the arrival of a batch in the program until its replies were handed to the kernel.")
	coalescedFamily = counter("coalesced_datagrams_total", "datagrams", "Datagrams that the kernel delivered several in one buffer.")
	segmentedFamily = counter("segmented_replies_total", "replies", "Replies that were handed to the kernel several in one message.")
	receivesFamily  = counter("receive_calls_total", "calls", "System calls that received, also in vain.")
	emptyFamily     = counter("empty_receive_calls_total", "calls", "System calls that received nothing.")
	failedFamily    = counter("receive_errors_total", "calls", "System calls that could not receive.")
	sendsFamily     = counter("send_calls_total", "calls", "System calls that sent.")
	waitsFamily     = counter("waits_total", "calls", "Times that a worker found nothing to do and slept.")
	workersFamily   = gauge("workers", "workers", "Query workers.")
	workFamilies    = []*metric.Family{
		batchesFamily, sizeFamily, serviceFamily, coalescedFamily, segmentedFamily,
		receivesFamily, emptyFamily, failedFamily, sendsFamily, waitsFamily, workersFamily,
	}
)

// The config that answers.
var (
	reloadsFamily   = counter("config_reloads_total", "reloads", "Times that the config file was read, by result.", metric.Label{Name: "result", Values: []string{"built", "unchanged", "failed"}})
	reloadFamily    = distribution("config_reload_seconds", "seconds", "Time from opening a changed config file until queries were answered from it.")
	buildFamily     = gauge("config_build_seconds", "seconds", "The same of the last one.")
	serialFamily    = gauge("config_serial", "changes", "Serial number of the config that answers; 0 without one.")
	versionFamily   = gauge("config_version", "version", "Layout version of the config that answers; 0 without one.")
	nodesFamily     = gauge("config_nodes", "nodes", "Nodes in the config that answers.")
	instancesFamily = gauge("config_instances", "instances", "Instances in the config that answers.")
	objectsFamily   = gauge("config_objects", "objects", "Objects of any kind in the config that answers.")
	takenFamily     = gauge("config_objects_taken_over", "objects", "Objects that were taken over from the config before, being unchanged.")
	bytesFamily     = gauge("config_bytes", "bytes", "Memory that the config that answers takes.")
	fileFamily      = gauge("config_file_bytes", "bytes", "Size of the file that it was read from.")
	ageFamily       = gauge("config_age_seconds", "seconds", "Time since the config file that answers was written; 0 without one.")
	loadedFamily    = gauge("config_loaded_timestamp_seconds", "seconds", "When the config file was last read and found good, as Unix time; 0 if never.")
	staleFamily     = gauge("config_stale_seconds", "seconds", "For how long the config file can't be used while the last good one answers; 0 when it can.")
	configFamilies  = []*metric.Family{
		reloadsFamily, reloadFamily, buildFamily, serialFamily, versionFamily, nodesFamily, instancesFamily, objectsFamily, takenFamily,
		bytesFamily, fileFamily, ageFamily, loadedFamily, staleFamily,
	}
)

// Whose clock is ahead of this node's, and whose isn't.
const (
	askerAhead  = "ahead"
	askerBehind = "behind"
)

var socketLabels = []metric.Label{{Name: "worker"}, {Name: "address"}}

// named is the label of an enumeration's values, from the first one to before
// the end.
func named[T interface {
	~uint8
	String() string
}](name string, first T, end int) metric.Label {
	label := metric.Label{Name: name}
	for v := first; int(v) < end; v++ {
		label.Values = append(label.Values, v.String())
	}
	return label
}

// The layouts of the distributions. The classic bounds of times go from what a
// single query takes to what nobody should see.
var (
	serviceLayout = metric.NewLayout(3, 1e9, 5e3, 10e3, 20e3, 50e3, 100e3, 200e3, 500e3, 1e6, 2e6, 5e6, 10e6, 50e6, 100e6, 1e9)
	reloadLayout  = metric.NewLayout(3, 1e9, 1e6, 2e6, 5e6, 10e6, 20e6, 50e6, 100e6, 200e6, 500e6, 1e9, 2e9, 5e9, 10e9)
	sizeLayout    = metric.NewLayout(0, 1, 1, 2, 4, 8, 16, 32, 64, 128, netio.MaxDatagrams)
	skewLayout    = metric.NewLayout(0, 1, 0, 1, 2, 5, 10, 30, 60, 120, wire.MaxClockSkew)
)

// MetricGroup is families that belong together, as the documentation has them.
type MetricGroup struct {
	Title    string
	Families []*metric.Family
}

// MetricGroups are all the families that Server.Metrics collects.
func MetricGroups() []MetricGroup {
	return []MetricGroup{
		{"What came in and went out", trafficFamilies},
		{"How the workers work", workFamilies},
		{"The config that answers", configFamilies},
	}
}

// dropMeanings complete the sentence "the datagram …".
var dropMeanings = [wire.NumDrops]string{
	wire.DropShort:     "is shorter than the magic",
	wire.DropMagic:     "does not begin with the magic",
	wire.DropTooLong:   "is longer than 61,440 bytes",
	wire.DropEnvelope:  "is not one JSON object of `hmac`, `msg` and `salt`",
	wire.DropHMAC:      "is signed with another key",
	wire.DropRequest:   "is authentic, but no request",
	wire.DropSalt:      "is authentic, but its salt is no time",
	wire.DropSkew:      "is authentic, but more than 300 seconds from this node's clock: one of the two clocks is wrong",
	wire.DropNoLink:    "asks for the default link, which the cluster doesn't have",
	wire.DropPortZero:  "came from port 0, where nothing can be sent",
	wire.DropTruncated: "did not fit the receive buffer",
	wire.DropQueueFull: "was lost by the kernel before anybody read it: the workers were too slow",
	wire.DropSend:      "was answered, but the reply could not be sent",
}

// DropMeanings is what each reason of a drop means, in the order of the reasons:
// the end of a sentence that "the datagram" begins.
func DropMeanings() (reasons, meanings []string) {
	for d := wire.DropNone + 1; int(d) < wire.NumDrops; d++ {
		reasons, meanings = append(reasons, d.String()), append(meanings, dropMeanings[d])
	}
	return reasons, meanings
}
