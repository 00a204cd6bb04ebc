package netio

import "sync/atomic"

// worker moves batches between its transport and its handler.
type worker struct {
	transport  Transport
	maxRequest int
	buffers    []Buffer
	counters   Counters
	published  published
	batch      *Batch
	stopped    atomic.Bool
	yieldEvery int
}

func newWorker(transport Transport, cfg *Config) *worker {
	w := &worker{
		transport:  transport,
		maxRequest: cfg.MaxRequest,
		buffers:    make([]Buffer, cfg.BatchSize),
		yieldEvery: yieldEvery,
	}
	w.batch = newBatch(transport, &w.counters)
	return w
}

// yieldEvery is after how many receives a worker offers its processor to the
// scheduler: well within the ten milliseconds after which it would be preempted,
// and seldom enough to cost less than a hundredth.
const yieldEvery = 4

// run serves until stop is called or the transport fails.
//
// A goroutine that never lets go of its processor is preempted every ten
// milliseconds: a signal to its thread, and futex calls to find out that nobody
// else wants to run. One that is locked to its thread also changes threads twice
// on each occasion. So this one is not locked, and yields by itself; docs/netio.md
// has the numbers.
func (w *worker) run(h Handler) error {
	want := len(w.buffers)
	for turn := 1; !w.stopped.Load(); turn++ {
		if turn%w.yieldEvery == 0 {
			yield()
		}
		n, err := w.transport.Receive(w.buffers[:want], &w.counters)
		if err != nil {
			return err
		}
		if n == 0 {
			w.counters[Waits]++
			w.published.publish(&w.counters)
			if err := w.transport.Wait(); err != nil {
				return err
			}
			continue
		}
		total := w.deliver(h, w.buffers[:n])
		w.published.publish(&w.counters)
		want = nextReceive(len(w.buffers), n, total)
	}
	return nil
}

func (w *worker) stop() {
	w.stopped.Store(true)
	w.transport.Stop()
}

// nextReceive returns how many buffers the next receive should take, so that
// they hold about one batch of datagrams: coalesced buffers are large, and what
// lies in more of them than a batch needs has left the caches when its turn
// comes.
func nextReceive(limit, buffers, datagrams int) int {
	if datagrams <= buffers {
		return limit
	}
	return max(1, min(limit, MaxDatagrams*buffers/datagrams))
}

// deliver splits the buffers into datagrams, hands them over in batches of at
// most MaxDatagrams and sends the replies. It returns the number of datagrams.
func (w *worker) deliver(h Handler, buffers []Buffer) (total int) {
	b := w.batch
	b.buffers = buffers
	b.datagrams, b.origin = b.datagrams[:0], b.origin[:0]
	for i := range buffers {
		buffer := &buffers[i]
		if buffer.PeerPort == 0 {
			w.counters[PortZero] += uint64(count(buffer.Data, buffer.Segment))
			continue
		}
		if buffer.Truncated {
			w.counters[Truncated]++
			continue
		}
		rest := buffer.Data
		for {
			datagram := rest
			if buffer.Segment > 0 && len(rest) > buffer.Segment {
				datagram = rest[:buffer.Segment:buffer.Segment]
			}
			rest = rest[len(datagram):]
			if len(datagram) > w.maxRequest {
				w.counters[Truncated]++
			} else {
				if len(b.datagrams) == MaxDatagrams {
					total += w.handle(h)
				}
				b.datagrams = append(b.datagrams, datagram)
				b.origin = append(b.origin, i)
				w.counters[ReceivedBytes] += uint64(len(datagram))
				if buffer.Segment > 0 {
					w.counters[Coalesced]++
				}
			}
			if len(rest) == 0 {
				break
			}
		}
	}
	return total + w.handle(h)
}

// handle hands the collected datagrams over, if there are any, and sends the
// replies.
func (w *worker) handle(h Handler) int {
	b := w.batch
	n := len(b.datagrams)
	if n == 0 {
		return 0
	}
	w.counters[Datagrams] += uint64(n)
	w.counters[Batches]++
	h.Handle(b)
	b.Flush()
	b.datagrams, b.origin = b.datagrams[:0], b.origin[:0]
	return n
}
