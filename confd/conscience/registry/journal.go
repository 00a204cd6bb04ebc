package registry

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
)

const (
	// journalMagic begins every state file; the number is the layout's.
	journalMagic = "gantry conscience 1\n"
	// frameHeader is the length of the payload and its checksum, four bytes each.
	frameHeader = 8
	// maxFrame bounds a payload: the largest batch of the largest records has less.
	maxFrame = 1 << 30
	// snapshotFrame is how much of a snapshot goes into a frame, at least.
	snapshotFrame = 64 << 10
	// journalSlack is how large the file may grow, whatever its snapshot has: 50,000 registrations or so.
	journalSlack = 16 << 20
	// journalGrowth is how many times as large as its snapshot the file may grow.
	journalGrowth = 4
)

// ErrState means that the state file can't be read or written.
var ErrState = errors.New("state is not durable")

var checksums = crc32.MakeTable(crc32.Castagnoli)

// A stateFile is what the journal needs of a file.
type stateFile interface {
	io.WriteCloser
	Sync() error
}

// journal appends frames to the state file. Appending is done under the registry's lock and touches no file; whoever waits for its frame
// writes what has gathered, for all.
type journal struct {
	path     string
	snapshot func() (content []byte, upTo uint64) // a file that tells of everything; it takes what is pending
	create   func(path string) (stateFile, error)

	mu       sync.Mutex // for the next two
	pending  []byte     // frames that aren't written yet
	appended uint64     // how many frames there have been

	turn   sync.Mutex // held by the one who writes
	file   stateFile
	lock   io.Closer
	synced uint64 // how many frames are durable
	size   int64  // of the file
	limit  int64  // beyond which it is replaced
	failed bool   // what the end of the file is like isn't known
}

// createFile makes a file that only its owner may read: tags tell of the inside of a network.
func createFile(path string) (stateFile, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

// append adds a frame and returns its number.
func (j *journal) append(payload []byte) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending = appendFrame(j.pending, payload)
	j.appended++
	return j.appended
}

func appendFrame(to, payload []byte) []byte {
	to = binary.LittleEndian.AppendUint32(to, uint32(len(payload)))
	to = binary.LittleEndian.AppendUint32(to, crc32.Checksum(payload, checksums))
	return append(to, payload...)
}

// take returns the frames that aren't written yet, and the number of the last one.
func (j *journal) take() ([]byte, uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	frames := j.pending
	j.pending = nil
	return frames, j.appended
}

// sync returns when a frame is durable, or with an error that wraps ErrState.
func (j *journal) sync(number uint64) error {
	j.turn.Lock()
	defer j.turn.Unlock()
	if j.synced >= number {
		return nil
	}
	if !j.failed {
		frames, upTo := j.take()
		err := j.write(frames)
		if err == nil {
			j.synced = upTo
			if j.size <= j.limit {
				return nil
			}
		} else {
			j.failed = true
		}
	}
	// A new file holds all, whatever became of the old one.
	if err := j.replace(); err != nil {
		if j.synced >= number {
			j.limit = j.size + journalSlack // the old file is good: try again later
			return nil
		}
		return fmt.Errorf("state file %s: %w: %w", j.path, ErrState, err)
	}
	return nil
}

func (j *journal) write(frames []byte) error {
	n, err := j.file.Write(frames)
	j.size += int64(n)
	if err != nil {
		return err
	}
	return j.file.Sync()
}

// replace puts a file with a snapshot in the place of the one that there is.
func (j *journal) replace() error {
	content, upTo := j.snapshot()
	fresh := j.path + ".new"
	file, err := j.create(fresh)
	if err != nil {
		return err
	}
	if _, err = file.Write(content); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(fresh, j.path)
	}
	if err != nil {
		j.failed = true // frames that were pending are in no file now
		return errors.Join(err, file.Close())
	}
	if j.file != nil {
		_ = j.file.Close() // nothing is read from it any more
	}
	j.file, j.synced, j.failed = file, upTo, false
	j.size = int64(len(content))
	j.limit = max(journalSlack, j.size*journalGrowth)
	return syncDirectory(filepath.Dir(j.path))
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

func (j *journal) close() error {
	j.mu.Lock()
	last := j.appended
	j.mu.Unlock()
	err := j.sync(last)
	j.turn.Lock()
	defer j.turn.Unlock()
	if j.file != nil {
		err = errors.Join(err, j.file.Close())
	}
	return errors.Join(err, j.lock.Close())
}

// readFrames calls do with each payload, and returns the offset behind the last whole frame.
func readFrames(from io.Reader, do func(payload []byte) error) (int64, error) {
	reader := bufio.NewReaderSize(from, 1<<20)
	magic := make([]byte, len(journalMagic))
	if _, err := io.ReadFull(reader, magic); err != nil || string(magic) != journalMagic {
		return 0, fmt.Errorf("%w: it does not begin as a state file does", ErrState)
	}
	at := int64(len(magic))
	var payload []byte
	for {
		var header [frameHeader]byte
		if _, err := io.ReadFull(reader, header[:]); err != nil {
			return at, torn(err)
		}
		length := int(binary.LittleEndian.Uint32(header[:]))
		if length == 0 || length > maxFrame { // eight zeros have the right checksum
			return at, nil
		}
		var err error
		if payload, err = readPayload(reader, payload[:0], length); err != nil {
			return at, torn(err)
		}
		if crc32.Checksum(payload, checksums) != binary.LittleEndian.Uint32(header[4:]) {
			return at, nil
		}
		if err := do(payload); err != nil {
			return at, err
		}
		at += frameHeader + int64(length)
	}
}

// torn tells the end of a file from other errors: where it ends in the middle of a frame is no error.
func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// readPayload reads a length that may be a lie, without believing it at once.
func readPayload(reader io.Reader, to []byte, length int) ([]byte, error) {
	const step = 1 << 20
	for len(to) < length {
		n := min(step, length-len(to))
		start := len(to)
		if cap(to)-start < n {
			to = append(to, make([]byte, n)...)
		} else {
			to = to[:start+n]
		}
		if _, err := io.ReadFull(reader, to[start:]); err != nil {
			return to, err
		}
	}
	return to, nil
}
