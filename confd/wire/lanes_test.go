package wire

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// forced returns the engines that this CPU has, each made to be used whether it pays or not.
func forced() (all []*laneEngine) {
	for _, engine := range engines() {
		always := *engine
		always.name += " always"
		always.shortCost, always.longCost = 0, 0
		all = append(all, &always)
	}
	return all
}

// checkMACs computes the MACs of texts, each with the key of that index in keys, and compares them with the standard library's.
func checkMACs(t interface {
	Helper()
	Fatalf(string, ...any)
}, engine *laneEngine, keys []string, which []int, texts [][]byte) {
	t.Helper()
	column := newColumn(0)
	column.engine = engine
	made := make([]*Key, len(keys))
	for i, key := range keys {
		made[i] = NewKey([]byte(key))
	}
	for i, text := range texts {
		room := column.room(len(text))
		column.add(room, 0, copy(room, text))
		column.messages[i].key = made[which[i]]
	}
	column.sum()
	for i, text := range texts {
		var got [hexLen]byte
		column.messages[i].mac.put(&got)
		if want := hmacHex([]byte(keys[which[i]]), string(text)); string(got[:]) != string(want) {
			t.Fatalf("%s: message %d of %d, %d bytes: got %s, want %s", engine.name, i, len(texts), len(text), got, want)
		}
	}
}

// Every length around the ends of blocks, in batches of every size around the number of lanes.
func TestLanesByLength(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	for _, engine := range forced() {
		t.Run(engine.name, func(t *testing.T) {
			for n := range 301 {
				text := make([]byte, n)
				for i := range text {
					text[i] = byte(source.Uint32())
				}
				for _, count := range []int{1, 2, 7, 8, 9, 15, 16, 17, 33} {
					var texts [][]byte
					for i := range count {
						texts = append(texts, append(bytes.Clone(text), byte(i))[i%2:])
					}
					checkMACs(t, engine, []string{vectorKey}, make([]int, count), texts)
				}
			}
		})
	}
}

func TestLanesMixed(t *testing.T) {
	for _, engine := range append(forced(), engines()...) {
		t.Run(engine.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				keys := rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "keys")
				lengths := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 200), rapid.IntRange(0, 3000), rapid.IntRange(0, 70000)), 0, 70).Draw(t, "lengths")
				fill := rapid.Byte().Draw(t, "fill")
				var texts [][]byte
				var which []int
				for i, n := range lengths {
					text := bytes.Repeat([]byte{fill}, n)
					if n > 0 {
						text[i%n] = byte(i)
					}
					texts = append(texts, text)
					which = append(which, rapid.IntRange(0, len(keys)-1).Draw(t, "key"))
				}
				checkMACs(t, engine, keys, which, texts)
			})
		})
	}
}

// A column may be summed again with other keys for some of its messages: the others keep their MACs.
func TestSumAgain(t *testing.T) {
	first, second := NewKey([]byte("1")), NewKey([]byte("2"))
	for _, engine := range forced() {
		column := newColumn(2)
		column.engine = engine
		for i := range 20 {
			room := column.room(i)
			clear(room[:i])
			column.add(room, 0, i)
			column.messages[i].key = first
		}
		column.sum()
		for i := range column.messages {
			column.messages[i].key = nil
			if i%3 == 0 {
				column.messages[i].key = second
			}
		}
		column.sum()
		for i := range column.messages {
			key := "1"
			if i%3 == 0 {
				key = "2"
			}
			var got [hexLen]byte
			column.messages[i].mac.put(&got)
			if want := hmacHex([]byte(key), string(make([]byte, i))); string(got[:]) != string(want) {
				t.Errorf("%s: message %d: got %s, want %s", engine.name, i, got, want)
			}
		}
	}
}

func TestPays(t *testing.T) {
	wide := &laneEngine{lanes: 16, shortCost: 1, longCost: 3}
	besideSHA := &laneEngine{lanes: 16, shortCost: 5, longCost: 5}
	for _, test := range []struct {
		engine                    *laneEngine
		messages, blocks, longest int
		want                      bool
	}{
		{serial, 16, 32, 2, false},
		{wide, 1, 2, 2, true},
		{wide, 1, 20, 20, false},
		{wide, 3, 60, 20, true},
		{wide, 3, 24, 20, false},
		{besideSHA, 4, 8, 2, false},
		{besideSHA, 5, 10, 2, true},
		{besideSHA, 16, 32, 2, true},
	} {
		if got := test.engine.pays(test.messages, test.blocks, test.longest); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}

// Messages that are too long to be told apart by sort come in the order of the batch, not of their length. A group that took them for sorted
// gave the shorter ones wrong MACs, and then ended in a panic.
func TestLongMessagesInAnyOrder(t *testing.T) {
	for _, engine := range append(forced(), engines()...) {
		for _, lengths := range [][]int{{8184, 4024}, {4024, 4088, 4024}, {70000, 100, 5000, 60000, 4100, 4200}} {
			var texts [][]byte
			for i, n := range lengths {
				texts = append(texts, bytes.Repeat([]byte{byte(i)}, n))
			}
			checkMACs(t, engine, []string{vectorKey}, make([]int, len(texts)), texts)
		}
	}
}

// A long message among short ones doesn't keep them from their lanes, and several long ones have lanes of their own.
func TestGroups(t *testing.T) {
	short, long := make([]byte, 100), make([]byte, 60*blockSize)
	for _, test := range []struct {
		engine *laneEngine
		texts  [][]byte
		want   []int // sizes of groups
	}{
		{&laneEngine{lanes: 16, shortCost: 1, longCost: 3}, [][]byte{short, short, long, short}, []int{3, 1}},
		{&laneEngine{lanes: 16, shortCost: 1, longCost: 3}, [][]byte{long, short, long, short, long}, []int{2, 3}},
		{&laneEngine{lanes: 16, shortCost: 5, longCost: 5}, [][]byte{short, long, short}, []int{3}},
		{&laneEngine{lanes: 2, shortCost: 1, longCost: 3}, [][]byte{short, short, short}, []int{2, 1}},
		{serial, [][]byte{short, long}, []int{1, 1}},
	} {
		column := newColumn(0)
		key := NewKey(nil)
		for i, text := range test.texts {
			room := column.room(len(text))
			column.add(room, 0, copy(room, text))
			column.messages[i].key = key
		}
		column.engine = test.engine
		column.sort()
		var got []int
		for rest := column.order; len(rest) > 0; {
			group, _ := column.group(rest)
			got = append(got, len(group))
			rest = rest[len(group):]
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v, %d messages: got groups of %d, want %d", test.engine, len(test.texts), got, test.want)
		}
	}
}
