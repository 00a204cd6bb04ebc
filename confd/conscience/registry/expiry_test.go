package registry

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// running opens a registry in simulated time and expires in the background.
func running(t *testing.T, config *Config, options Options) *Registry {
	t.Helper()
	r := open(t, config, options)
	go func() { _ = r.Run(t.Context()) }()
	return r
}

// until sleeps up to a moment since the start, plus a bit, so that ticks of that second are done.
func until(start time.Time, seconds float64) {
	<-time.After(time.Until(start.Add(time.Duration(seconds * float64(time.Second)))))
	synctest.Wait()
}

func TestExpiryToTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, echoConfig(t, "80", func(e *Type) { e.Timeout = 10 * time.Second }), Options{})
		start := time.Now()
		until(start, 0.25)
		apply(t, r, registration(a, "tag.up", true), registration(b, "tag.up", true), lock(b, 42, Compute), lock(c, 7, 7))
		until(start, 5.25)
		apply(t, r, lock(b, 43, Compute)) // without tags, it is no sign of life
		until(start, 10.75)
		expect(t, r, a, "80 80")
		expect(t, r, b, "43l 80")
		expect(t, r, c, "7l 7l down") // never seen alive
		until(start, 11.25)
		expect(t, r, a, "0 0 down")
		expect(t, r, b, "43l 0 down")
		list, _ := r.List("echo")
		until(start, 3600)
		if again, _ := r.List("echo"); again != list {
			t.Error("what has expired goes on changing")
		}
		if got := r.Stats().Expired; got != 2 {
			t.Errorf("%d services expired", got)
		}
		// It comes back, bounded.
		apply(t, r, registration(a, "tag.up", true))
		expect(t, r, a, "5 5")
		if got := r.Stats().Flapped; got != 1 {
			t.Errorf("%d services flapped", got)
		}
	})
}

// fleet are n services that register together.
func fleet(n int) []Change {
	changes := make([]Change, n)
	for i := range changes {
		changes[i] = registration(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 6000).String(), "tag.up", true)
	}
	return changes
}

func up(t *testing.T, r *Registry) int {
	t.Helper()
	list, err := r.List("echo")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, record := range list.Records {
		if record.live() {
			n++
		}
	}
	return n
}

func TestAMassExpiryLeavesHalfOfAType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := echoConfig(t, "80", func(e *Type) { e.Timeout = 10 * time.Second })
		r := running(t, config, Options{Damping: DefaultDamping})
		start := time.Now()
		apply(t, r, fleet(100)...)
		until(start, 11.5)
		if got := up(t, r); got != 50 || r.Stats().Held != 50 {
			t.Errorf("%d services are up, %+v", got, r.Stats())
		}
		until(start, 10+DefaultDamping.Hold.Seconds()-1)
		if got := up(t, r); got != 50 {
			t.Errorf("%d services are up before the hold's end", got)
		}
		until(start, 10+DefaultDamping.Hold.Seconds()+2)
		if got := up(t, r); got != 0 || r.Stats().Held != 0 {
			t.Errorf("%d services are up after the hold's end, %+v", got, r.Stats())
		}
	})
}

func TestSmallExpiriesAreNotDamped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := echoConfig(t, "80", func(e *Type) { e.Timeout = 10 * time.Second })
		r := running(t, config, Options{Damping: DefaultDamping})
		all := fleet(100)
		start := time.Now()
		apply(t, r, all...)
		for second := 1; second <= 12; second++ {
			until(start, float64(second)+0.5)
			apply(t, r, all[30:]...)
		}
		if got := up(t, r); got != 70 || r.Stats().Held != 0 {
			t.Errorf("%d services are up, %+v", got, r.Stats())
		}
		// One by one they are no mass either, until half are gone.
		for second := 13; second <= 60; second++ {
			until(start, float64(second)+0.5)
			apply(t, r, all[60:]...)
		}
		if got := up(t, r); got != 50 || r.Stats().Held != 10 {
			t.Errorf("%d services are up, %+v", got, r.Stats())
		}
	})
}

func TestARestartLeavesScoresAsTheyAre(t *testing.T) {
	path := t.TempDir() + "/state"
	synctest.Test(t, func(t *testing.T) {
		config := echoConfig(t, "80", func(e *Type) { e.Timeout = 10 * time.Second })
		r := open(t, config, Options{State: path})
		apply(t, r, registration(a, "tag.up", true), registration(b, "tag.up", true), lock(c, 5, 6))
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		start := time.Now()
		r = open(t, config, Options{State: path, Grace: DefaultGrace})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = r.Run(ctx) }()
		until(start, 60.5)
		expect(t, r, a, "80 80")
		expect(t, r, c, "5l 6l")
		apply(t, r, registration(a, "tag.up", true))
		expect(t, r, a, "80 80")
		until(start, 61.5)
		expect(t, r, a, "80 80")
		expect(t, r, b, "0 0 down")
		expect(t, r, c, "5l 6l down")
		stop()
		synctest.Wait()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// An hour of services of which some flap: whoever flaps stays low, and the others are left alone.
func TestAnHourOfFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, echoConfig(t, "100", func(e *Type) { e.Timeout = 30 * time.Second }), Options{Damping: DefaultDamping})
		all := fleet(20)
		apply(t, r, all...)
		start := time.Now()
		highest := 0
		for second := 1; second <= 3600; second++ {
			until(start, float64(second)+0.25)
			changes := make([]Change, len(all))
			copy(changes, all)
			for i := range 5 {
				// Up for ten seconds of each twenty.
				changes[i] = registration(all[i].Address.String(), "tag.up", second%20 < 10)
			}
			apply(t, r, changes...)
			list, _ := r.List("echo")
			for i, record := range list.Records {
				switch {
				case i >= 5 && record.Put.Value != 100:
					t.Fatalf("second %d: %s has %d", second, record.Address, record.Put.Value)
				case i < 5 && second > 20:
					highest = max(highest, record.Put.Value)
				}
			}
		}
		if highest != 50 {
			t.Errorf("flapping services reached %d", highest)
		}
		if got := r.Stats(); got.Flapped != 5*180 || got.Expired != 0 {
			t.Errorf("%+v", got)
		}
	})
}
