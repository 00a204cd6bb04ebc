package score

import (
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// tags are a service's tags in a test.
type tags map[string]Value

func (t tags) Tag(name string) (Value, bool) { v, ok := t[name]; return v, ok }

const (
	undefined = "undefined"
	syntax    = "syntax error"
)

func TestExpressionsByTheLetter(t *testing.T) {
	env := tags{
		"stat.cpu": Integer(42), "stat.space": Real(62.5), "stat.tiny": Real(0.0000004), "tag.up": Bool(true),
		"tag.loc": Text("dc1.r2"), "tag.n": Text(" 0x10 blocks"), "stat.cpu-1": Integer(7),
	}
	for _, test := range []struct {
		text string
		want any
	}{
		{"1==1", 0.0}, {"1!=1", 1.0}, {"1<1", 1.0}, {"1<=1", 0.0}, {"1>1", 1.0}, {"1>=1", 0.0}, {"2>=1", 1.0},
		{"2 <n> 3", -1.0}, {"2<N>2", 0.0}, {"3<n>2", 1.0},
		{"2 - 1", 1.0}, {"2-1", syntax}, {"2 -1", syntax}, {"2--1", 3.0}, {"2*3+4", 14.0}, {"2+3*4", 14.0}, {"10 - 2 - 3", 11.0}, {"100 / 3 / 2", 66.66666666666667},
		{"1/0", 0.0}, {"root(2,9)", 3.0}, {"pow(2,3)", 9.0}, {"root(0,4)", undefined}, {"pow(0,4)", undefined}, {"root(2,-4)", math.NaN()}, {"root(2,0)", 0.0},
		{"num stat.none", undefined}, {`num stat.none:"7"`, 7.0}, {`num stat.cpu:"7"`, 42.0}, {`num foo.bar:"5"`, 0.0}, {"num foo.bar", undefined},
		{`stat.none:"abc"`, 3.0}, {`foo.bar:"abcd"`, 4.0}, {"stat.none", undefined},
		{"stat.cpu", 2.0}, {"stat.space", 9.0}, {"tag.up", 1.0}, {"tag.loc", 6.0}, {`"four"`, 4.0}, {`""`, 0.0},
		{"num stat.cpu * 2", 4.0}, {"(num stat.cpu) * 2", 84.0}, {"num num stat.cpu", 42.0}, {"num tag.up", 1.0}, {"num tag.loc", undefined}, {"num tag.n", 16.0},
		{"num stat.tiny", 0.0}, {"num stat.space", 62.5},
		{`num "12abc"`, 12.0}, {`num "abc"`, undefined}, {`num ""`, undefined}, {`num "-1.5e1x"`, -15.0}, {`num "1e"`, 1.0}, {`num "inf"`, math.Inf(1)}, {`num "0x"`, 0.0},
		{"((num stat.none) > 1) * 0", undefined}, {"5 @ - 2", 3.0}, {"5 # 6", syntax}, {".5", 0.5}, {"-.5", -0.5}, {"5.", syntax}, {"1.2.3", syntax},
		{"stat.num", syntax}, {"number.x", undefined}, {"stat.cpu-1", 10.0 - 9}, {"num stat.cpu-1", 7.0}, {"stat .\n cpu", 2.0},
		{"", syntax}, {"   ", syntax}, {"(1", syntax}, {"1)", syntax}, {"()", syntax}, {"1 2", syntax}, {"1 +", syntax}, {"root(1)", syntax}, {"clamp(1,2)", syntax},
		{`stat.cpu:5`, syntax}, {`1:"2"`, syntax}, {`"open`, syntax}, {"1\x00)", 1.0},
		{"clamp(5,1,3)", 3.0}, {"clamp(0,1,3)", 1.0}, {"clamp(2,1,3)", 2.0}, {"clamp(5,7,3)", 3.0}, {"clamp(4,7,5)", 7.0}, {"NUM 1", syntax},
	} {
		e, err := Parse(test.text, Letter)
		if test.want == syntax {
			if bad := new(SyntaxError); !errors.As(err, &bad) {
				t.Errorf("%q: error %v, want a syntax error", test.text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
			continue
		}
		got, err := e.Evaluate(env)
		if test.want == undefined {
			if !errors.Is(err, ErrUndefined) {
				t.Errorf("%q: %v, %v, want no value", test.text, got, err)
			}
			continue
		}
		if want := test.want.(float64); err != nil || got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q: %v, %v, want %v", test.text, got, err, want)
		}
	}
}

func TestStrictRefusesTraps(t *testing.T) {
	for _, test := range []struct {
		text string
		want []TrapKind
	}{
		{"root(3,((num stat.cpu)*(num stat.space)*(num stat.io)))", nil},
		{"1 + (num stat.cpu)", nil},
		{`clamp(((num stat.cpu:"5") <n> 3),0,1) * 100`, nil},
		{"2+3*4", nil}, {"1+2+3 - 4", nil}, {"2*3*4/5", nil}, {"(2*3)+4", nil}, {"num stat.cpu", nil}, {`num "5"`, nil}, {"num (1 + 2)", nil}, {"2 * num stat.cpu", nil}, {"2 * 3 <n> 6", []TrapKind{TrapPrecedence}},
		{"1 == 1", []TrapKind{TrapComparison}}, {"((num stat.space)>5) * 2", []TrapKind{TrapComparison}}, {"1<2", []TrapKind{TrapComparison}},
		{"2*3+4", []TrapKind{TrapPrecedence}}, {"10 - 2 - 3", []TrapKind{TrapPrecedence}}, {"8/4/2", []TrapKind{TrapPrecedence}}, {"8/4*2", []TrapKind{TrapPrecedence}},
		{"num stat.cpu * 2", []TrapKind{TrapNum, TrapLength}},
		{"stat.cpu + 1", []TrapKind{TrapLength}}, {`"abc"`, []TrapKind{TrapLength}},
		{"num foo.bar", []TrapKind{TrapBase}}, {"num stat.cpu-1", []TrapKind{TrapMinusInName}}, {"num stat.cpu-idle", nil}, {"5 @ - 2", []TrapKind{TrapSkipped}},
	} {
		lenient, err := Parse(test.text, Letter)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
			continue
		}
		var got []TrapKind
		for _, trap := range lenient.Traps() {
			got = append(got, trap.Kind)
		}
		if len(got) != len(test.want) {
			t.Errorf("%q: traps %v, want %v", test.text, lenient.Traps(), test.want)
			continue
		}
		for i := range got {
			if got[i] != test.want[i] {
				t.Errorf("%q: traps %v, want %v", test.text, lenient.Traps(), test.want)
			}
		}
		_, err = Parse(test.text, Strict)
		if trap := new(TrapError); errors.As(err, &trap) != (test.want != nil) {
			t.Errorf("%q: strict says %v", test.text, err)
		} else if test.want != nil && !strings.Contains(err.Error(), test.want[0].Advice()) {
			t.Errorf("%q: no advice in %v", test.text, err)
		}
	}
}

// What the advice about comparisons says holds.
func TestComparisonsWithoutTraps(t *testing.T) {
	for _, pair := range [][2]float64{{1, 2}, {2, 2}, {3, 2}} {
		a, b := pair[0], pair[1]
		env := tags{"stat.a": Real(a), "stat.b": Real(b)}
		for text, want := range map[string]bool{
			"clamp(((num stat.a) <n> (num stat.b)),0,1)":       a > b,
			"clamp(1 + ((num stat.a) <n> (num stat.b)),0,1)":   a >= b,
			"1 - pow(2,((num stat.a) <n> (num stat.b)))":       a == b,
			"clamp(((num stat.b) <n> (num stat.a)),0,1)":       a < b,
			"pow(2,((num stat.a) <n> (num stat.b)))":           a != b,
			"1 - clamp(((num stat.a) <n> (num stat.b)),0,1)":   a <= b,
			"root(1,((num stat.a) <n> (num stat.b))) <n> -0.5": a >= b,
		} {
			e, err := Parse(text, Strict)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			got, err := e.Evaluate(env)
			if err != nil || (got > 0) != want {
				t.Errorf("%s with %v and %v: %v, %v, want %v", text, a, b, got, err, want)
			}
		}
	}
}

// The reference's deployment scores its test services by these.
func TestScoresOfTheReferencesTests(t *testing.T) {
	const (
		put = `(root(4,(pow(2,clamp(((num stat.space) - 20)*1.25,0,100)) * (clamp(((num stat.cpu) - 5)*6.666667,1,100) * clamp(((num stat.io) - 5)*1.333333,1,100))))) * (num stat.unknown:"1")`
		get = `(root(2,(clamp(((num stat.cpu) - 5)*6.666667,0,100) * clamp(((num stat.io) - 5)*1.333333,0,100)))) * (num stat.unknown:"1")`
	)
	for _, test := range []struct {
		space, cpu, io float64
		put, get       int
	}{
		{100, 100, 100, 100, 100}, {0, 100, 100, 0, 100}, {20, 100, 100, 0, 100}, {25, 100, 100, 25, 100},
		{62.5, 54.3, 56.7, 66, 83}, {100, 10, 10, 38, 14}, {25, 5, 0, 2, 0}, {62.5, 0, 0, 7, 0},
	} {
		env := tags{"stat.space": Real(test.space), "stat.cpu": Real(test.cpu), "stat.io": Real(test.io)}
		for text, want := range map[string]int{put: test.put, get: test.get} {
			e, err := Parse(text, Strict)
			if err != nil {
				t.Fatal(err)
			}
			value, err := e.Evaluate(env)
			if got := FromValue(value, None, 5); err != nil || got != want {
				t.Errorf("%+v: %v gives %v, %v, want %v", test, text[:9], got, err, want)
			}
		}
	}
}

func TestFromValue(t *testing.T) {
	for _, test := range []struct {
		value                 float64
		previous, bound, want int
	}{
		{80, None, 5, 80}, {80, 0, 5, 5}, {80, 5, 5, 10}, {30, 80, 5, 30}, {80, 0, 0, 80}, {80, 0, -3, 80}, {80, 10, math.MaxInt, 80},
		{99.99, None, 0, 99}, {-0.5, None, 0, 0}, {101, None, 0, 100}, {1e300, None, 0, 100}, {math.Inf(1), None, 0, 100}, {math.Inf(-1), 50, 5, 0}, {math.NaN(), 50, 5, 0}, {300, 99, 5, 100},
	} {
		if got := FromValue(test.value, test.previous, test.bound); got != test.want {
			t.Errorf("FromValue(%v, %v, %v) = %v, want %v", test.value, test.previous, test.bound, got, test.want)
		}
	}
}

func TestLocations(t *testing.T) {
	for text, want := range map[string]Location{
		"abcd.hem.oio.vol8":                0xEE4F7ABF990CAA8E,
		"0xEE4F7ABF990CAA8E":               0xEE4F7ABF990CAA8E,
		"hem.dc2.room1.rack2.server3.vol8": 0x7ABF693EAE13F707,
		"hem.dc2.room1.rack2":              0x7ABF693EAE13CD78,
		"rack0.srv0":                       0x00000000CD761370,
		"":                                 0,
		"0x12zz":                           0x12,
		"0x11112222333344445":              math.MaxUint64,
		"0x0":                              Location(djb2("0x0") & 0xFFFF),
	} {
		if got := ParseLocation(text); got != want {
			t.Errorf("%q: %#x, want %#x", text, got, want)
		}
	}
	for text, want := range map[string]Location{
		"127.0.0.1:6015": 0x00007F000001177F,
		"[dead:beef:feed:face:cafe:babe:baad:c0de]:51966": 0xBABEBAADC0DECAFE,
		"[::ffff:127.0.0.1]:6015":                         0x00007F000001177F,
	} {
		if got := AddressLocation(netip.MustParseAddrPort(text)); got != want {
			t.Errorf("%s: %#x, want %#x", text, got, want)
		}
	}
	for want, other := range []Location{0x1111222233334444, 0x1111222233334445, 0x1111222233344444, 0x1111222333334444, 0x2111222233334444} {
		if got := Distance(0x1111222233334444, other); got != want {
			t.Errorf("distance to %#x is %d, want %d", other, got, want)
		}
	}
}

func TestTruth(t *testing.T) {
	for value, want := range map[Value][2]bool{
		Integer(0): {false, true}, Integer(-2): {true, true}, Real(0): {false, true}, Real(0.1): {true, true}, Bool(true): {true, true}, Bool(false): {false, true},
		Text("YES"): {true, true}, Text("nope"): {false, true}, Text("perhaps"): {false, false}, Text(""): {false, false},
	} {
		truth, ok := value.Truth()
		if truth != want[0] || ok != want[1] {
			t.Errorf("%+v: %v, %v, want %v", value, truth, ok, want)
		}
	}
}

func TestLimits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("(", n) + "1" + strings.Repeat(")", n) }
	if _, err := Parse(deep(MaxDepth-1), Strict); err != nil {
		t.Error(err)
	}
	for _, text := range []string{deep(MaxDepth), strings.Repeat("1+", MaxDepth) + "1", strings.Repeat("num ", MaxDepth) + "1", strings.Repeat(" ", MaxText) + "1"} {
		if bad := new(SyntaxError); !errors.As(func() error { _, err := Parse(text, Letter); return err }(), &bad) {
			t.Errorf("%.10q of %d bytes is accepted", text, len(text))
		}
	}
}

