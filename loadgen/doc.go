// Package loadgen puts load on servers and measures what comes back.
//
// A run has three parts that know nothing of each other. A [Target] says where the
// load goes and carries requests and replies in batches: [UDP] does, over package
// netio. A [Workload] says what the requests are and judges the replies: [Confd]
// asks a confd a weighted mix of queries, [Echo] expects its bytes back, [Payload]
// sends what it is given. The generator, [Run], accounts for every single request,
// on threads of its own. Without a rate it is a closed loop: it keeps a number of
// requests under way and sends the next when an answer comes or is given up. With
// Options.Rate it is an open loop: it sends on schedule, whatever is answered.
// [SearchMax] looks for the highest rate without loss. A [Tap] sees every datagram.
//
// # What a result is worth
//
// Latency in a closed loop is service time: a stalled server is asked less, so the
// figure says how long the requests took that were made, not what users arriving
// regardless would have met. In an open loop it counts from when the request was
// due, so it says just that. LatencyKind says which it is in every result, and
// SendDelayNS how much of the latter is the generator's own.
//
// A rate is the server's only as long as the generator could have done more:
// GeneratorBusy near 1 means that the generator was measured, and above 0.7 that
// GeneratorLimited is set.
//
// Requests are made ahead of the measured time as far as Options.Ahead goes, none
// is ever sent twice, and what has to be made during the run is made there, is
// counted (MadeInRun), and costs the generator's time.
//
// # Concurrency
//
// Run may be called several times at once. A [Conn] and a [Source] belong to one
// worker.
package loadgen
