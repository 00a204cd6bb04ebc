package registry

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gantry/confd/conscience/score"
)

func address(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

// registration is a change of a service of type echo, with tags in pairs.
func registration(at string, tags ...any) Change {
	c := Change{Type: "echo", Address: address(at), Put: Compute, Get: Compute}
	for i := 0; i < len(tags); i += 2 {
		tag := Tag{Name: tags[i].(string)}
		switch v := tags[i+1].(type) {
		case int:
			tag.Value = score.Integer(int64(v))
		case float64:
			tag.Value = score.Real(v)
		case bool:
			tag.Value = score.Bool(v)
		case string:
			tag.Value = score.Text(v)
		}
		c.Tags = append(c.Tags, tag)
	}
	return c
}

func lock(at string, put, get Action) Change {
	return Change{Type: "echo", Address: address(at), Put: put, Get: get}
}

// echoConfig has a type echo, with an expression and other settings.
func echoConfig(t testing.TB, expression string, set func(*Type)) *Config {
	t.Helper()
	c := DefaultConfig()
	echo := c.ensure("echo")
	e, err := score.Parse(expression, score.Letter)
	if err != nil {
		t.Fatal(err)
	}
	echo.Put, echo.Get, echo.LockAtFirstRegister = e, e, false
	if set != nil {
		set(echo)
	}
	return c
}

func open(t testing.TB, config *Config, options Options) *Registry {
	t.Helper()
	r, err := Open(config, options)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func apply(t testing.TB, r *Registry, changes ...Change) {
	t.Helper()
	if err := r.Apply(changes...); err != nil {
		t.Fatal(err)
	}
}

// shown is what a service's record says, for comparing: "put get", with an l behind what is locked and "down" if it is.
func shown(t testing.TB, r *Registry, at string) string {
	t.Helper()
	record, ok := r.Find(Key{"echo", address(at)})
	if !ok {
		return "none"
	}
	text := ""
	for _, s := range []Score{record.Put, record.Get} {
		text += fmt.Sprint(s.Value)
		if s.Locked {
			text += "l"
		}
		text += " "
	}
	if isDown(record) {
		text += "down"
	}
	return strings.TrimSpace(text)
}

func expect(t testing.TB, r *Registry, at, want string) {
	t.Helper()
	if got := shown(t, r, at); got != want {
		t.Errorf("%s: %s, want %s", at, got, want)
	}
}

const a, b, c = "10.0.0.1:7000", "10.0.0.2:7000", "10.0.0.3:7000"

func TestRisesAreBoundedAndFallsAreNot(t *testing.T) {
	r := open(t, echoConfig(t, "num stat.v", nil), Options{})
	apply(t, r, registration(a, "stat.v", 80))
	expect(t, r, a, "80 80")
	for _, step := range []struct {
		tags []any
		want string
	}{
		{[]any{"tag.up", false}, "0 0 down"}, {[]any{"tag.up", true}, "5 5"}, {[]any{"stat.v", 80}, "10 10"}, {nil, "15 15"},
		{[]any{"stat.v", 12.9}, "12 12"}, {[]any{"stat.v", "x"}, "12 12"}, {[]any{"stat.v", 5000}, "17 17"}, {[]any{"stat.v", -1}, "0 0"},
		{[]any{"tag.up", "off"}, "0 0 down"}, {[]any{"stat.v", 3, "tag.up", 1}, "3 3"},
	} {
		apply(t, r, registration(a, step.tags...))
		if got := shown(t, r, a); got != step.want {
			t.Errorf("after %v: %s, want %s", step.tags, got, step.want)
		}
	}
}

func TestAScoreWithoutValueStays(t *testing.T) {
	r := open(t, echoConfig(t, "num stat.v", nil), Options{})
	apply(t, r, registration(a, "tag.vol", "/srv"))
	expect(t, r, a, "-1 -1")
	apply(t, r, registration(a, "stat.v", 60))
	expect(t, r, a, "60 60")
}

func TestLocks(t *testing.T) {
	r := open(t, echoConfig(t, "80", nil), Options{})
	for _, step := range []struct {
		change Change
		want   string
	}{
		{registration(a, "tag.up", true), "80 80"},
		{lock(a, 42, Compute), "42l 80"},                      // one side only
		{registration(a, "tag.up", true), "42l 80"},           // locked scores don't move
		{registration(a, "tag.up", false), "42l 0 down"},      // nor when the service is down
		{lock(a, 300, 7), "100l 7l down"},                     // clamped
		{lock(a, 0, 0), "0l 0l down"},                         //
		{lock(a, Unlock, Compute), "0 0l down"},               // one side, which keeps its score
		{registration(a, "tag.up", true), "5 0l"},             // until the next registration
		{lock(a, Unlock, Unlock), "5 0"},                      //
		{lock(b, Unlock, Unlock), "5 0"},                      // of an unknown service: nothing
		{lock(c, 1, 2), "5 0"},                                // of an unknown service: made
		{registration(c, "tag.up", true), "5 0"},              //
		{lock(c, Unlock, Compute), "5 0"},                     //
		{registration(a, "tag.putlock", true, "x", 1), "5 0"}, // refused: no prefix
	} {
		err := r.Apply(step.change)
		if bad := len(step.change.Tags) == 2 && step.change.Tags[1].Name == "x"; bad != (err != nil) {
			t.Fatal(err)
		}
		expect(t, r, a, step.want)
	}
	expect(t, r, b, "none")
	expect(t, r, c, "1 2l")
	record, _ := r.Find(Key{"echo", address(c)})
	for name, want := range map[string]bool{TagLock: false, TagPutLock: false, TagGetLock: true} {
		if value, ok := record.Tag(name); !ok || value.Bool() != want {
			t.Errorf("%s is %v", name, value)
		}
	}
	apply(t, r, registration(a, "tag.putlock", true, "tag.1", true))
	record, _ = r.Find(Key{"echo", address(a)})
	if len(record.Tags) != 1 {
		t.Errorf("a registration brought tags of its own for locks: %v", record.Tags)
	}
}

func TestFirstRegistrationsAreLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, echoConfig(t, "80", func(e *Type) { e.LockAtFirstRegister = true }), Options{})
		apply(t, r, registration(a, "tag.up", true), registration(b), lock(c, 5, Compute))
		expect(t, r, a, "0l 0l")
		expect(t, r, b, "80 80") // without tags: never locked
		expect(t, r, c, "5l 80")
		apply(t, r, lock(a, Unlock, Unlock), registration(a, "tag.up", true))
		expect(t, r, a, "5 5")
		// Who was known is known again, for five days.
		if err := r.Deregister(Key{"echo", address(a)}); err != nil {
			t.Fatal(err)
		}
		expect(t, r, a, "none")
		<-time.After(KnownFor)
		apply(t, r, registration(a, "tag.up", true))
		expect(t, r, a, "80 80")
		if err := r.Flush("echo"); err != nil {
			t.Fatal(err)
		}
		<-time.After(KnownFor + time.Second)
		apply(t, r, registration(a, "tag.up", true))
		expect(t, r, a, "0l 0l")
	})
}

