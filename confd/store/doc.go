// Package store is the one writer of a cluster's configuration: it changes config.data, brings each version to the master
// candidates, and says that a change is done when enough of them have it.
//
// A Copy is one node's copy of config.data and ssconf with its fence: which master the node follows. The node daemon serves
// it to others; the fence decides, under the lock of the write, what is taken and from whom. A Store leads: Lead claims the
// role at a majority of the candidates, begins with the newest config that they know, and Change changes it.
//
// # What is promised
//
//   - A change that was acknowledged by a majority survives the loss of any minority of the candidates and, on the others,
//     kill -9 and power loss at any point; also if the disks of a minority lie about syncs.
//   - Two masters never both get changes acknowledged. An old one that comes back is refused and ends.
//   - Readers of a file see an old version or a new one, whole.
//   - A file sync that fails fails the change, and the old file stays. After a failed sync of the directory, or without a
//     majority, a change can't be taken back: its outcome is reported as unknown (ErrUnknown), the error names the missing
//     candidates, and nothing further is committed until a majority has it.
//   - serial_no of the file grows by one with each version, by more when a master begins. Changed objects get the next
//     serial number and the time; the others keep their bytes.
//
// Package vote says why this keeps masters apart. A candidate whose machine restarted without a clean stop may have a disk
// that forgot: it counts less (vote.Unsure) until the master has committed a version since, and has vouched for it.
//
// # Concurrency
//
// Copy and Store are safe for concurrent use. Snapshots are read without a lock and never change. A Tx belongs to the
// function it was given to, which runs on the store's goroutine. Changes that come at the same time share a write.
package store
