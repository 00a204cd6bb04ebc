package loadgen_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gantry/loadgen"
)

func mustExpect(t *testing.T, text string) *loadgen.Expect {
	t.Helper()
	e, err := loadgen.ParseExpect(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPayload checks how replies to raw payloads are matched and judged.
func TestPayload(t *testing.T) {
	const requests = 1000
	type counts struct{ answered, wrong, lost, late, duplicate, foreign uint64 }
	payloads := [][]byte{[]byte("..one"), []byte("..another"), []byte("..a third one")}
	respond := func(request []byte) []byte { return append(request[:2:2], "\x80answer"...) }
	for _, c := range []struct {
		name   string
		match  loadgen.Match
		expect string
		answer func(n, lane int, request []byte) []scriptedReply
		want   counts
	}{
		{
			"a counter tells replies apart", loadgen.Match{Prefix: 2}, "2:80",
			func(_, lane int, request []byte) []scriptedReply { return once(lane, respond(request)) },
			counts{answered: requests},
		},
		{
			"a short one comes around", loadgen.Match{Prefix: 1}, "",
			func(_, lane int, request []byte) []scriptedReply { return once(lane, request) },
			counts{answered: requests},
		},
		{
			"a long one does not", loadgen.Match{Prefix: 5}, "5:6e/ff",
			func(_, lane int, request []byte) []scriptedReply { return once(lane, append(request[:5:5], 'n')) },
			counts{answered: requests},
		},
		{
			"bytes that must be in a reply", loadgen.Match{Prefix: 2}, "2:8000/800f",
			func(n, lane int, request []byte) []scriptedReply {
				if n%4 == 0 {
					return once(lane, append(request[:2:2], 0x81, 0x83)) // an error
				}
				return once(lane, append(request[:2:2], 0x81, 0x80))
			},
			counts{answered: requests * 3 / 4, wrong: requests / 4},
		},
		{
			"a reply that ends before what it must have", loadgen.Match{Prefix: 2}, "2:8000",
			func(_, lane int, request []byte) []scriptedReply { return once(lane, append(request[:2:2], 0x80)) },
			counts{wrong: requests},
		},
		{
			"replies too short for a counter, or with one of the future", loadgen.Match{Prefix: 2}, "",
			func(_, lane int, request []byte) []scriptedReply {
				return append(once(lane, request[:1]), append(once(lane, []byte{0xff, 0xff}), once(lane, request)...)...)
			},
			counts{answered: requests, foreign: 2 * requests},
		},
		{
			"every fifth reply twice", loadgen.Match{Prefix: 2}, "",
			func(n, lane int, request []byte) []scriptedReply {
				if n%5 == 0 {
					return append(once(lane, request), once(lane, request)...)
				}
				return once(lane, request)
			},
			counts{answered: requests, duplicate: requests / 5},
		},
		{
			"order tells replies apart", loadgen.Match{}, "",
			func(n, lane int, _ []byte) []scriptedReply { return once(lane, []byte{byte(n)}) },
			counts{answered: requests},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				workload := loadgen.Payload{Payloads: payloads, Match: c.match}
				if c.match.Prefix == 5 {
					workload.Payloads = payloads[1:]
				}
				if c.expect != "" {
					workload.Expect = mustExpect(t, c.expect)
				}
				r, err := loadgen.Run(context.Background(), scripted{c.answer}, workload,
					loadgen.Options{Sockets: 2, Outstanding: 64, Requests: requests, Duration: time.Hour})
				if err != nil {
					t.Fatal(err)
				}
				if got := (counts{r.Answered, r.Wrong, r.Lost, r.Late, r.Duplicate, r.Foreign}); got != c.want {
					t.Errorf("%+v instead of %+v", got, c.want)
				}
				if checked := r.Verify == loadgen.VerifyAll; checked != (c.expect != "") {
					t.Errorf("verified %s", r.Verify)
				}
			})
		})
	}
}

