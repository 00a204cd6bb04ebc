package loadgen

import "fmt"

// Workload says what is asked and which answers are right.
type Workload interface {
	// Source returns the requests of one worker, counted from 0. No two requests
	// of a workload are the same, of one source or of several.
	Source(worker int, o *Options) (Source, error)
	// Classes names the kinds of requests, for the counts in the result.
	Classes() []string
	// String names the workload in results.
	String() string
}

// MaxClasses bounds the classes of a workload.
const MaxClasses = 32

// Source makes one worker's requests and judges the replies to them.
type Source interface {
	// Prepare makes up to n requests ahead of the run.
	Prepare(n int) error
	// Next returns the next request, which leaves on the given lane. It stays as it
	// is while Options.unsent more are taken. The first is number 0, and the
	// numbers have no gaps.
	Next(lane int) []byte
	// Judge fills in a verdict for each reply that came on the lane.
	Judge(lane int, replies [][]byte, verdicts []Verdict)
	// Made returns how many requests were made, ahead or not.
	Made() uint64
}

// Ordered is a Source that can tell the replies on a lane apart by their order only.
type Ordered interface {
	// Lost says that the oldest request on the lane that has no reply is given up.
	Lost(lane int)
}

// Forgetful is a Source whose replies can be told apart for a while only.
type Forgetful interface {
	// Memory is how many requests later a reply means another one: a power of two.
	Memory() int
}

// memoryOf returns how many of a source's latest requests are remembered.
func memoryOf(source Source) int {
	if f, ok := source.(Forgetful); ok {
		return min(f.Memory(), window)
	}
	return window
}

// Verdict is what a source finds out about a reply.
type Verdict struct {
	Request uint64 // the number of the request that it answers; without meaning if it is Foreign
	Class   uint8  // the request's
	Fault   Fault
}

// Fault says what is wrong with a reply. Its String is the name in results.
type Fault uint8

const (
	FaultNone      Fault = iota
	FaultForeign         // answers nothing that was asked, or is no reply at all
	FaultSignature       // is not signed with the key
	FaultStatus          // states another outcome than is right
	FaultContent         // says something else than is right
	FaultLane            // came to another socket than the request left from
	NumFaults
)

var faultNames = [NumFaults]string{"none", "foreign", "signature", "status", "content", "lane"}

func (f Fault) String() string {
	if f < NumFaults {
		return faultNames[f]
	}
	return fmt.Sprintf("fault %d", uint8(f))
}

// VerifyMode says how much of every reply is checked beyond that it answers an
// outstanding request of its socket, with the right status.
type VerifyMode string

const (
	VerifyAll    VerifyMode = "all"    // everything about every reply
	VerifySample VerifyMode = "sample" // everything about one in sampleEvery
	VerifyNone   VerifyMode = "none"   // nothing more
)

// sampleEvery is how sparse a sample is: dense enough that a server wrong once in a
// thousand answers is found out within a second, and less than the noise of a
// measurement in cost.
const sampleEvery = 16

// verifies is how much of the replies to a workload is checked: those to raw
// payloads have no signature, and what is known of them is always checked.
func verifies(w Workload, asked VerifyMode) VerifyMode {
	if p, ok := w.(Payload); ok {
		return p.verifies()
	}
	return asked
}
