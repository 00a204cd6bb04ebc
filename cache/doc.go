// Package cache keeps immutable snapshots of a cluster's config, from which
// queries are answered.
//
// A [Snapshot] holds every object's canonical text and every answer rendered,
// or the parts that an answer is joined from; look-ups take the same time
// however many instances there are, and allocate nothing. A [Loader] watches
// the file (see [Watch]), builds a new snapshot beside the queries and swaps it
// in through one atomic pointer. A file that can't be used never replaces a
// good snapshot; a file that is gone does, after a grace.
//
// # Concurrency
//
// A Snapshot may be read by any number of goroutines. Of a Loader, Snapshot,
// Status and Reload may be called from any goroutine; Run from one.
//
// # What a change costs
//
// A change touches a few objects of many. The builder takes over the text and
// the layout of those that the file still spells as the snapshot before has
// them (see [config.Recaller]), so that only what changed is parsed and checked;
// what objects say of each other is resolved anew. The text stands on large
// pages where the system has them: builder and queries read all over it.
//
// # The builder and the garbage collector
//
// The builder runs on an operating system thread of the lowest priority and
// yields, so that queries come first even on one core. For that the
// process needs a GOMAXPROCS of at least the query workers plus two: otherwise
// Go's scheduler, which knows no priorities, would give builder and workers
// equal slices of one processor.
//
// GOGC stays at its default. Queries allocate nothing, so that the collector
// runs because of builds (and of metrics, a little) alone. What it would scan
// is small: a snapshot is a few large slices without pointers. A lower GOGC
// would only run it more often during a build; a higher one would let a replaced
// snapshot lie. After each swap the loader itself calls debug.FreeOSMemory,
// which collects the replaced snapshot and returns its pages, so that at no
// time more than two snapshots are held: the one that answers and the one that
// is being built.
package cache
