package replay

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"gantry/confd/wire"
	"gantry/loadgen/capture"
	"gantry/netio"
)

// Open opens a capture, once for each loop.
type Open func() (io.ReadCloser, error)

// Run sends the requests of a capture and returns what came of it. Missing and
// different answers are no errors: see Result.Clean. When ctx is done, it returns
// what it has found by then, and ctx's error.
func Run(ctx context.Context, open Open, options Options) (*Result, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	conn, err := netio.Dial(netio.ClientConfig{Target: o.Target, Sockets: o.Sockets, BatchSize: netio.MaxBatchSize, Offload: netio.OffloadOff})
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	defer conn.Close()
	r := newReplayer(&o, conn)
	started := time.Now()
	for range o.Loops {
		r.result.Loops++
		if err = r.loop(ctx, open); err != nil {
			break
		}
	}
	r.exchanges.flush()
	counters := conn.Counters()
	r.result.Refused = counters[netio.SendErrors] + counters[netio.SendFull]
	r.result.Seconds = time.Since(started).Seconds()
	if err != nil {
		return r.result, fmt.Errorf("replay: %w", err)
	}
	return r.result, nil
}

// replayer is a run.
type replayer struct {
	options   *Options
	conn      *netio.Client
	result    *Result
	exchanges *exchanges

	captured *messages
	replies  *wire.ReplyParser
	keys     *wire.Keyring
	signer   *wire.Signer
	arena    []byte // what is queued lies here
	queued   int
	hurried  bool   // the request at hand is to leave at once
	nonce    string // begins this run's rsalts
	seed     maphash.Seed

	begun       time.Time // of the loop: when its first request was sent
	first, last time.Time // its first and last request, in the capture
	captureNow  time.Time
}

func newReplayer(o *Options, conn *netio.Client) *replayer {
	result := &Result{
		Target: o.Target.String(), Started: time.Now(), Compared: o.Compare,
		Skipped: make(map[string]uint64), Unread: make(map[string]uint64),
	}
	return &replayer{
		options: o, conn: conn, result: result, exchanges: newExchanges(o, result),
		captured: newMessages(o.CaptureKey), replies: wire.NewReplyParser(netio.MaxBatchSize), keys: wire.NewKeyring(o.Key),
		signer: wire.NewSigner(1), nonce: fmt.Sprintf("replay-%016x-", rand.Uint64()), seed: maphash.MakeSeed(),
	}
}

// patience is the longest that a run waits without looking at its context.
const patience = 10 * time.Millisecond

// loop sends the capture once.
func (r *replayer) loop(ctx context.Context, open Open) error {
	file, err := open()
	if err != nil {
		return err
	}
	defer file.Close()
	reader, err := capture.NewReader(file)
	if err != nil {
		return err
	}
	r.first, r.last = time.Time{}, time.Time{}
	for ctx.Err() == nil {
		d, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.datagram(ctx, &d)
		}
		if err != nil {
			return err
		}
	}
	r.count(reader.Stats())
	return errors.Join(r.drain(ctx), ctx.Err())
}

// count adds what a loop read.
func (r *replayer) count(s capture.Stats) {
	r.result.Packets += s.Packets
	for reason, n := range s.Skipped {
		if n > 0 {
			r.result.Skipped[capture.Skip(reason).String()] += n
		}
	}
	if !r.first.IsZero() {
		r.result.CapturedSeconds = r.last.Sub(r.first).Seconds()
	}
}

