// Package netio moves UDP datagrams in batches between sockets and a handler,
// and knows no protocol.
//
// A [Group] has a number of workers, a goroutine each. Every worker owns one socket of every address (SO_REUSEPORT lets the kernel
// spread the peers over them), receives a batch of datagrams with one system
// call, hands it to its [Handler] and sends what the handler replied with
// another. A socket, its buffers and its counters belong to one worker: nothing
// is shared and nothing is locked on the way of a datagram, and nothing is
// allocated after the start.
//
// # What a handler sees
//
// A [Batch] hides how its datagrams came: one by one, or in a buffer that the
// kernel coalesced (UDP_GRO). Replies are appended to the batch's one arena, so
// that replies of equal length to one peer leave as one message that the kernel
// cuts up (UDP_SEGMENT). Only a peer whose requests came coalesced is answered
// so, and any other client never notices. Replies to one peer leave in the
// order in which the handler made them.
//
// # What is promised
//
//   - A datagram is answered from the address that it was sent to, also by a
//     socket bound to a wildcard address.
//   - IPv6 sockets are bound to IPv6 only, so [::] and 0.0.0.0 can be listened
//     on side by side, and a peer never shows as an IPv4-mapped address.
//   - Datagrams from source port 0, which nobody can answer, and datagrams
//     longer than [Config.MaxRequest] are dropped and counted.
//   - A port that another process has bound is an error, although the sockets
//     of a group share theirs.
//   - A send that fails costs one datagram, counted, never its neighbours.
//   - An idle worker sleeps in the kernel and wakes for nothing but datagrams
//     and the end.
//
// The offloads are probed when a group starts and switched off one by one, with
// one [OffloadError] to [Config.Notify], when the kernel refuses them later.
//
// # Other ends
//
// [Client] is the other side, for load generators: many sockets connected to one
// address, the same batches. [Conn] is one socket for many peers, for clients. Package netiotest has a network in memory for tests. Systems
// other than Linux get an implementation over package net, one datagram a
// system call ([Config.Portable] selects it on Linux too).
//
// docs/netio.md keeps the measurements behind the choices made here.
//
// # Concurrency
//
// Group's methods may be called from several goroutines. A Batch belongs to the
// call of [Handler.Handle] it was given to. A Client belongs to one goroutine; of
// a Conn, one may send while another receives.
package netio
