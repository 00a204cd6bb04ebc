package registry

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"gantry/confd/conscience/score"
)

// contents is all that a registry's lists say, by type.
func contents(t testing.TB, r *Registry) string {
	t.Helper()
	var text strings.Builder
	for _, kind := range r.Types() {
		list, err := r.List(kind.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range list.Records {
			fmt.Fprintf(&text, "%+v\n", *record)
		}
	}
	return text.String()
}

func closed(t testing.TB, r *Registry) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// history is a series of calls, each of which is durable when it returns.
var history = []func(r *Registry) error{
	func(r *Registry) error {
		return r.Apply(registration(a, "tag.up", true, "stat.v", 12.5, TagServiceID, "one"), registration(b, "stat.v", -7))
	},
	func(r *Registry) error { return r.Apply(lock(a, 42, Compute)) },
	func(r *Registry) error { return r.Apply(registration(c, TagServiceID, "one", "tag.vol", "/srv/ü")) },
	func(r *Registry) error { return r.Deregister(Key{"echo", address(b)}) },
	func(r *Registry) error { return r.Apply(registration("[2001:db8::1]:80", "tag.up", false)) },
	func(r *Registry) error { return r.Flush("echo") },
	func(r *Registry) error { return r.Apply(lock(b, 1, 2), registration(a, "stat.v", 80)) },
}

// Wherever a crash cuts the file, what is read is the state after some call, and after every call whose frame is whole.
func TestATruncatedStateIsThatOfAnEarlierCall(t *testing.T) {
	config := echoConfig(t, "num stat.v", nil)
	path := filepath.Join(t.TempDir(), "state")
	r := open(t, config, Options{State: path})
	sizes, states := []int64{size(t, path)}, []string{""}
	for _, call := range history {
		if err := call(r); err != nil {
			t.Fatal(err)
		}
		sizes, states = append(sizes, size(t, path)), append(states, contents(t, r))
	}
	closed(t, r)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut")
	step := 0
	for length := len(journalMagic); length <= len(content); length++ {
		for step+1 < len(sizes) && sizes[step+1] <= int64(length) {
			step++
		}
		if got := readBack(t, config, content[:length]); got != states[step] {
			t.Fatalf("cut at %d: after call %d it was\n%sand is\n%s", length, step, states[step], got)
		}
		if length%11 != 0 {
			continue // the rest takes files, which takes time
		}
		for _, tail := range []string{"", "\x00\x00\x00\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\x7f garbage"} {
			if tail != "" && length < len(content) {
				tail = string([]byte{^content[length]}) + tail // not what was cut off
			}
			if err := os.WriteFile(cut, append(bytes.Clone(content[:length]), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			again := open(t, config, Options{State: cut})
			if got := contents(t, again); got != states[step] {
				t.Fatalf("cut at %d: after call %d it was\n%sand is\n%s", length, step, states[step], got)
			}
			// What comes after the cut is kept as well.
			apply(t, again, registration("10.5.5.5:5", "stat.v", 5))
			want := contents(t, again)
			closed(t, again)
			third := open(t, config, Options{State: cut})
			if got := contents(t, third); got != want {
				t.Fatalf("cut at %d, then written: \n%sbecame\n%s", length, want, got)
			}
			closed(t, third)
		}
	}
	if step != len(history) {
		t.Fatalf("only %d of %d calls were seen", step, len(history))
	}
}

// readBack is what a registry knows after it has read a state file's content.
func readBack(t *testing.T, config *Config, content []byte) string {
	t.Helper()
	r, skipped := open(t, config, Options{}), 0
	if _, err := readFrames(bytes.NewReader(content), func(payload []byte) error { return r.replay(payload, &skipped) }); err != nil || skipped > 0 {
		t.Fatal(err, skipped)
	}
	return contents(t, r)
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// A byte that changes on the disk is found by the checksum: nothing before it is lost.
func TestADamagedFrameEndsTheState(t *testing.T) {
	config := echoConfig(t, "num stat.v", nil)
	path := filepath.Join(t.TempDir(), "state")
	r := open(t, config, Options{State: path})
	apply(t, r, registration(a, "stat.v", 1))
	want := contents(t, r)
	good := size(t, path)
	apply(t, r, registration(b, "stat.v", 2))
	closed(t, r)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := good; i < int64(len(content)); i += 3 {
		damaged := bytes.Clone(content)
		damaged[i] ^= 0x10
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		r := open(t, config, Options{State: path})
		if got := contents(t, r); got != want {
			t.Fatalf("byte %d: %s", i, got)
		}
		closed(t, r)
		kept, err := os.ReadFile(path + ".torn")
		if err != nil || !bytes.Equal(kept, damaged) {
			t.Fatalf("byte %d: what was dropped isn't kept: %v", i, err)
		}
	}
}

func TestFilesThatAreNoState(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "text": "[type:echo]\nscore_expr=100\n", "cut in the magic": journalMagic[:5],
		"a frame of nonsense": journalMagic + string(appendFrame(nil, []byte("nonsense")))} {
		path := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(DefaultConfig(), Options{State: path}); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != content {
			t.Errorf("%s: the file was changed: %q, %v", name, after, err)
		}
	}
}

func TestAStateBelongsToOneRegistry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	r := open(t, DefaultConfig(), Options{State: path})
	if _, err := Open(DefaultConfig(), Options{State: path}); !errors.Is(err, ErrState) {
		t.Errorf("a second one: %v", err)
	}
	closed(t, r)
	closed(t, open(t, DefaultConfig(), Options{State: path}))
	if err := r.Apply(); !errors.Is(err, ErrClosed) {
		t.Errorf("after closing: %v", err)
	}
}

// failing is a disk that is full from some write on.
type failing struct {
	stateFile
	full *bool
}

func (f failing) Write(p []byte) (int, error) {
	if *f.full {
		n, _ := f.stateFile.Write(p[:len(p)/2])
		return n, errors.New("no space left on device")
	}
	return f.stateFile.Write(p)
}

func TestAFullDisk(t *testing.T) {
	config := echoConfig(t, "num stat.v", nil)
	path := filepath.Join(t.TempDir(), "state")
	r := open(t, config, Options{State: path})
	full := false
	r.journal.create = func(path string) (stateFile, error) {
		file, err := createFile(path)
		return failing{file, &full}, err
	}
	r.journal.file = failing{r.journal.file, &full}
	apply(t, r, registration(a, "stat.v", 1))
	full = true
	for i := range 3 {
		if err := r.Apply(registration(b, "stat.v", i)); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), path) {
			t.Fatalf("on a full disk: %v", err)
		}
	}
	full = false
	apply(t, r, registration(c, "stat.v", 3))
	want := contents(t, r)
	closed(t, r)
	r = open(t, config, Options{State: path})
	if got := contents(t, r); got != want || !strings.Contains(got, b[:8]) {
		t.Errorf("%s became %s", want, got)
	}
	closed(t, r)
}

