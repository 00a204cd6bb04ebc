package wire

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The word-wise helpers do what their byte-wise counterparts do.

func TestAllDigits(t *testing.T) {
	for place := range 8 {
		for c := range 256 {
			text := []byte("12345678")
			text[place] = byte(c)
			want := c >= '0' && c <= '9'
			if got := allDigits(binary.LittleEndian.Uint64(text)); got != want {
				t.Errorf("%q: got %v, want %v", text, got, want)
			}
		}
	}
}

func TestTimestamp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		salt := rapid.StringMatching(`[0-9]{1,17}`).Draw(t, "salt")
		want, err := strconv.ParseInt(salt, 10, 64)
		if got, ok := parseTimestamp([]byte(salt)); err != nil || !ok || got != want {
			t.Fatalf("got %d, %v, want %d", got, ok, want)
		}
	})
}

func TestSpecial(t *testing.T) {
	for place := range 8 {
		for c := range 256 {
			text := []byte("abc XYZ~")
			text[place] = byte(c)
			got := special(binary.LittleEndian.Uint64(text)) != 0
			want := c < ' ' || c == '"' || c == '\\' || c > 0x7f
			if got != want {
				t.Errorf("%q: got %v, want %v", text, got, want)
			}
		}
	}
}

func TestMACText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m mac
		var sum [hashSize]byte
		for i := range m {
			m[i] = rapid.Uint32().Draw(t, "word")
			binary.BigEndian.PutUint32(sum[4*i:], m[i])
		}
		var text, slow [hexLen]byte
		m.put(&text)
		m.putWords(&slow)
		if want := hex.EncodeToString(sum[:]); string(text[:]) != want || string(slow[:]) != want {
			t.Fatalf("wrote %s and %s, want %s", text, slow, want)
		}
		for i := range text { // any case will do, and nothing else
			if rapid.Bool().Draw(t, "upper") {
				text[i] = strings.ToUpper(string(text[i]))[0]
			}
		}
		if !m.is(&text) {
			t.Fatalf("%s isn't taken for %x", text, sum)
		}
		place, other := rapid.IntRange(0, hexLen-1).Draw(t, "place"), rapid.Byte().Draw(t, "byte")
		same := strings.EqualFold(string(other), string(text[place])) && other < 0x80
		text[place] = other
		if m.is(&text) != same {
			t.Fatalf("%q taken for %x: %v", text, sum, !same)
		}
	})
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		text string
		want int
		ok   bool
	}{
		{"0", 0, true}, {"-0", 0, true}, {"0.5", 0, true}, {"1.5", 2, true}, {"2.5", 2, true}, {"3.5", 4, true}, {"0.50000000000000000000001", 1, true},
		{"-0.5", 0, true}, {"-0.51", -1, false}, {"-1", -1, false}, {"99", 99, true}, {"99.4", 99, true}, {"99.5", 100, false}, {"100", 0, false},
		{"1e1", 10, true}, {"1E+1", 10, true}, {"1e-1", 0, true}, {"5e-1", 0, true}, {"15e-1", 2, true}, {"0.15e1", 2, true}, {"0e999999999999", 0, true},
		{"1e999999999999999999999999", 0, false}, {"1e-999999999999999999999999", 0, true}, {"00000", 0, false}, {"1.", 1, true}, {"0.00000000000000000001e21", 10, true},
	} {
		n, end := parseNumber([]byte(test.text))
		if test.text == "00000" {
			if end >= 0 {
				t.Errorf("%s is taken for a number", test.text)
			}
			continue
		}
		if end != len(test.text) {
			t.Errorf("%s: read %d bytes", test.text, end)
		}
		if got, ok := n.small(); ok != test.ok || ok && got != test.want {
			t.Errorf("%s: got %d, %v, want %d, %v", test.text, got, ok, test.want, test.ok)
		}
	}
}

// Decoding what was escaped gives the text back, and the reference's escapes are what they are.
func TestEscapes(t *testing.T) {
	var all []byte
	for c := range 0x80 {
		all = append(all, byte(c))
	}
	all = append(all, "é☃𝄞"...)
	const want = `\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f` +
		` !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_` + "`abcdefghijklmnopqrstuvwxyz{|}~\x7fé☃𝄞"
	got := AppendEscaped(nil, all)
	if string(got) != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if EscapedLen(all) != len(want) {
		t.Errorf("EscapedLen is %d, want %d", EscapedLen(all), len(want))
	}
	if back := appendUnescaped(nil, got); string(back) != string(all) {
		t.Errorf("decoded to %q", back)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOf(rapid.Byte()).Draw(t, "text")
		escaped := AppendEscaped(nil, text)
		if string(appendUnescaped(nil, escaped)) != string(text) || EscapedLen(text) != len(escaped) {
			t.Fatalf("escaped to %q", escaped)
		}
	})
}
