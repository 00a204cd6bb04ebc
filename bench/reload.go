package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// reloads is how many reloads a server is made to do under load.
const reloads = 10

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

type reloadResult struct {
	fileMB, memory    float64
	idle, all, loaded series // ms
}

func (l *Lab) reloadAt(ctx context.Context, instances int) (r reloadResult, err error) {
	config, err := l.config(ctx, instances)
	if err != nil {
		return r, err
	}
	versions, err := l.versions(config)
	if err != nil {
		return r, err
	}
	r.fileMB = float64(versions.size) / 1e6
	s, err := l.confd(ctx, fmt.Sprintf("confd at %d instances", instances), config, confdOptions{})
	if err != nil {
		return r, err
	}
	if err := rest(ctx, series{2000}); err != nil { // after the start's build
		return r, err
	}
	if r.idle, err = l.freshness(ctx, s, versions.few, l.Runs); err != nil {
		return r, err
	}
	if r.all, err = l.freshness(ctx, s, versions.all, l.Runs); err != nil {
		return r, err
	}
	loadCtx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- l.background(loadCtx, s, config) }()
	r.loaded, err = l.freshness(ctx, s, versions.few, reloads)
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return r, err
	}
	peak, err := s.peakMemory()
	r.memory = float64(peak) / float64(versions.size)
	return r, err
}

// freshness replaces a server's config a number of times and measures how long
// it takes, in ms, until the change is answered. It asks from the generator's
// core, so as not to take part in the server's.
func (l *Lab) freshness(ctx context.Context, s *server, versions pair, n int) (taken series, err error) {
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

// background loads a server until ctx is done.
func (l *Lab) background(ctx context.Context, s *server, names string) error {
	quiet := *l
	quiet.length = time.Hour
	_, err := quiet.load(ctx, s, names, "--outstanding", "1", "--warmup", "0s")
	if ctx.Err() != nil {
		return nil
	}
	return err
}
