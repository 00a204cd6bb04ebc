package cache

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// watched runs a watch of a file in a bubble, where time is the test's.
type watched struct {
	t       *testing.T
	path    string
	watch   *Watch
	changed chan struct{}
	start   time.Time
	loads   []time.Duration // when, since the start
	next    Next            // what loads say
	during  func()          // what happens while a file is loaded
}

func runWatched(t *testing.T, test func(w *watched)) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{t: t, path: filepath.Join(t.TempDir(), "config.data"), changed: make(chan struct{}, 1), start: time.Now()}
		w.next = Next{Pause: time.Second}
		w.watch = NewWatch(w.path, func() Next {
			w.loads = append(w.loads, time.Since(w.start))
			if during := w.during; during != nil {
				w.during = nil
				during()
			}
			return w.next
		})
		w.watch.changed = w.changed
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.watch.Run(ctx) }()
		synctest.Wait()
		test(w)
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
}

func (w *watched) change() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
	synctest.Wait()
}

func (w *watched) after(d time.Duration) {
	<-time.After(d) // the bubble's time
	synctest.Wait()
}

func (w *watched) want(loads ...time.Duration) {
	w.t.Helper()
	if len(w.loads) != len(loads) {
		w.t.Fatalf("loads at %v, want %v", w.loads, loads)
	}
	for i := range loads {
		if w.loads[i] != loads[i] {
			w.t.Fatalf("loads at %v, want %v", w.loads, loads)
		}
	}
}

func TestAChangeIsLoadedAtOnceThenOnceAPause(t *testing.T) {
	runWatched(t, func(w *watched) {
		w.after(5 * time.Second)
		w.change()
		w.want(0, 5*time.Second)
		for range 9 { // nine changes within the pause make one load at its end
			w.after(100 * time.Millisecond)
			w.change()
		}
		w.after(5 * time.Second)
		w.want(0, 5*time.Second, 6*time.Second)
	})
}

func TestAChangeDuringALoadIsNotLost(t *testing.T) {
	runWatched(t, func(w *watched) {
		w.after(5 * time.Second)
		w.during = func() {
			<-time.After(700 * time.Millisecond)
			w.changed <- struct{}{}
		}
		w.change()
		w.after(5 * time.Second)
		w.want(0, 5*time.Second, 6700*time.Millisecond)
	})
}

func TestAPauseIsAsLongAsALoadAsksFor(t *testing.T) {
	runWatched(t, func(w *watched) {
		w.after(5 * time.Second)
		w.next.Pause = 4 * time.Second
		w.change()
		w.change()
		w.after(10 * time.Second)
		w.want(0, 5*time.Second, 9*time.Second)
	})
}

func TestForceWaitsForThePauseOnly(t *testing.T) {
	runWatched(t, func(w *watched) {
		w.watch.Force()
		w.watch.Force()
		w.after(5 * time.Second)
		w.want(0, time.Second)
	})
}

func TestALoadMayAskToBeRepeated(t *testing.T) {
	runWatched(t, func(w *watched) {
		w.after(2 * time.Second)
		w.next = Next{Again: 3 * time.Second}
		w.change()
		w.after(7 * time.Second)
		w.want(0, 2*time.Second, 5*time.Second, 8*time.Second)
	})
}

func TestThePollFindsWhatNoEventTold(t *testing.T) {
	runWatched(t, func(w *watched) {
		w.after(time.Second)
		if err := os.WriteFile(w.path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		w.after(60 * time.Second)
		w.want(0, watchPoll)
	})
}

// events watches a real directory and sends on loaded after every load.
func events(t *testing.T, path string) (loaded chan struct{}, w *Watch) {
	loaded = make(chan struct{}, 100)
	w = NewWatch(path, func() Next {
		loaded <- struct{}{}
		return Next{}
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
	<-loaded // the first
	return loaded, w
}

func replace(t *testing.T, path, content string) {
	t.Helper()
	temporary := path + ".new"
	if err := os.WriteFile(temporary, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, path); err != nil {
		t.Fatal(err)
	}
}

func TestRenamesOverTheFileAreSeenEveryTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.data")
	loaded, _ := events(t, path)
	for range 5 {
		replace(t, path, "x")
		<-loaded
		for len(loaded) > 0 { // a rename makes more than one event
			<-loaded
		}
	}
}

func TestADirectoryThatComesLaterIsWatched(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(dir, "config.data")
	loaded := make(chan struct{}, 100)
	w := NewWatch(path, func() Next { loaded <- struct{}{}; return Next{} })
	w.poll = 10 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	<-loaded
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	replace(t, path, "x")
	<-loaded
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
