package client

import (
	"context"
	"log/slog"
	"sync"
)

// FilterCallback passes on what is news: of the replies to one request the first, and any later one with a higher serial and another answer.
// Confirmations, and what servers say that are behind, it keeps back. It is safe for concurrent use.
type FilterCallback struct {
	next   Callback
	logger *slog.Logger // may be nil

	mu      sync.Mutex
	queries map[string]*filtered // by salt; an expiration ends an entry
}

type filtered struct {
	best       Reply
	consistent bool
}

// NewFilterCallback returns a filter in front of next. The logger, which may be nil, is told what is kept back (at debug level) and of
// answers that contradict each other (as a warning).
func NewFilterCallback(next Callback, logger *slog.Logger) *FilterCallback {
	return &FilterCallback{next: next, logger: logger, queries: make(map[string]*filtered)}
}

// Upcall is the filter's Callback.
func (f *FilterCallback) Upcall(up *Upcall) {
	switch up.Type {
	case UpcallReply:
		if !f.news(up) {
			return
		}
	case UpcallExpire:
		f.mu.Lock()
		delete(f.queries, up.Salt)
		f.mu.Unlock()
	}
	f.next(up)
}

// Consistent says whether all replies so far to a request agree: none with an equal serial has another answer than the best one had when it
// came. On a healthy cluster that is so. A request that no one answered yet, or that has expired, is not known.
func (f *FilterCallback) Consistent(salt string) (consistent, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	q, known := f.queries[salt]
	return known && q.consistent, known
}

func (f *FilterCallback) news(up *Upcall) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	q, known := f.queries[up.Salt]
	if !known {
		f.queries[up.Salt] = &filtered{best: up.Reply, consistent: true}
		return true
	}
	same := up.Reply.same(q.best)
	switch {
	case up.Reply.Serial > q.best.Serial:
		q.best = up.Reply
		if !same {
			return true
		}
		f.log(up, slog.LevelDebug, "confirming answer with a newer serial")
	case up.Reply.Serial < q.best.Serial:
		f.log(up, slog.LevelDebug, "outdated answer", slog.Int64("newest", q.best.Serial))
	case same:
		f.log(up, slog.LevelDebug, "confirming answer")
	default:
		q.consistent = false
		f.log(up, slog.LevelWarn, "answers of one serial contradict each other")
	}
	return false
}

func (f *FilterCallback) log(up *Upcall, level slog.Level, message string, attrs ...slog.Attr) {
	if f.logger == nil {
		return
	}
	attrs = append(attrs, slog.String("salt", up.Salt), slog.Int64("serial", up.Reply.Serial), slog.String("server", up.Server.String()))
	f.logger.LogAttrs(context.Background(), level, message, attrs...)
}
