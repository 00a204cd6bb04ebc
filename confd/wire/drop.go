package wire

// Drop says why a datagram got no answer. It is the one enumeration of such reasons: the label of the metric and the attribute of the log.
// Parse sets those up to
// DropSkew, in the order in which it checks; the server and the transport count the others.
type Drop uint8

// The reasons.
const (
	DropNone     Drop = iota // it is answered
	DropShort                // shorter than the magic
	DropMagic                // does not begin with the magic
	DropTooLong              // longer than MaxRequest
	DropEnvelope             // not one JSON object of exactly hmac, msg and salt, all strings
	DropHMAC                 // signed with none of the keys
	DropRequest              // authentic, but msg is not a request
	DropSalt                 // authentic, but its salt is no time stamp
	DropSkew                 // authentic, but more than MaxClockSkew from the server's clock

	DropNoLink // authentic, but asks for the link that the config doesn't define, where the reference is silent too

	DropPortZero  // came from source port 0, so nothing can answer it
	DropTruncated // did not fit the receive buffer
	DropQueueFull // lost by the kernel: its receive queue was full
	DropSend      // the reply could not be sent

	// NumDrops is the number of reasons, DropNone included.
	NumDrops = int(iota)
)

var dropNames = [NumDrops]string{
	DropNone:      "none",
	DropShort:     "short",
	DropMagic:     "magic",
	DropTooLong:   "too_long",
	DropEnvelope:  "envelope",
	DropHMAC:      "hmac",
	DropRequest:   "request",
	DropSalt:      "salt",
	DropSkew:      "skew",
	DropNoLink:    "no_link",
	DropPortZero:  "port_zero",
	DropTruncated: "truncated",
	DropQueueFull: "queue_full",
	DropSend:      "send",
}

// String returns the reason's name in metrics and logs.
func (d Drop) String() string {
	if int(d) < NumDrops {
		return dropNames[d]
	}
	return "unknown"
}
