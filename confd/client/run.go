package client

import (
	"context"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"gantry/confd/wire"
)

const (
	// startWindow is how many queries a run begins with. The window grows by one with every answer and halves when something is late.
	startWindow = 32

	// cancelPoll is how long a run waits for datagrams before it looks whether its context has ended or its client is being closed.
	cancelPoll = 100 * time.Millisecond

	// runSalt is the length of what all salts of a run begin with: 16 random bytes in hex, which no one can guess.
	runSalt = 32
)

// run is a batch's queries to one peer under way. It belongs to one goroutine.
type run struct {
	client   *Client
	batch    *batch
	lane     lane
	peer     netip.AddrPort
	patience int // attempts after which a peer that said nothing is given up

	prefix [runSalt]byte // of the salts; a query's position in todo follows
	todo   []int         // by position: the query's index in the batch
	place  []int         // by position: where the query is in flight, -1 if it isn't
	begun  int           // positions before it were sent
	flight []flight
	window float64 // how many may be in flight; grows in parts

	heard bool      // the peer has replied over this lane
	last  time.Time // when it last did

	parser *wire.ReplyParser
	keys   *wire.Keyring
	signer *wire.Signer
	salt   []byte
	text   []byte // messages to be signed
	arena  []byte // datagrams to be sent
	ends   []int  // of the datagrams in arena
}

// flight is a query that was sent and not answered.
type flight struct {
	position int
	attempts int
	first    time.Time // when it was first sent
	deadline time.Time // of the current attempt
}

func newRun(b *batch, l lane, peer netip.AddrPort, todo []int) *run {
	r := &run{
		client: b.client, batch: b, lane: l, peer: peer, patience: 1, todo: todo, place: make([]int, len(todo)),
		window: float64(min(startWindow, b.options.Window)), parser: wire.NewReplyParser(startWindow),
		keys: wire.NewKeyring(b.client.key), signer: wire.NewSigner(startWindow),
	}
	for i := range r.place {
		r.place[i] = -1
	}
	random := b.client.salts.random()
	hex.Encode(r.prefix[:], random[:])
	l.claim(r.prefix)
	return r
}

// run returns when each query has its result. The error is about all: the end of ctx, or of the client, which those without a result get, too.
func (r *run) run(ctx context.Context) error {
	for {
		now := time.Now()
		r.begin(now)
		r.send()
		if len(r.flight) == 0 {
			return nil
		}
		in, err := r.lane.receive(max(0, min(cancelPoll, time.Until(r.earliest()))))
		switch {
		case err != nil:
		case ctx.Err() != nil:
			err = ctx.Err()
		case r.client.isClosed():
			err = ErrClosed
		}
		if err != nil {
			r.giveUp(err)
			return err
		}
		now = time.Now()
		r.take(in, now)
		if err := r.repeat(now); err != nil {
			return err
		}
	}
}

// begin sends new queries as far as the window allows, but not a few at a time: while more than half of a window is in flight, it waits, which
// saves system calls.
func (r *run) begin(now time.Time) {
	window := max(1, int(r.window))
	if len(r.flight) > window/2 {
		return
	}
	for len(r.flight) < window && r.begun < len(r.todo) {
		f := flight{position: r.begun, first: now}
		r.begun++
		if err := r.attempt(&f, now); err != nil {
			r.result(f.position).Err = err
			continue
		}
		r.place[f.position] = len(r.flight)
		r.flight = append(r.flight, f)
	}
}

func (r *run) result(position int) *BatchResult { return &r.batch.results[r.todo[position]] }

// attempt adds a query to what is sent next.
func (r *run) attempt(f *flight, now time.Time) error {
	stamp := r.client.now().Unix()
	r.salt = strconv.AppendInt(append(r.salt[:0], r.prefix[:]...), int64(f.position), 10)
	start := len(r.text)
	text, err := appendMessage(r.text, r.batch.requests[r.todo[f.position]], r.salt, stamp)
	if err != nil {
		return err
	}
	r.text = text
	r.arena = r.signer.Append(r.arena, r.client.key, stamp, text[start:len(text):len(text)])
	r.ends = append(r.ends, len(r.arena))
	f.deadline = now.Add(r.batch.options.Timeout << f.attempts)
	f.attempts++
	result := r.result(f.position)
	result.Attempts++
	result.Server = r.peer
	return nil
}

