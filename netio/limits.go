package netio

// The buffer plan of a worker. Its memory is about
// BatchSize × (MaxDatagram+slotStagger) + arenaSize: 4.6 MB with the default
// batch, of which small traffic touches one page a buffer.
const (
	// MaxDatagram is the size in bytes of every receive buffer and the least
	// room of an empty arena: the largest payload that UDP's 16-bit length can
	// tell, and the most that the kernel coalesces into one buffer.
	MaxDatagram = 65535

	// MaxDatagrams is the most datagrams that a Batch holds. A handler plans
	// its scratch space by it: 256 requests and their replies, about 250 bytes
	// each, stay within a core's second-level cache, and the costs that come
	// once a batch (a clock reading, two system calls) are below 1 % by then.
	MaxDatagrams = 256

	// DefaultBatchSize is how many buffers one receive call may fill. Beyond 64
	// the calls' own cost no longer shows (docs/netio.md), while the first
	// datagram of a batch waits for the last to be handled.
	DefaultBatchSize = 64

	// MaxBatchSize bounds Config.BatchSize: a receive of uncoalesced datagrams
	// fills one batch at most.
	MaxBatchSize = MaxDatagrams

	// MaxWorkers bounds Config.Workers: more than any machine's cores, few
	// enough that a mistyped number does not eat the memory.
	MaxWorkers = 1024

	// DefaultReceiveBuffer is the kernel's receive queue asked for per socket,
	// in bytes of the kernel's own accounting (which counts about 1 kB for a
	// small datagram, and doubles what is asked for). It holds what arrives in
	// some 20 ms at the rate of one busy core: longer than any pause of ours.
	DefaultReceiveBuffer = 8 << 20

	// sendBuffer is the kernel's send queue asked for per socket, in bytes: two
	// full batches of small replies or some dozens of the largest, so that a
	// batch seldom has to wait for the device.
	sendBuffer = 4 << 20

	// arenaSize is the capacity of a batch's send arena in bytes: MaxDatagrams
	// replies of 1 kB. It must exceed MaxDatagram, which Room promises.
	arenaSize = 256 << 10

	// slotStagger keeps the receive buffers from starting a power of two apart:
	// then all of them would compete for the same few sets of the caches. With
	// five lines more, 64 starts are spread evenly.
	slotStagger = 5*64 + 1
)

// Limits of a message that the kernel segments.
const (
	// maxSegments is the kernel's UDP_MAX_SEGMENTS before 6.9; later ones allow
	// more, but 64 replies already make the call's cost vanish.
	maxSegments = 64

	// maxMessage is the largest UDP payload over IPv4 (65,535 less the headers'
	// 28 bytes); over IPv6 20 bytes more would pass.
	maxMessage = 65507

	// maxSegment is the largest reply sent as a segment: what fits IPv6's
	// smallest MTU (1,280 less 40 and 8). The kernel fragments a datagram that
	// exceeds the path's MTU, but refuses a segment that does.
	maxSegment = 1232
)
