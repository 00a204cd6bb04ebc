package cache

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// watchPoll is how often a file is looked at without being told of a
	// change: the reference's safety net, for file systems without inotify.
	watchPoll = 17 * time.Second
	// watchPollBlind is the same while the directory can't be watched (it
	// doesn't exist yet, or inotify's limits are reached).
	watchPollBlind = time.Second
)

// Watch calls Load whenever a file may have changed: at once, and then no more
// often than Load says. The last change is never lost. It watches the file's
// directory, since the file is replaced by renaming another one to its name.
//
// The zero values of the durations are not useful; use [NewWatch].
type Watch struct {
	path string
	load func() Next
	poll time.Duration

	forced  chan struct{}
	changed <-chan struct{} // set by tests: in place of the directory's events
}

// Next says when a file may be loaded next.
type Next struct {
	// Pause is how long changes are left to gather before the next load.
	Pause time.Duration
	// Again asks for a load after this time even if nothing changes; 0 doesn't.
	Again time.Duration
}

// NewWatch makes a watch of a file. load is called from Run's goroutine, once
// at its start.
func NewWatch(path string, load func() Next) *Watch {
	return &Watch{path: path, load: load, poll: watchPoll, forced: make(chan struct{}, 1)}
}

// Force asks for a load as soon as the last load's pause is over. It may be
// called from any goroutine and never blocks.
func (w *Watch) Force() {
	select {
	case w.forced <- struct{}{}:
	default: // one is under way already, and will see what is there then
	}
}

// Run loads the file and watches it until ctx is done. It returns nil then.
func (w *Watch) Run(ctx context.Context) error {
	events, err := w.open()
	if err != nil {
		return err
	}
	defer events.close()

	var (
		pause   = time.NewTimer(0) // loads may be made again
		again   = time.NewTimer(0)
		poll    = time.NewTimer(w.poll)
		resting bool
		pending bool
		loaded  fileID
	)
	defer pause.Stop()
	defer again.Stop()
	defer poll.Stop()
	pause.Stop() // since Go 1.23 a stopped timer leaves nothing in its channel
	again.Stop()

	load := func() {
		pending = false
		loaded = identify(w.path)
		next := w.load()
		again.Stop()
		if next.Again > 0 {
			again.Reset(next.Again)
		}
		if resting = next.Pause > 0; resting {
			pause.Reset(next.Pause)
		}
	}
	load()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-events.changed:
			pending = true
		case <-w.forced:
			pending = true
		case <-again.C:
			pending = true
		case <-pause.C:
			resting = false
		case <-poll.C:
			pending = pending || identify(w.path) != loaded
			poll.Reset(events.rewatch(w.poll))
		}
		if pending && !resting {
			load()
		}
	}
}

// fileID changes when a file is replaced or written to.
type fileID struct {
	exists   bool
	size     int64
	modified time.Time
	inode    uint64
}

func identify(path string) fileID {
	info, err := os.Stat(path)
	if err != nil {
		return fileID{}
	}
	return fileID{true, info.Size(), info.ModTime(), inodeOf(info)}
}

// directoryEvents tells of changes to one file of a directory.
type directoryEvents struct {
	changed <-chan struct{}
	watcher *fsnotify.Watcher
	dir     string
	blind   bool
	done    chan struct{}
}

func (w *Watch) open() (*directoryEvents, error) {
	if w.changed != nil {
		return &directoryEvents{changed: w.changed}, nil
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", w.path, err)
	}
	changed := make(chan struct{}, 1)
	e := &directoryEvents{changed: changed, watcher: watcher, dir: filepath.Dir(w.path), done: make(chan struct{})}
	e.blind = watcher.Add(e.dir) != nil
	go e.forward(changed, filepath.Clean(w.path))
	return e, nil
}

// forward passes on that the file changed, without ever making the kernel's
// queue wait: one signal stands for any number of events. An error is most
// likely a queue that ran over, so it counts as a change.
func (e *directoryEvents) forward(changed chan<- struct{}, path string) {
	defer close(e.done)
	events, errs := e.watcher.Events, e.watcher.Errors
	for {
		select {
		case event, ok := <-events:
			if !ok {
				return
			}
			if filepath.Clean(event.Name) != path {
				continue
			}
		case _, ok := <-errs:
			if !ok {
				return
			}
		}
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}

// rewatch adds the directory anew, for it may have been replaced or come into
// being, and returns the time to the next poll.
func (e *directoryEvents) rewatch(poll time.Duration) time.Duration {
	if e.watcher == nil {
		return poll
	}
	if e.blind = e.watcher.Add(e.dir) != nil; e.blind {
		return min(poll, watchPollBlind)
	}
	return poll
}

func (e *directoryEvents) close() {
	if e.watcher != nil {
		e.watcher.Close()
		<-e.done
	}
}
