package loadgen_test

import (
	"time"

	"gantry/loadgen"
)

// scripted is a target in memory: each request is answered by a function, with any
// number of replies on any lane.
type scripted struct {
	answer func(n int, lane int, request []byte) []scriptedReply
}

type scriptedReply struct {
	lane int
	data []byte
}

// once replies once, on the lane of the request.
func once(lane int, data []byte) []scriptedReply { return []scriptedReply{{lane, data}} }

func (s scripted) String() string { return "scripted" }

func (s scripted) Dial(o *loadgen.Options) (loadgen.Conn, error) {
	return &scriptedConn{scripted: s, lanes: o.Sockets}, nil
}

type scriptedConn struct {
	scripted
	lanes   int
	n       int
	waiting []scriptedReply
}

func (c *scriptedConn) Lanes() int { return c.lanes }

func (c *scriptedConn) Queue(lane int, request []byte) {
	c.waiting = append(c.waiting, c.answer(c.n, lane, append([]byte(nil), request...))...)
	c.n++
}

func (c *scriptedConn) Flush() {}

func (c *scriptedConn) Receive(wait time.Duration) (int, [][]byte, error) {
	if len(c.waiting) == 0 {
		<-time.After(wait)
		return 0, nil, nil
	}
	r := c.waiting[0]
	c.waiting = c.waiting[1:]
	return r.lane, [][]byte{r.data}, nil
}

func (c *scriptedConn) Refused() uint64 { return 0 }

func (c *scriptedConn) Close() error { return nil }