// TestLossInOrder gives up what is lost, and then goes on in step.
func TestLossInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := func(n, lane int, request []byte) []scriptedReply {
			if n == 100 || n == 200 {
				return nil
			}
			return once(lane, request)
		}
		r, err := loadgen.Run(context.Background(), scripted{answer}, loadgen.Payload{Payloads: [][]byte{[]byte("x")}},
			loadgen.Options{Sockets: 2, Outstanding: 8, Requests: 1000, Duration: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if r.Lost != 2 || r.Answered != 998 || r.Wrong+r.Late+r.Duplicate+r.Foreign != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// TestPayloadsAreSent checks what leaves: each payload as often as Zipf's law says,
// with a counter.
func TestPayloadsAreSent(t *testing.T) {
	const requests = 20_000
	for _, zipf := range []float64{0, 1, 2.5} {
		synctest.Test(t, func(t *testing.T) {
			seen := map[byte]int{}
			answer := func(n, lane int, request []byte) []scriptedReply {
				if len(request) != 3 || int(request[0])<<8|int(request[1]) != n&0xffff {
					t.Fatalf("request %d is %x", n, request)
				}
				seen[request[2]]++
				return once(lane, request)
			}
			workload := loadgen.Payload{Match: loadgen.Match{Prefix: 2}, Zipf: zipf}
			total := 0.0
			for k := range byte(5) {
				workload.Payloads = append(workload.Payloads, []byte{9, 9, k})
				total += math.Pow(float64(k+1), -zipf)
			}
			if _, err := loadgen.Run(context.Background(), scripted{answer}, workload, loadgen.Options{Requests: requests, Duration: time.Hour}); err != nil {
				t.Fatal(err)
			}
			for k := range byte(5) {
				want := requests * math.Pow(float64(k+1), -zipf) / total
				if math.Abs(float64(seen[k])-want) > 6*math.Sqrt(want) {
					t.Errorf("exponent %g: payload %d was sent %d times instead of some %.0f", zipf, k, seen[k], want)
				}
			}
		})
	}
}

func TestUnusablePayloads(t *testing.T) {
	for _, w := range []loadgen.Payload{
		{},
		{Payloads: [][]byte{{}}},
		{Payloads: [][]byte{{1}}, Match: loadgen.Match{Prefix: 2}},
		{Payloads: [][]byte{make([]byte, 20)}, Match: loadgen.Match{Prefix: 9}},
		{Payloads: [][]byte{make([]byte, loadgen.MaxEchoSize+1)}},
		{Payloads: [][]byte{{1}}, Zipf: -1},
		{Payloads: [][]byte{{1}}, Zipf: math.NaN()},
	} {
		if _, err := loadgen.Run(context.Background(), scripted{}, w, loadgen.Options{}); err == nil {
			t.Errorf("%d payloads, %+v, Zipf %g are accepted", len(w.Payloads), w.Match, w.Zipf)
		}
	}
}

const payloadFile = `# three spellings
hex:00 01 ff

base64:AAH/
text:a "quoted"\tand é\x00\\
`

func TestReadPayloads(t *testing.T) {
	payloads, err := loadgen.ReadPayloads(strings.NewReader(payloadFile), "file", loadgen.Match{Prefix: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]byte{{0, 1, 0xff}, {0, 1, 0xff}, []byte("a \"quoted\"\tand é\x00\\")}
	if fmt.Sprint(payloads) != fmt.Sprint(want) {
		t.Errorf("%q instead of %q", payloads, want)
	}
	for file, message := range map[string]string{
		"":                     "f: no payloads in it",
		"# nothing\n":          "f: no payloads in it",
		"hex:0001\n0203":       "f:2: no hex:, base64: or text: at the start",
		"\n\nhex:000":          "f:3: not hexadecimal: encoding/hex: odd length hex string",
		"base64:!!":            "f:1: not base64: illegal base64 data at input byte 0",
		`text:a\q`:             `f:1: not an escape: "\\q"`,
		"hex:01":               "f:1: a payload of 1 bytes is not within 2 and 65507",
		"text:":                "f:1: a payload of 0 bytes is not within 2 and 65507",
		"hex:" + repeat("00"):  "f:1: a payload of 65508 bytes is not within 2 and 65507",
		"\n" + repeat("xxxxx"): "f:2: the line is longer than 262044 bytes",
	} {
		_, err := loadgen.ReadPayloads(strings.NewReader(file), "f", loadgen.Match{Prefix: 2})
		if err == nil || err.Error() != message {
			t.Errorf("%.20q: %v instead of %s", file, err, message)
		}
	}
}

// repeat is more than a datagram of something.
func repeat(s string) string { return strings.Repeat(s, loadgen.MaxEchoSize+1) }

func TestParseRules(t *testing.T) {
	for text, want := range map[string]loadgen.Match{"none": {}, "prefix:1": {Prefix: 1}, "prefix:8": {Prefix: 8}} {
		if got, err := loadgen.ParseMatch(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "prefix", "prefix:", "prefix:0", "prefix:9", "prefix:x", "order"} {
		if _, err := loadgen.ParseMatch(text); err == nil {
			t.Errorf("%q is a rule", text)
		}
	}
	if e, err := loadgen.ParseExpect("3:ab01/f0ff"); err != nil || e.Offset != 3 || !bytes.Equal(e.Want, []byte{0xab, 1}) || !bytes.Equal(e.Mask, []byte{0xf0, 0xff}) {
		t.Errorf("%+v, %v", e, err)
	}
	for _, text := range []string{"", "ab", "-1:ab", "99999:ab", "0:", "0:a", "0:xy", "0:ab/", "0:ab/ffff", "0:ab/xx"} {
		if _, err := loadgen.ParseExpect(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// FuzzReadPayloads reads anything without harm, and nothing that breaks the rule.
func FuzzReadPayloads(f *testing.F) {
	f.Add(payloadFile)
	f.Add(`text:\u00e9\377\"`)
	f.Add("hex:zz\nbase64:====")
	f.Fuzz(func(t *testing.T, file string) {
		payloads, err := loadgen.ReadPayloads(strings.NewReader(file), "f", loadgen.Match{Prefix: 2})
		if err != nil {
			return
		}
		for _, p := range payloads {
			if len(p) < 2 || len(p) > loadgen.MaxEchoSize {
				t.Errorf("a payload of %d bytes", len(p))
			}
		}
	})
}
