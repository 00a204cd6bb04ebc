package replay

import (
	"net/netip"
	"time"

	"gantry/confd/client"
	"gantry/confd/wire"
)

// exchange is a request on its way from the capture to its two answers.
type exchange struct {
	at             time.Time // in the capture
	client, server netip.AddrPort
	kind           wire.Type
	text           []byte // as it was captured

	captured *Answer
	today    *Answer

	place captureKey
	under liveKey
	next  *exchange // under the same live key, sent later
	sent  time.Time
	bytes int
	late  bool // no answer of today has come in time; one that comes yet counts
	done  bool // both answers have come and were compared
}

// captureKey finds the exchange of a captured reply.
type captureKey struct {
	client, server netip.AddrPort
	rsalt          string
}

// liveKey finds the exchange of a reply of today.
type liveKey struct {
	socket int
	rsalt  string
}

// exchanges are those whose answers may still come, in the order of sending. What
// is found out about them goes into a result.
type exchanges struct {
	options *Options
	result  *Result

	order      []*exchange
	bytes      int
	byCapture  map[captureKey]*exchange
	byLive     map[liveKey]*exchange
	unanswered int // today, and not late
	punctual   int // the first in order that may not be late
}

func newExchanges(o *Options, r *Result) *exchanges {
	return &exchanges{options: o, result: r, byCapture: make(map[captureKey]*exchange), byLive: make(map[liveKey]*exchange)}
}

// known says whether a request is under way already: the capture has it twice, from
// two interfaces.
func (x *exchanges) known(key captureKey, text []byte) bool {
	e := x.byCapture[key]
	return e != nil && string(e.text) == string(text)
}

// add begins an exchange, making room for it.
func (x *exchanges) add(e *exchange) {
	for len(x.order) > 0 && (len(x.order) >= maxExchanges || x.bytes > maxExchangeBytes) {
		x.drop()
	}
	x.order = append(x.order, e)
	x.grow(e, len(e.text))
	x.byCapture[e.place] = e
	if first := x.byLive[e.under]; first != nil {
		for first.next != nil {
			first = first.next
		}
		first.next = e
	} else {
		x.byLive[e.under] = e
	}
	x.unanswered++
}

func (x *exchanges) grow(e *exchange, n int) {
	e.bytes += n
	x.bytes += n
}

// capturedReply takes a reply from the capture.
func (x *exchanges) capturedReply(client, server netip.AddrPort, r *wire.Reply) {
	e := x.byCapture[captureKey{client, server, string(r.Salt)}]
	switch {
	case e == nil: // to a request before the capture began
	case e.captured != nil:
		x.result.Repeated++
	default:
		e.captured = newAnswer(r)
		x.grow(e, len(r.Answer))
		x.compare(e)
	}
}

// todaysReply takes a reply from the target.
func (x *exchanges) todaysReply(socket int, r *wire.Reply) {
	if r.Err != nil {
		x.result.Wrong++
		return
	}
	e := x.byLive[liveKey{socket, string(r.Salt)}]
	for e != nil && e.today != nil {
		e = e.next
	}
	if e == nil {
		x.result.Wrong++
		return
	}
	e.today = newAnswer(r)
	x.grow(e, len(r.Answer))
	if !e.late {
		x.unanswered--
	}
	x.result.Answered++
	x.compare(e)
}

// compare settles an exchange that has both answers. It stays in the table, so that
// what the capture has twice is known again.
func (x *exchanges) compare(e *exchange) {
	if e.captured == nil || e.today == nil {
		return
	}
	e.done = true
	if x.options.Compare {
		if same(e.captured, e.today) {
			x.result.Equal++
		} else {
			x.result.Different++
			x.show(e)
		}
	}
	x.grow(e, -len(e.captured.Answer)-len(e.today.Answer))
	e.captured.Answer, e.today.Answer = nil, nil
}

func same(a, b *Answer) bool {
	return a.Status == b.Status && a.Serial == b.Serial && client.SameAnswer(a.Answer, b.Answer)
}

func (x *exchanges) show(e *exchange) {
	if len(x.result.Differences) == x.options.Shown {
		return
	}
	d := Difference{Time: e.at, Client: e.client, Server: e.server, Type: e.kind.String(), Request: string(e.text)}
	captured := *e.captured
	d.Captured = &captured
	if e.today != nil {
		today := *e.today
		d.Today = &today
	}
	x.result.Differences = append(x.result.Differences, d)
}

// expire drops exchanges whose time is over, today and in the capture. Those whose
// time is over only today are no longer waited for.
func (x *exchanges) expire(now, captureNow time.Time) {
	for ; x.punctual < len(x.order) && now.Sub(x.order[x.punctual].sent) >= x.options.Timeout; x.punctual++ {
		if e := x.order[x.punctual]; e.today == nil {
			e.late = true
			x.unanswered--
		}
	}
	for len(x.order) > 0 {
		e := x.order[0]
		if now.Sub(e.sent) < x.options.Timeout || !e.done && e.captured == nil && captureNow.Sub(e.at) < capturedPatience {
			return
		}
		x.drop()
	}
}

// flush drops all.
func (x *exchanges) flush() {
	for len(x.order) > 0 {
		x.drop()
	}
}

// drop takes the oldest exchange off the table, with the answers that it has.
func (x *exchanges) drop() {
	e := x.order[0]
	x.order[0] = nil
	x.order = x.order[1:]
	x.bytes -= e.bytes
	if x.byCapture[e.place] == e {
		delete(x.byCapture, e.place)
	}
	// It is the oldest of its key, too.
	if e.next != nil {
		x.byLive[e.under] = e.next
	} else {
		delete(x.byLive, e.under)
	}
	if e.today == nil && !e.late {
		x.unanswered--
	}
	x.punctual = max(0, x.punctual-1)
	switch {
	case e.done:
	case e.today != nil:
		x.result.Uncaptured++
	case e.captured != nil:
		x.result.Lost++
		x.show(e)
	default:
		x.result.Silent++
	}
}
