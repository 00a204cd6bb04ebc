package main

import (
	"strings"
	"testing"
)

// The signatures of the protocol's description, which a Python program computed.
func TestSignature(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef01234567\n")
	const rsalt = "00000000-0000-4000-8000-0000000000aa"
	for _, test := range []struct{ salt, msg, want string }{
		{"1700000000", `{"protocol": 1, "type": 0, "rsalt": "` + rsalt + `"}` + "\n", "ecd35e78e077eeeee548ccedcab64ac914a7d3ad"},
		{"1700000000", `{"protocol": 1, "type": 1, "query": "node1", "rsalt": "` + rsalt + `"}` + "\n", "c60410094e53b076fec2f142040eb9312967cafb"},
		{rsalt, `{"protocol":1,"status":0,"answer":3000000,"serial":0}`, "5c8d042cce08d0168f2e1d195582b6a35650c93b"},
	} {
		if got := signature(key, test.salt, test.msg); got != test.want {
			t.Errorf("signature of %s: %s, want %s", test.msg, got, test.want)
		}
	}
}

func TestSignedDatagramIsThePythonClients(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef01234567\n")
	msg := `{"protocol": 1, "type": 0, "rsalt": "00000000-0000-4000-8000-0000000000aa"}` + "\n"
	want := `plj0{"msg": "{\"protocol\": 1, \"type\": 0, \"rsalt\": \"00000000-0000-4000-8000-0000000000aa\"}\n", "salt": "1700000000", "hmac": "ecd35e78e077eeeee548ccedcab64ac914a7d3ad"}`
	if got := string(signedDatagram(key, 1700000000, msg)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(pythonEnvelope.datagram(key, 1700000000, msg)); got != want {
		t.Errorf("the envelope: got  %s\nwant %s", got, want)
	}
}

func TestQuoteASCII(t *testing.T) {
	for text, want := range map[string]string{
		"":             `""`,
		`a"b\c`:        `"a\"b\\c"`,
		"\n\t\x00\x7f": `"\n\u0009\u0000\u007f"`,
		"é☃𝄞":          `"\u00e9\u2603\ud834\udd1e"`,
		"\xff":         `"\ufffd"`,
	} {
		if got := quoteASCII(text); got != want {
			t.Errorf("quoteASCII(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestReplyMessage(t *testing.T) {
	for _, test := range []struct {
		datagram, want string
		ok             bool
	}{
		{`plj0{"hmac":"x","msg":"{\"a\":1}","salt":"s"}`, `{"a":1}`, true},
		{`plj1{"hmac":"x","msg":"{}","salt":"s"}`, "", false},
		{`plj0{"hmac"`, "", false},
		{``, "", false},
	} {
		got, ok := replyMessage([]byte(test.datagram))
		if string(got) != test.want || ok != test.ok {
			t.Errorf("replyMessage(%s) = %q, %v", test.datagram, got, ok)
		}
	}
}

func TestEnvelopesSaltsAreTimes(t *testing.T) {
	for _, test := range []struct {
		salt string
		skew int64
		want string
	}{
		{"{now}", 0, `"1700000000"`},
		{" ({now})", 0, `" (1700000000)"`},
		{"{now}", -301, `"1699999699"`},
		{"0x{hex}", 0, `"0x6553f100"`},
		{"0X{HEX}", 0, `"0X6553F100"`},
		{"0o{octal}", 0, `"0o14524770400"`},
	} {
		e := pythonEnvelope
		e.salt, e.skew = test.salt, test.skew
		if got := string(e.datagram(clusterKey, 1700000000, "{}")); !strings.Contains(got, `"salt": `+test.want) {
			t.Errorf("salt %q: %s", test.salt, got)
		}
	}
}

func TestSizedDatagram(t *testing.T) {
	for _, size := range []int{300, 4096, 4097, 61440, 65507} {
		if got := len(sizedDatagram(1700000000, size)); got != size {
			t.Errorf("a datagram of %d bytes has %d", size, got)
		}
	}
}
