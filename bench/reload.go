package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"gantry/confd/wire"
)

// reloads is how many reloads a server is made to do under load.
const reloads = 10

// askPause is how long to wait between two questions whether a change shows: a
// tenth of the least that a reload takes, so that asking takes no part of it.
const askPause = 500 * time.Microsecond

// freshTimeout is how long a change may take to show.
const freshTimeout = time.Minute

func reload(ctx context.Context, l *Lab) (*Report, error) {
	report := &Report{Tables: []Table{{Header: []string{
		"instances", "file, MB", "rename to answered, idle: median (min-max), ms", "every object changed, ms", "under load, ms",
		"VmHWM after " + strconv.Itoa(reloads) + " reloads under load, of the file",
	}}}}
	for _, c := range []struct {
		instances int
		fresh     float64 // goal, ms
		memory    float64 // goal, of the file; 0: none
	}{{1000, 30, 0}, {100000, 1500, 4}} {
		r, err := l.reloadAt(ctx, c.instances)
		if err != nil {
			return nil, err
		}
		report.Tables[0].Rows = append(report.Tables[0].Rows, []string{
			strconv.Itoa(c.instances), fmt.Sprintf("%.1f", r.fileMB), r.idle.text("%.1f"), r.all.text("%.1f"), r.loaded.text("%.1f"), fmt.Sprintf("%.2f", r.memory),
		})
		report.Goals = append(report.Goals, Goal{What: fmt.Sprintf("from rename to answered at %d instances", c.instances), Got: r.idle.median(), Want: c.fresh, AtMost: true, Unit: " ms"})
		if c.memory > 0 {
			report.Goals = append(report.Goals, Goal{What: fmt.Sprintf("peak memory at %d instances, of the file", c.instances), Got: r.memory, Want: c.memory, AtMost: true})
		}
	}
	report.Notes = append(report.Notes, "The server has one core for queries and builder. The change is what a job makes: an object, here the cluster, and the config's serial number; "+
		"objects that stay as they were are taken over from the snapshot before. Under load means one request under way at a time from the other core, the next as soon as the answer is there.")
	return report, nil
}

// text is the series as median and span.
func (s series) text(format string) string {
	low, high := s.span()
	return fmt.Sprintf(format+" ("+format+"-"+format+")", s.median(), low, high)
}

type reloadResult struct {
	fileMB, memory    float64
	idle, all, loaded series // ms
}

func (l *Lab) reloadAt(ctx context.Context, instances int) (r reloadResult, err error) {
	config, err := l.config(instances)
	if err != nil {
		return r, err
	}
	versions, everything, size, err := l.versions(config)
	if err != nil {
		return r, err
	}
	r.fileMB = float64(size) / 1e6
	s, err := l.confd(ctx, fmt.Sprintf("reload-%d", instances), config, serverCore, 1)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := rest(ctx, series{2000}); err != nil { // after the start's build
		return r, err
	}
	if r.idle, err = l.freshness(ctx, s, versions, l.Runs); err != nil {
		return r, err
	}
	if r.all, err = l.freshness(ctx, s, everything, l.Runs); err != nil {
		return r, err
	}
	loadCtx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- l.background(loadCtx, s, config) }()
	r.loaded, err = l.freshness(ctx, s, versions, reloads)
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return r, err
	}
	peak, err := s.peakMemory()
	r.memory = float64(peak) / float64(size)
	return r, err
}

// serialNumber is the member of an object that every change counts up.
var serialNumber = regexp.MustCompile(`"serial_no":\d+`)

// versions makes two configs that differ as a job's change makes them differ, in
// the serial numbers of the cluster and of the config, and two that differ in
// every object's.
func (l *Lab) versions(config string) (few, all [2]string, size int64, err error) {
	text, err := os.ReadFile(config)
	if err != nil {
		return few, all, 0, err
	}
	// The cluster's own serial number is the last before the nodes, and the
	// config's the last of all.
	places := serialNumber.FindAllIndex(text, -1)
	nodes := bytes.Index(text, []byte(`,"nodes":`))
	cluster := slices.IndexFunc(places, func(at []int) bool { return at[0] > nodes }) - 1
	if nodes < 0 || cluster < 0 {
		return few, all, 0, fmt.Errorf("%s: no serial number in the cluster", config)
	}
	for i := range few {
		few[i], all[i] = fmt.Sprintf("%s.few%d", config, i), fmt.Sprintf("%s.all%d", config, i)
		err := errors.Join(
			os.WriteFile(few[i], numbered(text, [][]int{places[cluster], places[len(places)-1]}, firstSerial+i), 0o600),
			os.WriteFile(all[i], numbered(text, places, firstSerial+i), 0o600))
		if err != nil {
			return few, all, 0, err
		}
	}
	return few, all, int64(len(text)), nil
}

// firstSerial is the serial number of the first of two versions.
const firstSerial = 1000

// numbered is text with another serial number in these places.
func numbered(text []byte, places [][]int, serial int) []byte {
	out, at := make([]byte, 0, len(text)+4*len(places)), 0
	for _, p := range places {
		out = fmt.Appendf(append(out, text[at:p[0]]...), `"serial_no":%d`, serial)
		at = p[1]
	}
	return append(out, text[at:]...)
}

// freshness replaces a server's config a number of times and measures how long
// it takes, in ms, until the change is answered. It asks from the generator's
// core, so as not to take part in the server's.
func (l *Lab) freshness(ctx context.Context, s *server, versions [2]string, n int) (taken series, err error) {
	err = onCore(generatorCore, func() error {
		for i := range n {
			if err := rest(ctx, taken); err != nil {
				return err
			}
			took, err := l.change(ctx, s, versions)
			if err != nil {
				return err
			}
			taken = append(taken, float64(took.Microseconds())/1000)
			l.logf("  reload %d of %d of %s: %.1f ms", i+1, n, s.name, taken[i])
		}
		return nil
	})
	return taken, err
}

// change replaces a server's config and measures how long that takes to show.
func (l *Lab) change(ctx context.Context, s *server, versions [2]string) (time.Duration, error) {
	before, err := l.clusterSerial(s)
	if err != nil {
		return 0, err
	}
	version := versions[0]
	if before == firstSerial {
		version = versions[1]
	}
	began := time.Now()
	if err := link(version, s.config); err != nil {
		return 0, err
	}
	for {
		now, err := l.clusterSerial(s)
		took := time.Since(began)
		switch {
		case err == nil && now != before:
			return took, nil
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case took > freshTimeout:
			return 0, fmt.Errorf("%s: the change doesn't show after %v", s.name, freshTimeout)
		}
		time.Sleep(askPause)
	}
}

// rest waits until a change is served at once again: a second after the last,
// or three times as long as it took.
func rest(ctx context.Context, taken series) error {
	pause := 1100 * time.Millisecond
	if n := len(taken); n > 0 {
		pause = max(pause, 4*time.Duration(taken[n-1]*float64(time.Millisecond)))
	}
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Lab) clusterSerial(s *server) (int64, error) {
	reply, err := l.ask(s.addr, wire.ReqClusterMaster, wire.Query{}, time.Second)
	return reply.Serial, err
}

// background loads a server until ctx is done.
func (l *Lab) background(ctx context.Context, s *server, names string) error {
	quiet := *l
	quiet.Duration = time.Hour
	_, err := quiet.load(ctx, s, names, "--outstanding", "1", "--warmup", "0s")
	if ctx.Err() != nil {
		return nil
	}
	return err
}
