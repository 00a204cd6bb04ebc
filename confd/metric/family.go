package metric

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// A Kind is what sort of number a family holds.
type Kind string

// The kinds.
const (
	Counter      Kind = "counter"
	Gauge        Kind = "gauge"
	Distribution Kind = "histogram"
)

// A Family is a metric with its labels' values still open.
type Family struct {
	Kind   Kind
	Name   string // whole
	Unit   string // what one of it is, in the plural: "seconds", "bytes", "datagrams"
	Help   string // one sentence
	Labels []Label

	desc *prometheus.Desc
}

// A Label is one of a family's. Values is what it may be, if that is a fixed
// set.
type Label struct {
	Name   string
	Values []string
}

// New declares a family. Names that Prometheus would refuse show when a
// collector that describes it is registered.
func New(kind Kind, name, unit, help string, labels ...Label) *Family {
	var names []string
	for _, label := range labels {
		names = append(names, label.Name)
	}
	f := &Family{Kind: kind, Name: name, Unit: unit, Help: help, Labels: labels}
	f.desc = prometheus.V2.NewDesc(name, help, prometheus.UnconstrainedLabels(names), nil, prometheus.WithUnit(f.nameUnit()))
	return f
}

// nameUnit is the unit if the name ends with it, as OpenMetrics wants it of
// those that it is told; what one of a count is stands nowhere in a name.
func (f *Family) nameUnit() string {
	if strings.HasSuffix(strings.TrimSuffix(f.Name, "_total"), "_"+f.Unit) {
		return f.Unit
	}
	return ""
}

// Desc is the family as a collector describes it.
func (f *Family) Desc() *prometheus.Desc { return f.desc }

// Count is a sample of a counter, with the labels' values in their order.
func (f *Family) Count(n uint64, values ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(f.desc, prometheus.CounterValue, float64(n), values...)
}

// Set is a sample of a gauge, with the labels' values in their order.
func (f *Family) Set(v float64, values ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(f.desc, prometheus.GaugeValue, v, values...)
}

// Describe sends what families look like, as a collector must.
func Describe(ch chan<- *prometheus.Desc, families []*Family) {
	for _, f := range families {
		ch <- f.desc
	}
}
