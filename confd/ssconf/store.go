package ssconf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// ErrTooLarge is wrapped by errors about a file of more than MaxSize bytes.
var ErrTooLarge = fmt.Errorf("larger than %d bytes", MaxSize)

// Store reads the files of one folder. It is safe for concurrent use.
type Store struct {
	files fs.FS
	where string // what errors put before a file's name
}

// Open returns the store of a data directory, e.g. /var/lib/ganeti. Nothing is
// read before it is asked for.
func Open(dir string) *Store { return &Store{files: os.DirFS(dir), where: dir + "/"} }

// New returns the store of a file system whose root holds the files.
func New(files fs.FS) *Store { return &Store{files: files} }

// Path returns the file that holds k, as errors name it.
func (s *Store) Path(k Key) string { return s.where + k.FileName() }

// Paths returns the files of all keys, in the order of Keys.
func (s *Store) Paths() []string {
	paths := make([]string, len(keys))
	for i, k := range keys {
		paths[i] = s.Path(k)
	}
	return paths
}

// Text returns a file's content without the newlines at its end. Errors name
// the file and wrap fs.ErrNotExist, ErrTooLarge, ErrUnknownKey or what the
// system said.
func (s *Store) Text(k Key) (string, error) {
	if err := CheckKeys(k); err != nil {
		return "", err
	}
	f, err := s.files.Open(k.FileName())
	if err != nil {
		return "", s.failure(k, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return "", s.failure(k, err)
	}
	if len(content) > MaxSize {
		return "", s.failure(k, ErrTooLarge)
	}
	return strings.TrimRight(string(content), "\n"), nil
}

// failure names the file once: a path error brings a shorter name of its own.
func (s *Store) failure(k Key, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("ssconf file %s: %w", s.Path(k), err)
}

// All returns the text of every file that can be read. The others are left out:
// a cluster that was made by an older release lacks some.
func (s *Store) All() map[Key]string {
	all := make(map[Key]string, len(keys))
	for _, k := range keys {
		if text, err := s.Text(k); err == nil {
			all[k] = text
		}
	}
	return all
}

// Lines returns a list's entries, in the file's order. Blank lines are no
// entries.
func (s *Store) Lines(k Key) ([]string, error) {
	text, err := s.Text(k)
	if err != nil {
		return nil, err
	}
	return parseLines(text), nil
}

// Map returns the entries of a file of lines "name=value"; a value may hold
// further equals signs. If a name is repeated, its last line counts.
func (s *Store) Map(k Key) (map[string]string, error) {
	lines, err := s.Lines(k)
	if err != nil {
		return nil, err
	}
	entries := make(map[string]string, len(lines))
	for _, line := range lines {
		name, value, found := strings.Cut(line, "=")
		if !found {
			return nil, s.failure(k, fmt.Errorf("line %q holds no equals sign", line))
		}
		entries[name] = value
	}
	return entries, nil
}

func parseLines(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSuffix(line, "\r"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
