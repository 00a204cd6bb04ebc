package wire

import (
	"testing"
)

// Nothing on the way of a query allocates, whichever path it takes, once the first batches have set up the memory.
func TestNoAllocations(t *testing.T) {
	key := NewKey([]byte(vectorKey))
	keys := NewKeyring(NewKey([]byte("another\n")), key)
	queries := []Query{
		{},
		{Kind: QueryPlain, Plain: "node1.example.com"},
		{Kind: QueryPlain, Plain: "knoten é ☃ 𝄞 \" \\"},
		{Kind: QueryDict, HasIP: true, IP: "192.0.2.1", HasLink: true, Link: "br0"},
		{Kind: QueryDict, HasIPs: true, IPs: []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
		{Kind: QueryDict, HasFields: true, Fields: []uint8{0, 1, 2}},
	}
	var datagrams [][]byte
	var msgs [][]byte
	for i, q := range queries {
		msgs = append(msgs, AppendRequestMsg(nil, Type(i), q, []byte(vectorSalt)))
		datagrams = append(datagrams, AppendRequest(nil, key, vectorTime, msgs[i]))
	}
	requests := NewParser(len(datagrams)).Parse(datagrams, keys, vectorTime)
	answer := []byte(`{"protocol":1,"status":0,"answer":"é \"x\"","serial":7}`)
	escaped := AppendEscaped(nil, answer)
	arena := make([]byte, 0, MaxReply)
	sealer := NewSealer(len(datagrams))
	seal := func(arena []byte) []byte {
		for i := range requests {
			arena = sealer.Append(arena, &requests[i], answer, escaped)
			arena = sealer.Append(arena, &requests[i], answer, nil)
		}
		sealer.Sign(arena)
		return arena
	}
	reply := seal(make([]byte, 0, MaxReply))[:ReplySize(answer, escaped, requests[0].RSalt)]
	replies := [][]byte{reply, reply}
	junk := [][]byte{nil, []byte("plj0"), []byte("plj0{"), []byte("plj1{}"), make([]byte, MaxRequest+1), []byte("plj0" + nested(1000)), []byte(`plj0{"msg":"\ud800`), datagrams[0][:100]}

	scanner, general := NewParser(len(datagrams)), NewParser(len(datagrams))
	general.noScanner = true
	scannedReplies, parsedReplies := NewReplyParser(2), NewReplyParser(2)
	parsedReplies.noScanner = true
	signer := NewSigner(len(datagrams))

	for _, test := range []struct {
		name string
		run  func()
	}{
		{"Parse by the scanner", func() { scanner.Parse(datagrams, keys, vectorTime) }},
		{"Parse by the general reader", func() { general.Parse(datagrams, keys, vectorTime) }},
		{"Parse junk", func() { scanner.Parse(junk, keys, vectorTime) }},
		{"Seal", func() { seal(arena) }},
		{"ReplySize", func() { ReplySize(answer, nil, requests[0].RSalt) }},
		{"AppendRequestMsg", func() { AppendRequestMsg(arena, ReqNodePipByInstIP, queries[4], []byte(vectorSalt)) }},
		{"Signer", func() {
			out := arena
			for _, msg := range msgs {
				out = signer.Append(out, key, vectorTime, msg)
			}
			signer.Sign(out)
		}},
		{"ReplyParser by the scanner", func() { scannedReplies.Parse(replies, keys) }},
		{"ReplyParser by the general reader", func() { parsedReplies.Parse(replies, keys) }},
		{"ParseReply", func() { _, _ = ParseReply(reply, keys, scannedReplies) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run()
			if allocations := testing.AllocsPerRun(100, test.run); allocations != 0 {
				t.Errorf("%v allocations a run", allocations)
			}
		})
	}
	for i, r := range scanner.Parse(datagrams, keys, vectorTime) {
		if r.Drop != DropNone {
			t.Errorf("datagram %d: %s", i, r.Drop)
		}
	}
}

// A pool may lose what it holds at a garbage collection, and does so at random under the race detector.
func TestAppendRequestAllocatesLittle(t *testing.T) {
	key := NewKey([]byte(vectorKey))
	msg := AppendRequestMsg(nil, ReqPing, Query{}, []byte(vectorSalt))
	dst := make([]byte, 0, 1024)
	if allocations := testing.AllocsPerRun(1000, func() { AppendRequest(dst, key, vectorTime, msg) }); allocations > 4 {
		t.Errorf("%v allocations a run", allocations)
	}
}

// Datagrams with many values, of ever new shapes, don't make the parser keep more than a bounded memory.
func TestBoundedMemory(t *testing.T) {
	const bound = 8 << 20 // four times what maxKeptValues is said to come to, for two batches' text besides
	parser := NewParser(1)
	keys := NewKeyring(NewKey([]byte(vectorKey)))
	before := heapInUse()
	datagram := make([]byte, 0, MaxRequest)
	for lead := 1; lead < 2000; lead += 40 {
		datagram = append(datagram[:0], `plj0{"x":[`...)
		for range lead {
			datagram = append(datagram, "1,"...)
		}
		datagram = append(datagram, '[')
		for len(datagram) < MaxRequest-10 {
			datagram = append(datagram, "1,"...)
		}
		datagram = append(datagram, "1]]}"...)
		if r := parser.Parse([][]byte{datagram}, keys, vectorTime)[0]; r.Drop != DropEnvelope {
			t.Fatalf("lead %d: %s", lead, r.Drop)
		}
	}
	if after := heapInUse(); after > before+bound {
		t.Errorf("the parser holds %d bytes", after-before)
	}
	if parser.general.large {
		t.Error("a large document is still held")
	}
}
