package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"gantry/confd/config"
)

const (
	// minPause is the least time between two builds: the reference promises
	// its users that a change is served, at most once a second.
	minPause = time.Second
	// pausePerBuild keeps builds below a quarter of a processor.
	pausePerBuild = 3
	// DefaultGrace is how long a config whose file is gone goes on answering.
	// A file that is moved away and written anew takes less; a node that was
	// demoted must not answer for long.
	DefaultGrace = 5 * time.Second
	// readChunk is how much of the file is read at once to hash it.
	readChunk = 1 << 20
	// edge is how much of each end of the file is looked at to see that it
	// changed. A config ends with its serial number and time.
	edge = 4096
)

// LoaderConfig says what to load and how.
type LoaderConfig struct {
	Path string
	// Grace is how long the last snapshot answers after the file is gone.
	Grace time.Duration
	// MaxStale bounds how long the last good snapshot answers while the file
	// can't be read or is not a config; 0 sets no bound.
	MaxStale time.Duration
	Log      *slog.Logger
	// Built, if set, is told how long each build took, by the goroutine that
	// loads.
	Built func(took time.Duration)
}

// Loader keeps the snapshot of a config file current. Snapshot and Status may
// be called from any goroutine, and never wait.
type Loader struct {
	cfg     LoaderConfig
	open    func(path string) (source, error) // tests: a disk that fails
	watch   *Watch
	current atomic.Pointer[Snapshot]

	forced atomic.Bool
	tried  chan struct{} // closed after the first attempt
	once   sync.Once

	// Of the goroutine that loads.
	good  *Snapshot // the last that was built; nil before, and once it no longer answers
	edges uint64    // of the file that it was built from
	gone  bool      // of the last failure: the file does not exist

	modified time.Time // of the file that was read last: when it was written

	mu     sync.Mutex
	status Status
}

// Status is how loading has gone.
type Status struct {
	Builds, Unchanged, Failures uint64
	LastBuild                   time.Duration // how long it took
	Loaded                      time.Time     // when the file was last read and found good
	Modified                    time.Time     // when it had been written, by its own time of modification
	Err                         error         // why the file can't be used now; nil when it can
	Since                       time.Time     // of Err
}

// Stale is for how long the file could not be used.
func (s Status) Stale(now time.Time) time.Duration {
	if s.Err == nil {
		return 0
	}
	return now.Sub(s.Since)
}

// NewLoader makes a loader; Run makes it load.
func NewLoader(cfg LoaderConfig) *Loader {
	l := &Loader{cfg: cfg, open: openFile, tried: make(chan struct{})}
	l.current.Store(NewUnavailable("Configuration not yet loaded"))
	l.watch = NewWatch(cfg.Path, l.load)
	return l
}

// Snapshot is the current one, never nil.
func (l *Loader) Snapshot() *Snapshot { return l.current.Load() }

// Status says how loading has gone.
func (l *Loader) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// Reload builds a new snapshot even if the file seems unchanged.
func (l *Loader) Reload() {
	l.forced.Store(true)
	l.watch.Force()
}

// WaitAttempt waits until loading was tried once. It reports false if ctx was
// done before.
func (l *Loader) WaitAttempt(ctx context.Context) bool {
	select {
	case <-l.tried:
		return true
	case <-ctx.Done():
		return false
	}
}

// Run loads the file and keeps the snapshot current until ctx is done.
func (l *Loader) Run(ctx context.Context) error { return l.watch.Run(ctx) }

// load reads the file once, on a thread of its own.
func (l *Loader) load() (next Next) {
	runOnLowestPriority(func() { next = l.loadHere() })
	l.once.Do(func() { close(l.tried) })
	return next
}

func (l *Loader) loadHere() Next {
	began := time.Now()
	snapshot, err := l.read(l.forced.Swap(false))
	if err != nil {
		return l.failed(err)
	}
	took := time.Since(began)
	built := snapshot != l.good
	if built {
		l.good = snapshot
	}
	l.publish(l.good)
	l.recovered(built, took)
	if built && l.cfg.Built != nil {
		l.cfg.Built(took)
	}
	if !built {
		return Next{Pause: minPause}
	}
	// The old snapshot is garbage from here on. To wait for the collector's
	// own pace would keep it until as much again was allocated, that is,
	// through the next build.
	debug.FreeOSMemory()
	return Next{Pause: max(minPause, pausePerBuild*took)}
}

func (l *Loader) publish(s *Snapshot) {
	if l.current.Load() != s {
		l.current.Store(s)
	}
}

// source is what a config is read from.
type source interface {
	io.ReadSeekCloser
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

func openFile(path string) (source, error) { return os.Open(path) }

// errTorn is a file that changed while it was read.
var errTorn = errors.New("file changed while it was read")

// read builds a snapshot of the file, or returns the last one if the file has
// the same content.
func (l *Loader) read(force bool) (*Snapshot, error) {
	file, err := l.open(l.cfg.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", l.cfg.Path)
	}
	if !force && l.good != nil && before.Size() == l.good.info.FileBytes {
		same, err := l.unchanged(file)
		if same || err != nil {
			l.modified = before.ModTime()
			return l.good, err
		}
	}
	edges, err := hashEdges(file, before.Size())
	if err != nil {
		return nil, err
	}
	snapshot, err := buildHashed(file, before.Size(), l.good)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.cfg.Path, err)
	}
	after, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return nil, fmt.Errorf("%s: %w", l.cfg.Path, errTorn)
	}
	l.edges, l.modified = edges, before.ModTime()
	return snapshot, nil
}

