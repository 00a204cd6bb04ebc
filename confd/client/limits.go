package client

import (
	"time"

	"gantry/confd/wire"
)

// DefaultPort is where confd listens unless the machine's services file names another port for ganeti-confd.
const DefaultPort = 1814

// DefaultCoverage is how many peers are asked when a caller leaves it open (fewer if there are fewer). The reference's number: enough
// that some have the newest config, few enough for a large pool of candidates.
const DefaultCoverage = 6

// What a coverage may be besides a number of peers.
const (
	CoverageDefault = 0  // DefaultCoverage peers, or all of them if they are fewer
	CoverageAll     = -1 // every known peer
)

// ExpireTimeout is how long replies to a request are waited for. The reference's number; a synchronous call whose context has no deadline
// gives up after it, too.
const ExpireTimeout = 10 * time.Second

// The schedule of a synchronous call: those that are silent after RetryFirst are helped out by others, and asked again themselves when
// nobody else is left; then the wait doubles up to RetryMax. A candidate next door answers within a millisecond, so a quarter of a second
// means that a datagram got lost or a server is down; the upper end keeps an overloaded server from being asked faster and faster.
const (
	RetryFirst = 250 * time.Millisecond
	RetryMax   = 2 * time.Second
)

// Limits on what a client holds.
const (
	// MaxOutstanding is how many requests may await replies at a time; each takes less than a kilobyte besides its own text.
	MaxOutstanding = 65536

	// MaxQueuedBytes is how much text of requests may wait to be sent. A loop that only ever sends fills it in well under a second.
	MaxQueuedBytes = 4 << 20

	// MaxUpcalls is how many replies may wait for a callback that is slower than they come in; further ones are dropped, as a full
	// socket buffer would.
	MaxUpcalls = 4096

	// MaxPeers is how many peers a client accepts: more than any cluster has candidates, so that a wrong file is noticed.
	MaxPeers = 4096

	// MaxStored is how many answers a StoreResultCallback keeps.
	MaxStored = 65536

	// MaxKeyFile is the largest key file that is read, in bytes. A key has 41.
	MaxKeyFile = 4096

	// MaxRequest is the longest request that is sent, in bytes, as the reference's client has it. (The reference's server reads 4,096.)
	MaxRequest = wire.MaxRequest

	// MaxReply is the longest reply that is read, in bytes: whatever fits a datagram, where the reference's client stops at 61,440.
	MaxReply = wire.MaxReply
)
