package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"gantry/confd/config"
)

// Lab is where scenarios run: the program under test, the folder for its files
// and how long to measure.
type Lab struct {
	Gantry   string        // the executable
	Dir      string        // an empty folder
	Runs     int           // of each contender
	Duration time.Duration // of a run; 0: as long as each scenario needs
	Quick    bool          // leave out what takes long
	Peers    bool          // run peers beside Gantry, where they are installed
	Progress io.Writer     // a line for every run

	starter starter
	key     []byte
	nextPos int

	// Of the scenario that runs:
	length  time.Duration // of a run
	running []*process
}

// The cores of a lab: the server has one for itself, the generator the other.
const (
	serverCore    = "0"
	generatorCore = "1"
)

// firstPort is where a lab's servers listen, from there upwards, on 127.0.0.1.
const firstPort = 21800

// hmacKey is what Ganeti's own key files look like. It protects nothing here.
const hmacKey = "0123456789abcdef0123456789abcdef01234567\n"

// prepare makes the files that all scenarios share.
func (l *Lab) prepare() error {
	l.key = []byte(hmacKey)
	return os.WriteFile(l.keyFile(), l.key, 0o600)
}

// perform runs a scenario, and ends the servers that it started.
func (l *Lab) perform(ctx context.Context, s *Scenario) (*Report, error) {
	l.length = s.length(l)
	report, err := s.run(ctx, l)
	for _, p := range l.running {
		err = errors.Join(err, p.stop())
	}
	l.running = nil
	return report, err
}

func (l *Lab) keyFile() string { return filepath.Join(l.Dir, "hmac.key") }

func (l *Lab) logf(format string, args ...any) { fmt.Fprintf(l.Progress, format+"\n", args...) }

// nextAddr is an address that no server of this lab has had.
func (l *Lab) nextAddr() netip.AddrPort {
	l.nextPos++
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(firstPort+l.nextPos))
}

// config writes the config of an invented cluster and returns the file's path.
// It is made once for each size.
func (l *Lab) config(ctx context.Context, instances int) (string, error) {
	path := filepath.Join(l.Dir, fmt.Sprintf("config-%d", instances))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	err = config.Generate(untilDone{ctx, f}, config.GenerateOptions{Nodes: max(instances/100, 10), Instances: instances, Seed: 1})
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

// untilDone is a writer that fails when its context is done, and so ends what
// writes to it.
type untilDone struct {
	ctx context.Context
	w   io.Writer
}

func (u untilDone) Write(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.w.Write(p)
}

// link makes to a second name of the file from, as one that is replaced at once.
func link(from, to string) error {
	temporary := to + ".new"
	_ = os.Remove(temporary)
	if err := os.Link(from, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, to)
}

// pause waits, unless the context is done before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
