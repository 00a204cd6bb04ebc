// Package balancer chooses services: at random, in proportion to their scores, and as far from each other as a pool wants them.
//
// A [World] is an immutable picture of all services in their slots; a [Pool] says how many services are wanted, from which slots, and
// what may not stand together. [World.Poll] picks. It takes no lock and a pick costs the same among a hundred services and among ten thousand:
// one random number and one look into an alias table. Only if eight such draws have met services that a constraint forbids are the
// forbidden ones counted out, which takes time by the logarithm of the services and the number of constraints. Both ways give each
// allowed service its exact share.
//
// Constraints are never broken: a pool that can't be satisfied gives an [UnsatisfiableError] and no services. Where the package means to
// differ from the reference's load balancer stands in docs/differences/conscience.md.
//
// Worlds and pools may be used from several goroutines, each with its own [Source].
package balancer
