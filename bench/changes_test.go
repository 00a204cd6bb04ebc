package bench

import (
	"bytes"
	"context"
	"os"
	"slices"
	"testing"

	"gantry/confd/config"
)

func TestChangesDifferInSerialNumbersOnly(t *testing.T) {
	l := testLab(t)
	original, err := l.config(context.Background(), 20)
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.versions(original)
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) []byte {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	was := read(original)
	for i, c := range []struct {
		path    string
		serial  string
		differs int // serial numbers
	}{
		{v.few[0], `"serial_no":1000`, 2}, {v.few[1], `"serial_no":1001`, 2},
		{v.all[0], `"serial_no":1000`, len(serialNumber.FindAll(was, -1))},
	} {
		is := read(c.path)
		if got := bytes.Count(is, []byte(c.serial)); got != c.differs {
			t.Errorf("change %d: %d serial numbers are new, want %d", i, got, c.differs)
		}
		if !bytes.Equal(serialNumber.ReplaceAll(is, nil), serialNumber.ReplaceAll(was, nil)) {
			t.Errorf("change %d: more than serial numbers differs", i)
		}
	}
}

func TestAConfigIsMadeOnceAndNotWhenInterrupted(t *testing.T) {
	l := testLab(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.config(ctx, 20); err == nil {
		t.Fatal("made although interrupted")
	}
	first, err := l.config(context.Background(), 20)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	second, err := l.config(context.Background(), 20)
	if err != nil || second != first {
		t.Fatalf("the second time at %s, %v", second, err)
	}
	if after, err := os.Stat(first); err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("made again: %v", err)
	}
	f, err := os.Open(first)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var c counting
	if err := config.Walk(f, &c); err != nil || c.instances != 20 {
		t.Errorf("%d instances, %v; want 20", c.instances, err)
	}
}

// counting counts a config's instances.
type counting struct{ instances int }

func (c *counting) Top(string, []byte) error { return nil }

func (c *counting) Object(o *config.Object) error {
	if o.Kind == config.KindInstance {
		c.instances++
	}
	return nil
}

func TestAZoneHasWhatIsAsked(t *testing.T) {
	if got, want := dnsQuery("host0"), []byte("\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05host0\x07example\x03com\x00\x00\x01\x00\x01"); !bytes.Equal(got, want) {
		t.Errorf("query %x, want %x", got, want)
	}
	lines := slices.Collect(bytes.Lines(dnsQueries()))
	if len(lines) != zoneHosts || bytes.Count(zone(), []byte("\nhost")) != zoneHosts {
		t.Errorf("%d queries for %d hosts", len(lines), bytes.Count(zone(), []byte("\nhost")))
	}
}