// unchanged reports whether the file has the content of the last good snapshot,
// and leaves it at its start. Most changes show at the edges; only if those are
// as they were is all of the file read.
func (l *Loader) unchanged(file source) (bool, error) {
	edges, err := hashEdges(file, l.good.info.FileBytes)
	if err != nil || edges != l.edges {
		return false, err
	}
	h := xxhash.New()
	if _, err := io.CopyBuffer(h, onlyReader{file}, make([]byte, readChunk)); err != nil {
		return false, err
	}
	if h.Sum64() == l.good.info.Hash {
		return true, nil
	}
	_, err = file.Seek(0, io.SeekStart)
	return false, err
}

// hashEdges is the hash of the first and the last bytes of a file.
func hashEdges(file io.ReaderAt, size int64) (uint64, error) {
	h := xxhash.New()
	buffer := make([]byte, edge)
	for _, at := range []int64{0, max(0, size-edge)} {
		n, err := file.ReadAt(buffer, at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		_, _ = h.Write(buffer[:n])
	}
	return h.Sum64(), nil
}

// onlyReader hides a file's other methods, with which a copy would go around
// its buffer.
type onlyReader struct{ io.Reader }

// buildHashed builds a snapshot of what r gives and notes its hash. A layout
// that can't be read object by object is converted as a whole first.
func buildHashed(r io.ReadSeeker, size int64, previous *Snapshot) (*Snapshot, error) {
	h := xxhash.New()
	s, err := Build(io.TeeReader(r, h), size, previous)
	if errors.Is(err, config.ErrOldLayout) {
		s, err = buildOld(r, h, previous)
	}
	if err != nil {
		return nil, err
	}
	s.info.FileBytes, s.info.Hash = size, h.Sum64()
	return s, nil
}

// buildOld builds a snapshot of a layout before 2.14. It holds the whole file,
// and the converted one, in memory.
func buildOld(r io.ReadSeeker, h *xxhash.Digest, previous *Snapshot) (*Snapshot, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	h.Reset()
	old, err := io.ReadAll(io.TeeReader(r, h))
	if err != nil {
		return nil, err
	}
	doc, err := config.Upgrade(old)
	if err != nil {
		return nil, err
	}
	return Build(bytes.NewReader(doc), int64(len(doc)), previous)
}

// recovered notes a successful load.
func (l *Loader) recovered(built bool, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := &l.status
	if st.Err != nil {
		l.cfg.Log.Info("config can be used again", "path", l.cfg.Path, "after", time.Since(st.Since))
	}
	st.Err, st.Since, st.Loaded, st.Modified = nil, time.Time{}, time.Now(), l.modified
	if !built {
		st.Unchanged++
		return
	}
	st.Builds++
	st.LastBuild = took
	i := l.good.Info()
	l.cfg.Log.Info("config loaded", "path", l.cfg.Path, "serial", i.Serial, "nodes", i.Nodes,
		"instances", i.Instances, "unchanged", i.Unchanged, "bytes", i.FileBytes, "took", took)
}

// failed notes a failed load and decides whether the last good snapshot may go
// on answering: within the grace when the file is gone, within MaxStale when it
// is there but can't be used.
func (l *Loader) failed(err error) Next {
	gone := errors.Is(err, fs.ErrNotExist)
	since := l.noteFailure(err, gone)
	allowed := l.cfg.MaxStale
	if gone {
		allowed = l.cfg.Grace
	}
	left := allowed - time.Since(since)
	bounded := gone || l.cfg.MaxStale > 0
	if l.good == nil || bounded && left <= 0 {
		l.good = nil
		l.publish(NewUnavailable(failureText(l.cfg.Path, err)))
		return Next{Pause: minPause, Again: watchPoll}
	}
	if bounded && left < watchPoll {
		return Next{Again: left}
	}
	return Next{Pause: minPause, Again: watchPoll}
}

// noteFailure counts a failure, logs it when it is another one than before, and
// returns since when the file is in this state.
func (l *Loader) noteFailure(err error, gone bool) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := &l.status
	st.Failures++
	if st.Err == nil || st.Err.Error() != err.Error() {
		l.cfg.Log.Error("config can't be used", "err", err, "answering", l.good != nil)
	}
	if st.Err == nil || gone != l.gone {
		st.Since = time.Now()
	}
	st.Err, l.gone = err, gone
	return st.Since
}

// failureText is the answer that the reference gives for want of a config.
func failureText(path string, err error) string {
	var pathErr *fs.PathError
	if !errors.As(err, &pathErr) {
		return fmt.Sprintf("Cannot load configuration from %s: parsing configuration: %v", path, err)
	}
	what := "openFile: failed"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		what = "getFileStatus: does not exist"
	case errors.Is(err, fs.ErrPermission):
		what = "openFile: permission denied"
	}
	reason := pathErr.Err.Error()
	return fmt.Sprintf("Failure during configuration update: %s: %s (%s)", path, what, strings.ToUpper(reason[:1])+reason[1:])
}