// datagram takes a datagram of the capture.
func (r *replayer) datagram(ctx context.Context, d *capture.Datagram) error {
	r.captureNow = d.Time
	m := r.captured.read(d.Payload, d.Time)
	if m.drop == wire.DropEnvelope {
		if all := parts(d.Payload); all != nil {
			for _, part := range all {
				if err := r.message(ctx, d, r.captured.read(part, d.Time)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return r.message(ctx, d, m)
}

// message takes a datagram that was read.
func (r *replayer) message(ctx context.Context, d *capture.Datagram, m message) error {
	switch {
	case m.request != nil:
		return r.request(ctx, d, &m)
	case m.reply != nil:
		r.result.Replies++
		r.exchanges.capturedReply(d.Dst, d.Src, m.reply)
	default:
		r.result.Unread[m.drop.String()]++
	}
	return nil
}

// request sends a request when its time has come.
func (r *replayer) request(ctx context.Context, d *capture.Datagram, m *message) error {
	r.result.Requests++
	place := captureKey{d.Src, d.Dst, string(m.request.RSalt)}
	if r.exchanges.known(place, m.text) {
		r.result.Repeated++
		return nil
	}
	e := &exchange{at: d.Time, client: d.Src, server: d.Dst, kind: m.request.Type, text: m.text, place: place}
	text := r.readdress(e)
	if err := r.await(ctx, d.Time); err != nil || ctx.Err() != nil {
		return err
	}
	r.last = d.Time
	e.sent = time.Now()
	start := len(r.arena)
	r.arena = r.signer.Append(r.arena, r.options.Key, e.sent.Unix(), text)
	r.signer.Sign(r.arena)
	r.conn.Queue(e.under.socket, r.arena[start:len(r.arena):len(r.arena)])
	r.result.Sent++
	r.exchanges.add(e)
	if r.queued++; r.hurried || r.queued == maxQueued {
		r.flush()
		return r.receive(0)
	}
	return nil
}

// maxQueued is how many requests leave together at the highest speed, or when they
// are late: alone, they cost three times the calls to the system, and would be later
// yet.
const maxQueued = 32

// muchLate is what counts as late: more than a system takes to wake up a process.
const muchLate = time.Millisecond

func (r *replayer) flush() {
	r.conn.Flush()
	r.arena, r.queued = r.arena[:0], 0
}

// unhurried says whether requests are sent without regard to their times.
func (r *replayer) unhurried() bool { return math.IsInf(r.options.Speed, 1) }

// readdress says how the exchange's reply will be known, and returns the text to
// send. Where the rsalt can't be found to be renewed, it stays.
func (r *replayer) readdress(e *exchange) []byte {
	e.under = liveKey{r.socket(e.client), e.place.rsalt}
	if r.options.KeepRSalt {
		return e.text
	}
	rsalt := r.nonce + strconv.FormatUint(r.result.Sent, 10)
	text, ok := renew(e.text, rsalt)
	if !ok {
		return e.text
	}
	e.under.rsalt = rsalt
	return text
}

// socket is the one that stands for a captured client.
func (r *replayer) socket(client netip.AddrPort) int {
	return int(maphash.Comparable(r.seed, client) % uint64(r.options.Sockets))
}

// await receives until it is time to send what was captured at the given time.
func (r *replayer) await(ctx context.Context, at time.Time) error {
	if r.first.IsZero() {
		r.first, r.begun = at, time.Now()
	}
	if r.unhurried() {
		for r.exchanges.unanswered >= r.options.Outstanding && ctx.Err() == nil {
			r.flush()
			if err := r.receive(patience); err != nil {
				return err
			}
		}
		return nil
	}
	due := r.begun.Add(time.Duration(float64(at.Sub(r.first)) / r.options.Speed))
	for ctx.Err() == nil {
		left := time.Until(due)
		if left <= 0 {
			if r.result.Sent > 0 {
				r.result.LateMax = max(r.result.LateMax, -left)
			}
			r.hurried = -left < muchLate
			return nil
		}
		r.flush()
		if err := r.receive(min(left, patience)); err != nil {
			return err
		}
	}
	return nil
}

// receive takes what comes within the given time from one socket.
func (r *replayer) receive(wait time.Duration) error {
	socket, datagrams, err := r.conn.Receive(wait)
	if err != nil {
		return err
	}
	replies := r.replies.Parse(datagrams, r.keys)
	for i := range replies {
		r.exchanges.todaysReply(socket, &replies[i])
	}
	r.exchanges.expire(time.Now(), r.captureNow)
	return nil
}

// drain waits for the answers of today to what is under way, and settles it.
func (r *replayer) drain(ctx context.Context) error {
	r.flush()
	for end := time.Now().Add(r.options.Timeout); r.exchanges.unanswered > 0 && time.Now().Before(end) && ctx.Err() == nil; {
		if err := r.receive(patience); err != nil {
			return err
		}
	}
	r.exchanges.flush()
	return nil
}
