// Package netiotest is a network in memory for tests of what stands on package
// netio. A [Network] stands in for the sockets of a group: the group is the real
// one, with its workers, batches and counters, and only the system underneath is
// not. [Peer] is a client of it, which sends datagrams singly or coalesced and can
// see which replies left in one message.
//
// Nothing is lost, delayed or reordered unless a test asks for it. It holds the
// group to the limits of a real kernel: a message that a kernel would refuse is
// refused here.
//
// All methods may be called from several goroutines. Everything waits on channels
// only, so that tests can run in a bubble of testing/synctest.
package netiotest