// The file is replaced by a snapshot when it has grown, while others write.
func TestTheStateIsReplacedWhileItIsWritten(t *testing.T) {
	config := echoConfig(t, "num stat.v", nil)
	path := filepath.Join(t.TempDir(), "state")
	r := open(t, config, Options{State: path})
	r.journal.limit = 1 // at each write, once
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for i := range 50 {
				r.journal.turn.Lock()
				r.journal.limit = 2000
				r.journal.turn.Unlock()
				if err := r.Apply(registration(fmt.Sprintf("10.0.%d.%d:1", w, i%10+1), "stat.v", i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	want := contents(t, r)
	closed(t, r)
	if got := size(t, path); got > 20_000 {
		t.Errorf("the file has %d bytes", got)
	}
	r = open(t, config, Options{State: path})
	if got := contents(t, r); sorted(got) != sorted(want) || strings.Count(got, "\n") != 40 {
		t.Errorf("%s became %s", want, got)
	}
	closed(t, r)
}

func sorted(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		for j := range i {
			if lines[i] < lines[j] {
				lines[i], lines[j] = lines[j], lines[i]
			}
		}
	}
	return strings.Join(lines, "\n")
}

func TestRecordsReadBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := &Record{
			Type: rapid.StringN(1, 5, 31).Draw(t, "type"), Address: address(rapid.SampledFrom([]string{a, "[fe80::1%eth0]:1", "[::ffff:1.2.3.4]:65535"}).Draw(t, "address")),
			Put: Score{rapid.IntRange(-1, 100).Draw(t, "put"), rapid.Bool().Draw(t, "putlock")}, Get: Score{rapid.IntRange(-1, 100).Draw(t, "get"), rapid.Bool().Draw(t, "getlock")},
			RefreshedAt: rapid.Int64().Draw(t, "refreshed"), LockedAt: rapid.Int64().Draw(t, "locked"),
		}
		for i := range rapid.IntRange(0, 5).Draw(t, "tags") {
			value := rapid.SampledFrom([]score.Value{score.Integer(-5), score.Real(0.1), score.Bool(true), score.Bool(false), score.Text("ü"), score.Text("")}).Draw(t, "value")
			record.Tags = append(record.Tags, Tag{fmt.Sprintf("tag.%d", i), value})
		}
		d := decoder{rest: appendRecord(nil, record)}
		if what := d.byte(); what != entrySet {
			t.Fatal(what)
		}
		if got := d.record(); d.err != nil || len(d.rest) != 0 || !reflect.DeepEqual(got, record) {
			t.Fatalf("%+v became %+v, %v, %d bytes left", record, got, d.err, len(d.rest))
		}
	})
}

