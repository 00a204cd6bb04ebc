package confd

import (
	"gantry/confd/wire"
	"gantry/netio"
)

// worker answers the batches of one netio worker. Nothing in it is shared but
// the published counters.
type worker struct {
	server  *Server
	parser  *wire.Parser
	sealer  *wire.Sealer
	answers *answerer
	counters
	distributions
}

func newWorker(s *Server) *worker {
	return &worker{
		server:  s,
		parser:  wire.NewParser(netio.MaxDatagrams),
		sealer:  wire.NewSealer(netio.MaxDatagrams),
		answers: newAnswerer(),

		distributions: newDistributions(),
	}
}

// Handle answers a batch from the snapshot that is current now.
func (w *worker) Handle(b *netio.Batch) {
	began := w.server.now()
	snapshot := w.server.loader.Snapshot()
	requests := w.parser.Parse(b.Datagrams(), w.server.keys.current.Load(), began.Unix())
	for i := range requests {
		r := &requests[i]
		if r.Drop != wire.DropNone {
			w.count(countDrops + int(r.Drop))
			continue
		}
		w.count(countRequests + int(r.Type))
		if w.answers.isFull() {
			w.flush(b)
		}
		a := w.answers.answer(snapshot, r)
		if a.Msg == nil {
			w.count(countDrops + int(wire.DropNoLink))
			continue
		}
		if surelyFits(&a, r, min(wire.MaxReply, b.Room())) {
			w.reply(b, i, r, &a)
			continue
		}
		size := wire.ReplySize(a.Msg, a.Escaped, r.RSalt)
		if size > wire.MaxReply {
			a = fail(snapshot.InternalError())
			w.count(countTooLarge)
			if size = wire.ReplySize(a.Msg, a.Escaped, r.RSalt); size > wire.MaxReply {
				w.count(countDrops + int(wire.DropSend))
				continue
			}
		}
		if b.Room() < size {
			w.flush(b)
		}
		w.reply(b, i, r, &a)
	}
	w.flush(b)
	w.publish()
	if skew, ok := w.parser.Skew(); ok {
		w.countSkew(skew)
	}
	w.countBatch(len(requests), began)
}

// surelyFits reports whether a reply can't be longer than room, without looking
// at its text: the escaped form of a byte is at most six long.
func surelyFits(a *reply, r *wire.Request, room int) bool {
	const envelope = 128 + padTo // more than the text around msg and salt
	return envelope+6*(len(a.Msg)+len(r.RSalt)) <= room
}

// reply makes a the reply to datagram i.
func (w *worker) reply(b *netio.Batch, i int, r *wire.Request, a *reply) {
	w.count(countStatuses + int(a.status))
	start := len(b.Arena())
	arena := w.sealer.Append(b.Arena(), r, a.Msg, a.Escaped)
	if b.Coalesces(i) {
		arena = pad(arena, len(arena)-start)
	}
	b.Reply(i, arena)
}

// padTo is what the length of a reply to a coalescing client is rounded up to,
// in bytes. Only replies of one length leave together, and most answers differ
// by a few bytes.
const padTo = 32

var blanks = [padTo]byte([]byte("                                "))

// pad appends blanks to a reply of n bytes, which mean nothing behind JSON,
// where there is room.
func pad(arena []byte, n int) []byte {
	missing := -n & (padTo - 1)
	if missing > cap(arena)-len(arena) {
		return arena
	}
	return append(arena, blanks[:missing]...)
}

// flush signs and sends the replies so far; what they were made of is free then.
func (w *worker) flush(b *netio.Batch) {
	w.sealer.Sign(b.Arena())
	b.Flush()
	w.answers.reset()
}
