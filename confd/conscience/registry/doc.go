// Package registry knows the services of a namespace: where they are, what they say of themselves, their scores and locks.
//
// A [Registry] takes registrations, locks, unlocks, deregistrations and flushes, in batches that are applied whole or not at all, and
// returns when they are durable; [Registry.Run] expires what isn't heard of any more. Readers get immutable lists and records, without
// a lock unless something has changed since. [ReadConfig] reads the reference's own configuration files.
//
// Rules are the reference's, to the second: a score rises by at most the type's variation bound a registration and falls at once; a
// service that hasn't registered for longer than its type's timeout falls to 0 and stays listed; locked scores never change by themselves;
// a service that was never seen is locked at 0 at first, if its type says so; a service ID belongs to one address, and whoever
// registers it takes it over, with its locks. Where the package means to differ stands in docs/differences/conscience.md.
//
// The state is one file: frames of changes, each with its checksum, appended and synced before a call returns. When the file has grown
// enough, or could not be written to, it is replaced by a new one that begins with a snapshot. A torn frame at its end, which is
// what a crash leaves, is cut off. Calls that come together share a sync.
//
// All methods may be called from several goroutines.
package registry