func TestAServiceIDBelongsToOneAddress(t *testing.T) {
	for _, locks := range [][2]Action{{Compute, Compute}, {3, Compute}, {Compute, 4}, {3, 4}} {
		r := open(t, echoConfig(t, "80", func(e *Type) { e.LockAtFirstRegister = true }), Options{})
		apply(t, r, registration(a, TagServiceID, "one"), lock(a, Unlock, Unlock), lock(a, locks[0], locks[1]))
		apply(t, r, registration(b, "tag.up", true), lock(b, Unlock, Unlock), registration(b, TagServiceID, "one"))
		expect(t, r, a, "none")
		got, _ := r.Find(Key{"echo", address(b)})
		if got.Put.Locked != (locks[0] >= 0) || got.Get.Locked != (locks[1] >= 0) || got.Put.Locked && got.Put.Value != 3 || got.Get.Locked && got.Get.Value != 4 {
			t.Errorf("locks %v became %+v", locks, got)
		}
		apply(t, r, registration(c, TagServiceID, "one"))
		expect(t, r, b, "none")
		last, ok := r.Resolve("ONE")
		if !ok || last.Address != address(c) || last.Put.Locked != (locks[0] >= 0) {
			t.Errorf("locks %v: the ID is %+v", locks, last)
		}
	}
}

func TestResolve(t *testing.T) {
	r := open(t, echoConfig(t, "80", nil), Options{})
	apply(t, r, registration(a, TagServiceID, "Rx-1"), registration(b, "tag.up", true))
	for id, want := range map[string]string{"rx-1": a, "RX-1": a, b: b, a: "", "rx-2": ""} {
		record, ok := r.Resolve(id)
		if ok != (want != "") || ok && record.Address != address(want) {
			t.Errorf("%s is %+v", id, record)
		}
	}
	apply(t, r, registration(a, TagServiceID, "rx-2"))
	if _, ok := r.Resolve("rx-1"); ok {
		t.Error("an ID that was given up is still found")
	}
	if err := r.Flush("echo"); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Resolve("rx-2"); ok {
		t.Error("a flushed service is still found")
	}
}

