package daemon

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// rotationCheck is how often a write looks whether the file was renamed away
// without anybody telling us: seldom enough not to matter, often enough that
// little lands in a rotated file.
const rotationCheck = time.Second

// A logFile is a log that is only ever appended to, and opened anew when it
// was rotated.
type logFile struct {
	path   string
	heir   *Account
	now    func() time.Time
	opened func(*os.File) // told of each newly opened file

	mu      sync.Mutex
	file    *os.File
	checked time.Time

	lost atomic.Uint64 // lines that could not be written
}

// openLogFile opens the log at path for appending. heir is as in openOwn;
// opened may be nil.
func openLogFile(path string, heir *Account, opened func(*os.File)) (*logFile, error) {
	f := &logFile{path: path, heir: heir, now: time.Now, opened: opened}
	if err := f.Reopen(); err != nil {
		return nil, err
	}
	return f, nil
}

// Reopen goes over to the file that the path names now. If that fails, lines
// go on to the file that is open.
func (f *logFile) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reopen()
}

func (f *logFile) reopen() error {
	f.checked = f.now()
	file, err := openOwn(f.path, os.O_WRONLY|os.O_APPEND, f.heir)
	if err != nil {
		return err
	}
	if f.file != nil {
		f.file.Close()
	}
	f.file = file
	if f.opened != nil {
		f.opened(file)
	}
	return nil
}

// Write appends one line. A line that can't be written, to a full disk say, is
// counted and gone: a daemon doesn't stop for its log.
func (f *logFile) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return 0, os.ErrClosed
	}
	if now := f.now(); now.Sub(f.checked) >= rotationCheck {
		f.checked = now
		if f.rotated() {
			// A failure leaves the old file open, which is still better than none.
			_ = f.reopen()
		}
	}
	n, err := f.file.Write(line)
	if err != nil {
		f.lost.Add(1)
	}
	return n, err
}

func (f *logFile) rotated() bool {
	named, err := os.Stat(f.path)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	open, err := f.file.Stat()
	return err == nil && !os.SameFile(named, open)
}

// Close closes the file; later lines are refused.
func (f *logFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
