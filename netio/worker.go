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
	for turn := 1; !w.stopped.Load(); turn++ {
		if turn%w.yieldEvery == 0 {
			yield()
		}
		n, err := w.transport.Receive(w.buffers, &w.counters)
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
		w.deliver(h, w.buffers[:n])
		w.published.publish(&w.counters)
	}
	return nil
}

func (w *worker) stop() {
	w.stopped.Store(true)
	w.transport.Stop()
}

// deliver splits the buffers into datagrams, hands them over in batches of at
// most MaxDatagrams, and sends the replies.
func (w *worker) deliver(h Handler, buffers []Buffer) {
	w.batch.buffers = buffers
	for i := range buffers {
		b := &buffers[i]
		switch {
		case b.PeerPort == 0:
			w.counters[PortZero] += uint64(count(b.Data, b.Segment))
		case b.Truncated:
			w.counters[Truncated]++
		default:
			w.split(h, i, b)
		}
	}
	w.handle(h)
}

// split adds the datagrams of buffer i to the batch, which it hands over whenever
// it is full.
func (w *worker) split(h Handler, i int, buffer *Buffer) {
	b := w.batch
	for rest, more := buffer.Data, true; more; {
		var datagram []byte
		datagram, rest, more = cut(rest, buffer.Segment)
		if len(datagram) > w.maxRequest {
			w.counters[Truncated]++
			continue
		}
		if len(b.datagrams) == MaxDatagrams {
			w.handle(h)
		}
		b.datagrams = append(b.datagrams, datagram)
		b.origin = append(b.origin, i)
		w.counters[ReceivedBytes] += uint64(len(datagram))
		if buffer.Segment > 0 {
			w.counters[Coalesced]++
		}
	}
}

// handle hands the collected datagrams over, if there are any, and sends the
// replies.
func (w *worker) handle(h Handler) {
	b := w.batch
	n := len(b.datagrams)
	if n == 0 {
		return
	}
	w.counters[Datagrams] += uint64(n)
	w.counters[Batches]++
	h.Handle(b)
	b.Flush()
	b.datagrams, b.origin = b.datagrams[:0], b.origin[:0]
}
