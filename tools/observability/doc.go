// Package observability is what Prometheus and Grafana need to watch Gantry:
// rules, alerts, a dashboard. It holds no code but the tests that keep them true
// to the metrics that the daemons declare.
package observability