func FuzzState(f *testing.F) {
	config := echoConfig(f, "100", nil)
	record := &Record{Type: "echo", Address: address(a), Tags: []Tag{{"tag.vol", score.Text("/")}, {"stat.v", score.Real(1)}}}
	f.Add(appendRecord(nil, record))
	f.Add(appendKnown(appendRemoval(appendRecord(nil, record), record, 5), "echo|x", 1<<40))
	f.Add([]byte("S\x04echo\x00"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		r := open(t, config, Options{})
		skipped := 0
		if err := r.replay(payload, &skipped); err != nil {
			if !errors.Is(err, ErrState) {
				t.Fatal(err)
			}
			return
		}
		list, err := r.List("echo")
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range list.Records {
			if record.Put.Value < -1 || record.Put.Value > 100 || CheckAddress(record.Address) != nil {
				t.Fatalf("%+v", record)
			}
		}
	})
}

// Batches of 100, durable, from several callers: BenchmarkApply/durable is 100 registrations an operation.
func BenchmarkApply(b *testing.B) {
	for _, durable := range []bool{false, true} {
		name, options := "memory", Options{}
		if durable {
			name, options = "durable", Options{State: filepath.Join(b.TempDir(), "state")}
		}
		b.Run(name, func(b *testing.B) {
			config := echoConfig(b, "root(3,((num stat.cpu)*(num stat.space)*(num stat.io)))", nil)
			r := open(b, config, options)
			defer closed(b, r)
			batches := make([][]Change, 100)
			for i := range batches {
				for k := range 100 {
					batches[i] = append(batches[i], registration(fmt.Sprintf("10.0.%d.%d:6000", i, k+1), "tag.up", true, "stat.cpu", 93.25, "stat.io", 99.5,
						"stat.space", 41.9, "tag.loc", "dc1.r2.h7.d1", "tag.slots", "rawx,rawx-even", "tag.vol", "/srv/d1", TagServiceID, fmt.Sprintf("rx-%d-%d", i, k)))
				}
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if err := r.Apply(batches[n%len(batches)]...); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(n)*100/b.Elapsed().Seconds(), "registrations/s")
		})
	}
}
