package wire

import (
	"crypto/hmac"
	"crypto/sha1"
	"fmt"
	"strings"
	"testing"

	"gantry/confd/wire/wiretest"
)

// benchSizes are batch sizes: a server at rest, at work and under load.
var benchSizes = []int{1, 8, 64}

// benchForms are envelopes of requests, of about 200 bytes with benchMsg.
var benchForms = []struct{ name, msg, envelope string }{
	{"python", `{"protocol": 1, "type": 1, "query": "node%d.example.com", "rsalt": "RSALT"}` + "\n", wiretest.DefaultEnvelope + "\n"},
	{"compact", `{"protocol":1,"type":1,"query":"node%d.example.com","rsalt":"RSALT"}`, `plj0{"hmac":<hmac>,"msg":<msg>,"salt":<salt>}`},
	{"other", `{ "protocol": 1, "type": 1, "query": "node%d.example.com", "rsalt": "RSALT" }`, wiretest.DefaultEnvelope},
}

func benchRequests(form, n int) (datagrams [][]byte) {
	for i := range n {
		t := wiretest.Template{Msg: fmt.Sprintf(benchForms[form].msg, i%10), Salt: wiretest.DefaultSalt, Envelope: benchForms[form].envelope}
		datagrams = append(datagrams, t.Datagram([]byte(vectorKey), vectorTime, fmt.Sprintf("%08x-0000-4000-8000-0000000000aa", i)))
	}
	return datagrams
}

// report adds the time per datagram.
func report(b *testing.B, n, bytes int) {
	b.ReportAllocs()
	b.SetBytes(int64(bytes))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/datagram")
}

// BenchmarkParse reads and verifies a batch of requests. The third form is one that the scanner doesn't know.
func BenchmarkParse(b *testing.B) {
	for form := range benchForms {
		for _, n := range benchSizes {
			b.Run(fmt.Sprintf("%s/%d", benchForms[form].name, n), func(b *testing.B) {
				datagrams := benchRequests(form, n)
				keys := NewKeyring(NewKey([]byte(vectorKey)))
				parser := NewParser(n)
				for b.Loop() {
					for _, r := range parser.Parse(datagrams, keys, vectorTime) {
						if r.Drop != DropNone {
							b.Fatal(r.Drop)
						}
					}
				}
				report(b, n, totalLen(datagrams))
			})
		}
	}
}

// BenchmarkSeal signs a batch of usual replies, of 170 bytes.
func BenchmarkSeal(b *testing.B) {
	msg := []byte(`{"protocol":1,"status":0,"answer":"192.0.2.17","serial":7}`)
	escaped := AppendEscaped(nil, msg)
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			request := &Request{Key: NewKey([]byte(vectorKey)), RSalt: []byte(vectorSalt)}
			sealer := NewSealer(n)
			arena := make([]byte, 0, n*512)
			out := arena
			for b.Loop() {
				out = arena
				for range n {
					out = sealer.Append(out, request, msg, escaped)
				}
				sealer.Sign(out)
			}
			report(b, n, len(out))
		})
	}
}

// BenchmarkReply reads and verifies a batch of usual replies.
func BenchmarkReply(b *testing.B) {
	msg := []byte(`{"protocol":1,"status":0,"answer":"192.0.2.17","serial":7}`)
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			key := NewKey([]byte(vectorKey))
			sealer := NewSealer(1)
			datagram := sealer.Append(nil, &Request{Key: key, RSalt: []byte(vectorSalt)}, msg, nil)
			sealer.Sign(datagram)
			var datagrams [][]byte
			for range n {
				datagrams = append(datagrams, datagram)
			}
			keys := NewKeyring(key)
			parser := NewReplyParser(n)
			for b.Loop() {
				for _, r := range parser.Parse(datagrams, keys) {
					if r.Err != nil {
						b.Fatal(r.Err)
					}
				}
			}
			report(b, n, totalLen(datagrams))
		})
	}
}

// BenchmarkMAC computes the MACs of a batch of messages, with this package and with the standard library's HMAC, reused.
func BenchmarkMAC(b *testing.B) {
	for _, size := range []int{100, 1000, 10000} {
		text := []byte(vectorSalt + strings.Repeat("x", size-len(vectorSalt)))
		for _, n := range benchSizes {
			b.Run(fmt.Sprintf("wire/%d/%d", size, n), func(b *testing.B) {
				key := NewKey([]byte(vectorKey))
				column := newColumn(n)
				for b.Loop() {
					column.clear()
					for i := range n {
						room := column.room(size)
						column.add(room, 0, copy(room, text))
						column.messages[i].key = key
					}
					column.sum()
				}
				report(b, n, n*size)
			})
		}
		b.Run(fmt.Sprintf("standard/%d/1", size), func(b *testing.B) {
			mac := hmac.New(sha1.New, []byte(vectorKey))
			sum := make([]byte, 0, sha1.Size)
			for b.Loop() {
				mac.Reset()
				mac.Write(text)
				sum = mac.Sum(sum[:0])
			}
			report(b, 1, size)
		})
	}
}

func totalLen(datagrams [][]byte) (n int) {
	for _, datagram := range datagrams {
		n += len(datagram)
	}
	return n
}