// send sends what attempt has gathered. What the system refuses is repeated in time, like what gets lost.
func (r *run) send() {
	if len(r.ends) == 0 {
		return
	}
	r.signer.Sign(r.arena)
	start := 0
	for _, end := range r.ends {
		r.lane.queue(r.arena[start:end])
		start = end
	}
	r.lane.flush()
	r.text, r.arena, r.ends = r.text[:0], r.arena[:0], r.ends[:0]
}

// take matches replies with the queries in flight.
func (r *run) take(in [][]byte, now time.Time) {
	if len(in) == 0 {
		return
	}
	for i, parsed := range r.parser.Parse(in, r.keys) {
		why := r.accept(parsed, now)
		r.client.count(why, Datagram{Peer: r.peer, Payload: in[i]})
	}
}

func (r *run) accept(parsed wire.Reply, now time.Time) Discard {
	if why := verdict(parsed); why != acceptedReply {
		return why
	}
	position, ok := r.position(parsed.Salt)
	if !ok || r.place[position] < 0 {
		return DiscardUnexpected
	}
	r.heard, r.last = true, now
	r.window = min(r.window+1, float64(r.batch.options.Window))
	result := r.result(position)
	result.Reply, result.Err = newReply(parsed), nil
	r.remove(r.place[position])
	return acceptedReply
}

// position reads the number at the end of one of the run's salts.
func (r *run) position(salt []byte) (position int, ok bool) {
	if len(salt) <= runSalt || string(salt[:runSalt]) != string(r.prefix[:]) {
		return 0, false
	}
	position, err := strconv.Atoi(string(salt[runSalt:]))
	return position, err == nil && position >= 0 && position < len(r.todo)
}

// remove takes a query out of flight.
func (r *run) remove(place int) {
	last := len(r.flight) - 1
	r.place[r.flight[place].position] = -1
	if place != last {
		r.flight[place] = r.flight[last]
		r.place[r.flight[place].position] = place
	}
	r.flight = r.flight[:last]
}

// repeat sends again what wasn't answered in time, or ends it, and narrows the window if there is such. The peer's silence may mean that it
// answers from another address than it is asked at, which a socket of its own doesn't hear: then the client's shared one is used.
func (r *run) repeat(now time.Time) error {
	late := false
	for place := len(r.flight) - 1; place >= 0; place-- {
		f := &r.flight[place]
		if now.Before(f.deadline) {
			continue
		}
		late = true
		if f.attempts >= r.patience && r.last.Before(f.first) {
			r.giveUp(ErrPeerSilent)
			return nil
		}
		if f.attempts < r.batch.options.Attempts && r.attempt(f, now) == nil {
			continue
		}
		r.result(f.position).Err = ErrNoAnswer
		r.remove(place)
	}
	if late {
		r.window = max(1, r.window/2)
	}
	if late && !r.heard {
		return r.share()
	}
	return nil
}

// share changes over to the client's own socket.
func (r *run) share() error {
	if _, shared := r.lane.(*sharedLane); shared {
		return nil
	}
	err := r.lane.close()
	r.lane = newSharedLane(r.client, r.peer)
	r.lane.claim(r.prefix)
	return err
}

// giveUp ends all that has no result. What repeat has gathered isn't sent.
func (r *run) giveUp(why error) {
	for _, f := range r.flight {
		r.result(f.position).Err = why
	}
	for ; r.begun < len(r.todo); r.begun++ {
		result := r.result(r.begun)
		result.Err, result.Server = why, r.peer
	}
	r.flight = r.flight[:0]
	r.text, r.arena, r.ends = r.text[:0], r.arena[:0], r.ends[:0]
}

// earliest returns the first deadline of what is in flight.
func (r *run) earliest() time.Time {
	return slices.MinFunc(r.flight, func(a, b flight) int { return a.deadline.Compare(b.deadline) }).deadline
}