// Parentheses around every operation and every num say what the letter means: no trap of reading is left.
func TestParenthesesTellTheLettersReading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := rapid.SliceOfN(rapid.SampledFrom([]string{"2", "3.5", "(num stat.a)", "clamp(4,1,3)"}), 1, 6).Draw(t, "terms")
		written, nested := "", ""
		for i, term := range terms {
			if i == len(terms)-1 {
				written, nested = written+term, nested+term+strings.Repeat(")", i)
				break
			}
			operator := rapid.SampledFrom([]string{" + ", " - ", " * ", " / ", " <n> "}).Draw(t, "operator")
			written, nested = written+term+operator, nested+term+operator+"("
		}
		flat, err := Parse(written, Letter)
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		clear, err := Parse(nested, Strict)
		if err != nil {
			t.Fatalf("%s: %v", nested, err)
		}
		env := tags{"stat.a": Integer(5)}
		a, _ := flat.Evaluate(env)
		b, _ := clear.Evaluate(env)
		if a != b {
			t.Fatalf("%s is %v, %s is %v", written, a, nested, b)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"root(3,((num stat.cpu)*(num stat.space)*(num stat.io)))", `clamp((num stat.x:"0x1p9"),1,100) <= pow(2,-3.5) / 0`,
		`num "inf" - num "nan" * tag.loc`, "5 @ - 2", "stat.cpu-1", "((((", `"`, "<n><N>==!=", "1--1", "num num 1+2",
	} {
		f.Add(seed, int64(5), 0.5, "text")
	}
	f.Fuzz(func(t *testing.T, text string, integer int64, real float64, word string) {
		e, err := Parse(text, Letter)
		if err != nil {
			if _, strict := Parse(text, Strict); strict == nil {
				t.Fatalf("%q: strict accepts what the letter refuses", text)
			}
			return
		}
		env := tags{"stat.cpu": Integer(integer), "stat.io": Real(real), "tag.loc": Text(word), "tag.up": Bool(integer > 0)}
		value, err := e.Evaluate(env)
		if err != nil && err != ErrUndefined {
			t.Fatalf("%q: %v", text, err)
		}
		for previous := None; previous <= Max; previous += 25 {
			if got := FromValue(value, previous, 5); got < Min || got > Max {
				t.Fatalf("%q: score %d", text, got)
			}
		}
		if again, err := Parse(e.String(), Letter); err != nil || len(again.Traps()) != len(e.Traps()) {
			t.Fatalf("%q doesn't read the same twice: %v", text, err)
		}
	})
}

func BenchmarkEvaluate(b *testing.B) {
	e, err := Parse("root(3,((num stat.cpu)*(num stat.space)*(num stat.io)))", Strict)
	if err != nil {
		b.Fatal(err)
	}
	env := tags{"stat.cpu": Real(93.25), "stat.space": Real(41.9), "stat.io": Integer(100)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Evaluate(env); err != nil {
			b.Fatal(err)
		}
	}
}