func TestNonsenseIsRefusedAndDisturbsNothing(t *testing.T) {
	r := open(t, echoConfig(t, "80", nil), Options{})
	apply(t, r, registration(a, "tag.up", true))
	before, _ := r.List("echo")
	many := registration(b)
	for i := range MaxTags + 1 {
		many.Tags = append(many.Tags, Tag{Name: fmt.Sprintf("stat.%d", i)})
	}
	long := registration(b)
	for i := range 5 {
		long.Tags = append(long.Tags, Tag{Name: fmt.Sprintf("tag.%d", i), Value: score.Text(strings.Repeat("x", MaxTagText))})
	}
	foreign := registration(b)
	foreign.Type = "nope"
	for name, test := range map[string]struct {
		change Change
		want   error
	}{
		"no address":         {registration("0.0.0.0:0"), ErrInvalidAddress},
		"any address":        {registration("0.0.0.0:80"), ErrInvalidAddress},
		"any IPv6":           {registration("[::]:80"), ErrInvalidAddress},
		"port 0":             {registration("10.0.0.1:0"), ErrInvalidAddress},
		"invalid":            {Change{Type: "echo"}, ErrInvalidAddress},
		"unknown type":       {foreign, ErrUnknownType},
		"not a number":       {registration(b, "stat.x", math.NaN()), ErrInvalidTag},
		"infinity":           {registration(b, "stat.x", math.Inf(-1)), ErrInvalidTag},
		"1e308":              {registration(b, "stat.x", 1e308), ErrInvalidTag},
		"a megabyte":         {registration(b, "tag.x", strings.Repeat("x", 1<<20)), ErrInvalidTag},
		"many tags":          {many, ErrTooMany},
		"much text":          {long, ErrTooMany},
		"a name of 40 bytes": {registration(b, "tag."+strings.Repeat("x", 36), 1), ErrInvalidTag},
		"no prefix":          {registration(b, "up", true), ErrInvalidTag},
	} {
		// The good one before it isn't applied either.
		if err := r.Apply(registration(c, "tag.up", true), test.change); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if err := r.Apply(make([]Change, MaxBatch+1)...); !errors.Is(err, ErrTooMany) {
		t.Errorf("a batch of %d: %v", MaxBatch+1, err)
	}
	if after, _ := r.List("echo"); after != before {
		t.Errorf("the list has changed: %+v", after)
	}
	// Tags gather over registrations: the limit is for all of them.
	for i := range MaxTags {
		apply(t, r, registration(b, fmt.Sprintf("stat.%d", i), i))
	}
	if err := r.Apply(registration(b, "stat.more", 1)); !errors.Is(err, ErrTooMany) {
		t.Errorf("tag %d: %v", MaxTags+1, err)
	}
	apply(t, r, registration(b, "stat.0", 7))
}

func TestListsAreImmutableAndInOrder(t *testing.T) {
	r := open(t, echoConfig(t, "num stat.v", nil), Options{})
	apply(t, r, registration(b, "stat.v", 1), registration(a, "stat.v", 2), registration(c, "stat.v", 3))
	first, err := r.List("echo")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := r.List("echo"); again != first {
		t.Error("a list is made again though nothing has changed")
	}
	apply(t, r, registration(a, "stat.v", 4))
	if err := r.Deregister(Key{"echo", address(b)}, Key{"echo", address("10.9.9.9:1")}); err != nil {
		t.Fatal(err)
	}
	second, _ := r.List("echo")
	text := func(l *List) (s string) {
		for _, record := range l.Records {
			s += fmt.Sprint(record.Address, "=", record.Put.Value, " ")
		}
		return s
	}
	if got, want := text(first), b+"=1 "+a+"=2 "+c+"=3 "; got != want {
		t.Errorf("the old list is %s, want %s", got, want)
	}
	if got, want := text(second), a+"=4 "+c+"=3 "; got != want || second.Version <= first.Version {
		t.Errorf("the new list is %s (%d), want %s", got, second.Version, want)
	}
	if _, err := r.List("nope"); !errors.Is(err, ErrUnknownType) {
		t.Errorf("an unknown type: %v", err)
	}
	if err := r.Flush("nope"); !errors.Is(err, ErrUnknownType) {
		t.Errorf("flushing an unknown type: %v", err)
	}
	if err := r.Deregister(Key{"nope", address(a)}); !errors.Is(err, ErrUnknownType) {
		t.Errorf("deregistering of an unknown type: %v", err)
	}
}

func TestTagsAreMergedOrReplaced(t *testing.T) {
	for flush, want := range map[bool]string{false: "[tag.vol stat.v tag.up]", true: "[stat.v tag.up]"} {
		config := echoConfig(t, "80", nil)
		config.FlushStats = flush
		r := open(t, config, Options{})
		apply(t, r, registration(a, "tag.vol", "/srv", "stat.v", 1), registration(a, "stat.v", 2, "tag.up", true), registration(a))
		record, _ := r.Find(Key{"echo", address(a)})
		var names []string
		for _, tag := range record.Tags {
			names = append(names, tag.Name)
		}
		if got := fmt.Sprint(names); got != want {
			t.Errorf("flush %v: %s, want %s", flush, got, want)
		}
	}
}
