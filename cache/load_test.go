package cache

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// loading runs a loader of a file in a bubble.
type loading struct {
	t       *testing.T
	path    string
	loader  *Loader
	changed chan struct{}
	logged  *bytes.Buffer
	failing atomic.Pointer[fs.PathError] // what opening the file gives, if not nil
}

func runLoader(t *testing.T, cfg LoaderConfig, content string, test func(l *loading)) {
	synctest.Test(t, func(t *testing.T) {
		l := &loading{t: t, path: filepath.Join(t.TempDir(), "config.data"), changed: make(chan struct{}, 1), logged: &bytes.Buffer{}}
		if content != "" {
			replace(t, l.path, content)
		}
		cfg.Path, cfg.Log = l.path, slog.New(slog.NewTextHandler(l.logged, nil))
		l.loader = NewLoader(cfg)
		l.loader.watch.changed = l.changed
		l.loader.open = func(path string) (source, error) {
			if err := l.failing.Load(); err != nil {
				return nil, err
			}
			return openFile(path)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- l.loader.Run(ctx) }()
		synctest.Wait()
		l.after(10 * time.Second) // past the first load's pause
		test(l)
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
}

func (l *loading) after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (l *loading) write(content string) {
	replace(l.t, l.path, content)
	l.changed <- struct{}{}
	synctest.Wait()
}

// wantSerial expects an answer from the config with a serial number.
func (l *loading) wantSerial(serial int64) {
	l.t.Helper()
	s := l.loader.Snapshot()
	if a, none := s.Unavailable(); none {
		l.t.Fatalf("no config: %s", a.Msg)
	}
	if got := s.Info().Serial; got != serial {
		l.t.Fatalf("answers come from the config with serial %d, want %d", got, serial)
	}
}

// wantNone expects every answer to be an error that contains text.
func (l *loading) wantNone(text string) {
	l.t.Helper()
	a, none := l.loader.Snapshot().Unavailable()
	if !none {
		l.t.Fatalf("there is a config, with serial %d", l.loader.Snapshot().Info().Serial)
	}
	if !strings.Contains(string(a.Msg), text) {
		l.t.Fatalf("the answer is %s, without %q", a.Msg, text)
	}
}

func configOf(t *testing.T, serial string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/mini.config.json")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(text), `"serial_no": 100`, `"serial_no": `+serial, 1)
}

func TestAChangedConfigIsServedAtOnce(t *testing.T) {
	runLoader(t, LoaderConfig{Grace: DefaultGrace}, configOf(t, "1"), func(l *loading) {
		l.wantSerial(1)
		l.write(configOf(t, "2"))
		l.wantSerial(2)
		l.write(configOf(t, "3"))
		l.wantSerial(2) // within the pause
		l.after(time.Second)
		l.wantSerial(3)
	})
}

func TestUnchangedContentIsNotRebuilt(t *testing.T) {
	runLoader(t, LoaderConfig{Grace: DefaultGrace}, configOf(t, "1"), func(l *loading) {
		before := l.loader.Snapshot()
		l.write(configOf(t, "1"))
		if l.loader.Snapshot() != before {
			t.Error("the same content was built again")
		}
		if got := l.loader.Status(); got.Unchanged != 1 || got.Builds != 1 {
			t.Errorf("%d unchanged, %d builds; want 1 and 1", got.Unchanged, got.Builds)
		}
		l.after(time.Second)
		l.loader.Reload()
		l.after(time.Second)
		if l.loader.Snapshot() == before {
			t.Error("a forced reload did not build")
		}
	})
}

func TestAChangeInTheMiddleIsSeen(t *testing.T) {
	spaced := strings.Replace(configOf(t, "1"), `"cluster"`, strings.Repeat(" ", 2*edge)+`"cluster"`, 1) + strings.Repeat(" ", edge)
	changed := strings.Replace(spaced, `"mini.example.com"`, `"maxi.example.com"`, 1)
	runLoader(t, LoaderConfig{Grace: DefaultGrace}, spaced, func(l *loading) {
		l.write(changed)
		if got := l.loader.Snapshot().Info().Cluster; got != "maxi.example.com" {
			t.Errorf("the cluster is %s", got)
		}
	})
}

func TestABadConfigLeavesTheLastGoodOne(t *testing.T) {
	good := configOf(t, "1")
	for name, bad := range map[string]string{
		"torn":        good[:len(good)/2],
		"empty":       "",
		"no JSON":     "not a config",
		"wrong shape": `{"version":3000000,"cluster":[]}`,
		"trailing":    good + "x",
	} {
		t.Run(name, func(t *testing.T) {
			runLoader(t, LoaderConfig{Grace: DefaultGrace}, good, func(l *loading) {
				l.write(bad)
				l.wantSerial(1)
				if l.loader.Status().Err == nil {
					t.Error("the fault is not in the status")
				}
				l.after(time.Hour)
				l.wantSerial(1)
				if got := l.loader.Status().Stale(time.Now()); got != time.Hour {
					t.Errorf("stale for %v, want an hour", got)
				}
				if n := strings.Count(l.logged.String(), "level=ERROR"); n != 1 {
					t.Errorf("the fault was logged %d times:\n%s", n, l.logged)
				}
				l.write(configOf(t, "2"))
				l.after(time.Second)
				l.wantSerial(2)
				if err := l.loader.Status().Err; err != nil {
					t.Errorf("the fault is over, but the status has %v", err)
				}
			})
		})
	}
}

func TestAFileThatCannotBeReadLeavesTheLastGoodConfig(t *testing.T) {
	for _, errno := range []error{syscall.EACCES, syscall.EIO, syscall.EMFILE} {
		t.Run(errno.Error(), func(t *testing.T) {
			runLoader(t, LoaderConfig{Grace: DefaultGrace}, configOf(t, "1"), func(l *loading) {
				l.failing.Store(&fs.PathError{Op: "open", Path: l.path, Err: errno})
				l.write(configOf(t, "2"))
				l.after(time.Minute)
				l.wantSerial(1)
				l.failing.Store(nil) // no event tells of that
				l.after(watchPoll)
				l.wantSerial(2)
			})
		})
	}
}

func TestAConfigThatIsGoneAnswersForTheGrace(t *testing.T) {
	runLoader(t, LoaderConfig{Grace: 5 * time.Second}, configOf(t, "1"), func(l *loading) {
		remove := func() {
			if err := os.Remove(l.path); err != nil {
				t.Fatal(err)
			}
			l.changed <- struct{}{}
			synctest.Wait()
		}
		remove()
		l.after(4 * time.Second)
		l.wantSerial(1)
		l.write(configOf(t, "2")) // back in time
		l.after(2 * time.Second)
		l.wantSerial(2)
		remove()
		l.after(5 * time.Second)
		l.wantNone("getFileStatus: does not exist (No such file or directory)")
		l.write(configOf(t, "3"))
		l.after(time.Second)
		l.wantSerial(3)
	})
}

func TestMaxStaleBoundsTheLastGoodConfig(t *testing.T) {
	runLoader(t, LoaderConfig{Grace: DefaultGrace, MaxStale: time.Minute}, configOf(t, "1"), func(l *loading) {
		l.write("broken")
		l.after(59 * time.Second)
		l.wantSerial(1)
		l.after(time.Second)
		l.wantNone("Cannot load configuration from " + l.path)
	})
}

func TestWithoutAConfigAllAnswersSaySo(t *testing.T) {
	runLoader(t, LoaderConfig{Grace: DefaultGrace}, "", func(l *loading) {
		l.wantNone("Failure during configuration update: " + l.path + ": getFileStatus: does not exist (No such file or directory)")
		l.write("[]")
		l.after(time.Second)
		l.wantNone("Cannot load configuration from " + l.path + ": parsing configuration: ")
		l.write(configOf(t, "1"))
		l.after(time.Second)
		l.wantSerial(1)
	})
}

func TestAFileThatChangesWhileItIsReadIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.data")
	replace(t, path, configOf(t, "1"))
	l := NewLoader(LoaderConfig{Path: path, Log: slog.New(slog.DiscardHandler)})
	l.open = func(path string) (source, error) {
		file, err := os.Open(path)
		return &changing{file, func() { _ = os.Chtimes(path, time.Time{}, time.Unix(1, 0)) }}, err
	}
	if _, err := l.read(true); !errors.Is(err, errTorn) {
		t.Fatalf("read gave %v, want %v", err, errTorn)
	}
}

// changing is a file that changes when it is read to its end.
type changing struct {
	*os.File
	change func()
}

func (c *changing) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	if err != nil {
		c.change()
	}
	return n, err
}
