// Package confd answers queries about a Ganeti cluster's configuration over
// UDP, as ganeti-confd does.
//
// A datagram's way: netio receives a batch, wire checks and reads it, the
// answer is looked up in the current snapshot of package cache or composed from
// its parts, wire signs the replies, netio sends them. On this way nothing is
// allocated, locked or logged, and the clock is read once a batch.
//
// A [Server] guarantees: a datagram that is not authentic gets no byte; an
// authentic one gets the reference's answer, or the silence that the reference
// keeps by design; what differs on purpose is listed in docs/differences. All
// replies of a batch come from one snapshot.
//
// # Concurrency
//
// Run is called once. Reload, Addrs, Ready and the metrics may be used from any
// goroutine, while Run runs and after.
package confd
