// Package metric is how the daemons declare, count and document what they tell
// Prometheus.
//
// A Family is declared once, with its help, unit and labels. Collectors make
// their samples with it, and docs/metrics.md is written from it (WriteTable), so
// that what is served and what is documented can't differ.
//
// A Histogram counts values for one goroutine, at the cost of a look-up and two
// atomic stores, and without allocation. It is exported as a classic histogram
// and as a native one at once: its cells are cut at the bounds of both, so both
// are exact.
//
// Declarations are read-only; any goroutine may use them. Everybody may read a
// Histogram at any time.
package metric
