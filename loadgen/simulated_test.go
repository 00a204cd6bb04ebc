package loadgen_test

import (
	"time"

	"gantry/loadgen"
)

// simulated is a server in memory, for tests with a fake clock: it echoes one
// request after the other, each in a certain time, and keeps those that wait in a
// queue that it may lose from.
type simulated struct {
	service time.Duration // a request
	queue   int           // how many may wait; 0: any number
	// stallEvery and stallFor are a pause at the start of every period.
	stallEvery, stallFor time.Duration
	// sending is how long the generator is held up by a Flush.
	sending time.Duration
}

func (s simulated) String() string { return "simulated" }

func (s simulated) Dial(o *loadgen.Options) (loadgen.Conn, error) {
	return &simulatedConn{simulated: s, lanes: o.Sockets, start: time.Now()}, nil
}

type simulatedConn struct {
	simulated
	lanes   int
	start   time.Time
	free    time.Duration // when the last request is done
	waiting []simulatedReply
	lost    int
}

// tick is when replies are seen: several at a time, as those of a busy server.
const tick = 50 * time.Microsecond

type simulatedReply struct {
	done time.Duration
	lane int
	data []byte
}

func (c *simulatedConn) Lanes() int { return c.lanes }

func (c *simulatedConn) Queue(lane int, request []byte) {
	now := time.Since(c.start)
	if c.queue > 0 && c.free-now > time.Duration(c.queue)*c.service {
		c.lost++
		return
	}
	begin := max(now, c.free)
	if c.stallEvery > 0 {
		if phase := begin % c.stallEvery; phase < c.stallFor {
			begin += c.stallFor - phase
		}
	}
	c.free = begin + c.service
	c.waiting = append(c.waiting, simulatedReply{(c.free + tick - 1).Truncate(tick), lane, append([]byte(nil), request...)})
}

func (c *simulatedConn) Flush() {
	if c.sending > 0 {
		<-time.After(c.sending)
	}
}

func (c *simulatedConn) Receive(wait time.Duration) (int, [][]byte, error) {
	until := time.Since(c.start) + wait
	if len(c.waiting) > 0 {
		until = min(until, c.waiting[0].done)
	}
	if left := until - time.Since(c.start); left > 0 {
		<-time.After(left)
	}
	now := time.Since(c.start)
	lane, replies := 0, [][]byte(nil)
	for len(c.waiting) > 0 && c.waiting[0].done <= now && len(replies) < 64 {
		if len(replies) > 0 && c.waiting[0].lane != lane {
			break
		}
		lane, replies = c.waiting[0].lane, append(replies, c.waiting[0].data)
		c.waiting = c.waiting[1:]
	}
	return lane, replies, nil
}

func (c *simulatedConn) Refused() uint64 { return 0 }

func (c *simulatedConn) Close() error { return nil }
