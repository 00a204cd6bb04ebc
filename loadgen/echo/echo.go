// Package echo is the floor under every server of datagrams: it sends back what it
// receives, through the same sockets and batches, and does nothing else. What a
// real server does not reach of its rate is the price of the answers.
package echo

import "gantry/netio"

// New returns a worker's handler, as netio.Group.Serve wants it.
func New(int) netio.Handler { return netio.HandlerFunc(answer) }

func answer(b *netio.Batch) {
	for i, datagram := range b.Datagrams() {
		if b.Room() < len(datagram) {
			b.Flush()
		}
		b.Reply(i, append(b.Arena(), datagram...))
	}
}
