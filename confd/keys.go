package confd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"gantry/cache"
	"gantry/confd/wire"
)

const (
	// maxKeyFile bounds what is read as a key. Ganeti's own is 41 bytes.
	maxKeyFile = 4096
	// overlap is how long the key before a change goes on verifying: requests
	// signed before the change may be that old and still be answered.
	overlap = wire.MaxClockSkew * time.Second
	// keyPause is the least time between two readings of the key file.
	keyPause = time.Second
)

// keys keeps the ring of keys current with the key file.
type keys struct {
	path    string
	log     *slog.Logger
	current atomic.Pointer[wire.Keyring]
	watch   *cache.Watch

	// Of the goroutine that watches.
	file     []byte    // the file's bytes, as they are the key
	key      *wire.Key // made of file
	previous *wire.Key // nil outside a change
	changed  time.Time
	problem  string // what was logged last
}

// newKeys reads the key file, and fails if it holds no key.
func newKeys(path string, log *slog.Logger) (*keys, error) {
	file, err := readKey(path)
	if err != nil {
		return nil, err
	}
	k := &keys{path: path, log: log, file: file, key: wire.NewKey(file)}
	k.current.Store(wire.NewKeyring(k.key))
	k.watch = cache.NewWatch(path, k.load)
	return k, nil
}

var (
	errEmptyKey = errors.New("is empty")
	errLongKey  = fmt.Errorf("is longer than %d bytes", maxKeyFile)
)

func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer f.Close()
	key, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("key file: %w", err)
	case len(key) == 0:
		return nil, fmt.Errorf("key file %s %w", path, errEmptyKey)
	case len(key) > maxKeyFile:
		return nil, fmt.Errorf("key file %s %w", path, errLongKey)
	}
	return key, nil
}

// load takes a changed key into the ring, and the one before out of it once its
// time is over. A file that holds no key changes nothing.
func (k *keys) load() cache.Next {
	next := cache.Next{Pause: keyPause}
	file, err := readKey(k.path)
	switch {
	case err != nil:
		k.complain(err)
	case !bytes.Equal(file, k.file):
		k.problem = ""
		k.previous, k.key, k.file, k.changed = k.key, wire.NewKey(file), file, time.Now()
		k.current.Store(wire.NewKeyring(k.key, k.previous))
		k.log.Info("key changed; the one before is valid for a while", "path", k.path, "for", overlap)
	default:
		k.problem = ""
	}
	if k.previous == nil {
		return next
	}
	if left := overlap - time.Since(k.changed); left > 0 {
		next.Again = left
		return next
	}
	k.previous = nil
	k.current.Store(wire.NewKeyring(k.key))
	k.log.Info("the key before the change is no longer valid", "path", k.path)
	return next
}

func (k *keys) complain(err error) {
	if k.problem != err.Error() {
		k.problem = err.Error()
		k.log.Error("keeping the key", "err", err)
	}
}
