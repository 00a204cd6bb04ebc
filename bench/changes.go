package bench

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"gantry/confd/wire"
)

// askPause is how long to wait between two questions whether a change shows: a
// tenth of the least that a reload takes, so that asking takes no part of it.
const askPause = 500 * time.Microsecond

// freshTimeout is how long a change may take to show.
const freshTimeout = time.Minute

// pair is two configs that take each other's place.
type pair [2]string

// versions are the changes of a config: two that differ as a job's change makes
// them differ, in the serial numbers of the cluster and of the config, and two that
// differ in every object's.
type versions struct {
	few, all pair
	size     int64 // of the config, bytes
}

// serialNumber is the member of an object that every change counts up.
var serialNumber = regexp.MustCompile(`"serial_no":\d+`)

// versions makes the changes of a config, once.
func (l *Lab) versions(config string) (v versions, err error) {
	text, err := os.ReadFile(config)
	if err != nil {
		return v, err
	}
	v.size = int64(len(text))
	for i := range v.few {
		v.few[i], v.all[i] = fmt.Sprintf("%s.few%d", config, i), fmt.Sprintf("%s.all%d", config, i)
	}
	if _, err := os.Stat(v.all[len(v.all)-1]); err == nil {
		return v, nil
	}
	// The cluster's own serial number is the last before the nodes, and the
	// config's the last of all.
	places := serialNumber.FindAllIndex(text, -1)
	nodes := bytes.Index(text, []byte(`,"nodes":`))
	cluster := slices.IndexFunc(places, func(at []int) bool { return at[0] > nodes }) - 1
	if nodes < 0 || cluster < 0 {
		return v, fmt.Errorf("%s: no serial number in the cluster", config)
	}
	for i := range v.few {
		err := errors.Join(
			os.WriteFile(v.few[i], numbered(text, [][]int{places[cluster], places[len(places)-1]}, firstSerial+i), 0o600),
			os.WriteFile(v.all[i], numbered(text, places, firstSerial+i), 0o600))
		if err != nil {
			return v, err
		}
	}
	return v, nil
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

// change replaces a server's config and measures how long that takes to show. A
// question that gets no answer, as happens under load, is asked again.
func (l *Lab) change(ctx context.Context, s *server, versions pair) (time.Duration, error) {
	var before int64
	if _, err := l.awaitSerial(ctx, s, func(serial int64) bool { before = serial; return true }); err != nil {
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
	answered, err := l.awaitSerial(ctx, s, func(serial int64) bool { return serial != before })
	return answered.Sub(began), err
}

// awaitSerial asks for the cluster's serial number until it is what is wanted, and
// returns when that was answered.
func (l *Lab) awaitSerial(ctx context.Context, s *server, wanted func(int64) bool) (time.Time, error) {
	began := time.Now()
	for {
		serial, err := l.clusterSerial(s)
		now := time.Now()
		switch {
		case err == nil && wanted(serial):
			return now, nil
		case ctx.Err() != nil:
			return now, ctx.Err()
		case now.Sub(began) > freshTimeout:
			return now, fmt.Errorf("%s: the change doesn't show after %v (%w)", s.name, freshTimeout, cmp.Or(err, errNoChange))
		}
		time.Sleep(askPause)
	}
}

var errNoChange = errors.New("answers are from the config before")

// rest waits until a change is served at once again: a second after the last,
// or three times as long as it took.
func rest(ctx context.Context, taken series) error {
	enough := 1100 * time.Millisecond
	if n := len(taken); n > 0 {
		enough = max(enough, 3*time.Duration(taken[n-1]*float64(time.Millisecond))+200*time.Millisecond)
	}
	return pause(ctx, enough)
}

func (l *Lab) clusterSerial(s *server) (int64, error) {
	reply, err := l.ask(s.addr, wire.ReqClusterMaster, wire.Query{}, time.Second)
	return reply.Serial, err
}
