package cache

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// arena collects the text that spans of a test point into.
type arena struct{ text []byte }

func (a *arena) add(s string) span {
	at := span{uint32(len(a.text)), uint32(len(s))}
	a.text = append(a.text, s...)
	return at
}

func TestMembersFindEveryKeyAndNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfDistinct(rapid.StringMatching(`[ab]{0,4}`), rapid.ID[string]).Draw(t, "keys")
		var a arena
		var m members
		for _, key := range keys {
			m.keys = append(m.keys, a.add(key))
		}
		m.indexKeys(a.text)
		for row, key := range keys {
			if got := m.find(a.text, []byte(key)); got != row {
				t.Fatalf("key %q found at row %d, is at %d", key, got, row)
			}
		}
		absent := rapid.StringMatching(`[abc]{0,5}`).Draw(t, "absent")
		for _, key := range keys {
			if key == absent {
				return
			}
		}
		if got := m.find(a.text, []byte(absent)); got != -1 {
			t.Fatalf("absent key %q found at row %d", absent, got)
		}
	})
}

// lookUp is the reference's rule, word by word: of rows with one name the last,
// an exact name before all, else the only name that begins with q and a dot.
func lookUp(list []string, q string) (int, Match) {
	last := map[string]int{}
	for row, name := range list {
		last[name] = row
	}
	if row, ok := last[q]; ok {
		return row, Found
	}
	row, n := -1, 0
	for name, r := range last {
		if strings.HasPrefix(name, q+".") {
			row = r
			n++
		}
	}
	switch n {
	case 0:
		return -1, NotFound
	case 1:
		return row, Found
	}
	return -1, Ambiguous
}

func TestNamesAreFoundByTheReferencesRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[ab.]{0,5}`)
		list := rapid.SliceOfN(name, 0, 12).Draw(t, "names")
		var a arena
		var n names
		for _, s := range list {
			n.names = append(n.names, a.add(s))
		}
		n.index(a.text, func(int) bool { return true })
		for range 20 {
			q := name.Draw(t, "query")
			wantRow, want := lookUp(list, q)
			row, got := n.find(a.text, []byte(q))
			if got != want || row != wantRow {
				t.Fatalf("%q in %q: row %d, match %d; want row %d, match %d", q, list, row, got, wantRow, want)
			}
		}
	})
}

func TestNamesLeavesOutWhatIsNotIndexed(t *testing.T) {
	var a arena
	n := names{names: []span{a.add("a.x"), a.add("")}}
	n.index(a.text, func(row int) bool { return n.names[row].len > 0 })
	if row, m := n.find(a.text, nil); m != NotFound {
		t.Errorf("the empty name was found at row %d", row)
	}
	if row, m := n.find(a.text, []byte("a")); m != Found || row != 0 {
		t.Errorf("a: row %d, match %d; want row 0, found", row, m)
	}
}

func BenchmarkFindName(b *testing.B) {
	for _, size := range []int{1000, 100000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var a arena
			var n names
			for i := range size {
				n.names = append(n.names, a.add(fmt.Sprintf("instance%d.example.com", i)))
			}
			n.index(a.text, func(int) bool { return true })
			q := make([][]byte, 4096)
			for i := range q {
				q[i] = fmt.Appendf(nil, "instance%d", i*7919%size)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, m := n.find(a.text, q[i%len(q)]); m != Found {
					b.Fatal("not found")
				}
			}
		})
	}
}
