package netio

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// scriptedSends stands in for sendmmsg: it follows a list of outcomes, one a call,
// and keeps what left.
type scriptedSends struct {
	outcomes []sendOutcome
	left     [][]byte
	segments []int
}

// sendOutcome takes up to take messages, or fails.
type sendOutcome struct {
	take  int
	errno unix.Errno
}

func (s *scriptedSends) sendmmsg(_ int, headers []mmsghdr) (int, unix.Errno) {
	o := sendOutcome{take: len(headers)}
	if len(s.outcomes) > 0 {
		o = s.outcomes[0]
		s.outcomes = s.outcomes[1:]
	}
	if o.errno != 0 {
		return -1, o.errno
	}
	n := min(o.take, len(headers))
	for i := range headers[:n] {
		h := &headers[i].header
		s.left = append(s.left, bytes.Clone(unsafe.Slice(h.Iov.Base, h.Iov.Len)))
		segment := 0
		if h.Controllen > 0 {
			segment = segmentOf(unsafe.Slice(h.Control, h.Controllen))
		}
		s.segments = append(s.segments, segment)
	}
	return n, 0
}

// segmentOf returns the UDP_SEGMENT in control messages.
func segmentOf(control []byte) int {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		panic(err)
	}
	for _, m := range messages {
		if m.Header.Level == unix.IPPROTO_UDP && m.Header.Type == unix.UDP_SEGMENT {
			return int(*(*uint16)(unsafe.Pointer(&m.Data[0])))
		}
	}
	return 0
}

// TestSendOutcomes checks what is sent and counted when the system takes only some
// messages, or none.
func TestSendOutcomes(t *testing.T) {
	whole := func(texts ...string) (messages []Message) {
		for _, text := range texts {
			messages = append(messages, Message{Data: []byte(text)})
		}
		return messages
	}
	cut := []Message{{Data: []byte("a")}, {Data: []byte("bbccd"), Segment: 2}, {Data: []byte("e")}}
	for _, c := range []struct {
		name     string
		messages []Message
		outcomes []sendOutcome
		left     []string
		counters map[Counter]uint64
		segments bool // still used afterwards
	}{
		{
			"all at once", whole("a", "b", "c"), nil, []string{"a", "b", "c"},
			map[Counter]uint64{Replies: 3, SentBytes: 3, SendCalls: 1}, true,
		},
		{
			"in pieces", whole("a", "b", "c"), []sendOutcome{{take: 1}, {take: 1}}, []string{"a", "b", "c"},
			map[Counter]uint64{Replies: 3, SentBytes: 3, SendCalls: 3}, true,
		},
		{
			"the first is refused", whole("a", "b", "c"), []sendOutcome{{errno: unix.EPERM}}, []string{"b", "c"},
			map[Counter]uint64{Replies: 2, SentBytes: 2, SendErrors: 1, SendCalls: 2}, true,
		},
		{
			"the second is refused", whole("a", "b", "c"), []sendOutcome{{take: 1}, {errno: unix.ENETUNREACH}}, []string{"a", "c"},
			map[Counter]uint64{Replies: 2, SentBytes: 2, SendErrors: 1, SendCalls: 3}, true,
		},
		{
			"all are refused", whole("a", "b"), []sendOutcome{{errno: unix.EHOSTUNREACH}, {errno: unix.EHOSTUNREACH}}, nil,
			map[Counter]uint64{Replies: 0, SendErrors: 2, SendCalls: 2}, true,
		},
		{
			"a signal interrupts", whole("a"), []sendOutcome{{errno: unix.EINTR}}, []string{"a"},
			map[Counter]uint64{Replies: 1, SendErrors: 0, SendCalls: 2}, true,
		},
		{
			"the queue is full for a moment", whole("a", "b"), []sendOutcome{{take: 1}, {errno: unix.EAGAIN}}, []string{"a", "b"},
			map[Counter]uint64{Replies: 2, SendFull: 0, SendCalls: 3, Waits: 1}, true,
		},
		{
			"segments are sent", cut, nil, []string{"a", "bbccd", "e"},
			map[Counter]uint64{Replies: 5, Segmented: 3, SentBytes: 7}, true,
		},
		{
			"segments are refused by the device", cut, []sendOutcome{{take: 1}, {errno: unix.EIO}},
			[]string{"a", "bb", "cc", "d", "e"},
			map[Counter]uint64{Replies: 5, Segmented: 0, SentBytes: 7, SendErrors: 0}, false,
		},
		{
			"segments are refused by the socket", cut, []sendOutcome{{take: 1}, {errno: unix.EINVAL}},
			[]string{"a", "bb", "cc", "d", "e"},
			map[Counter]uint64{Replies: 5, Segmented: 0}, false,
		},
		{
			"segments are too long for the path", cut, []sendOutcome{{take: 1}, {errno: unix.EMSGSIZE}},
			[]string{"a", "bb", "cc", "d", "e"},
			map[Counter]uint64{Replies: 5, Segmented: 0}, true,
		},
		{
			"the peer is refused, segmented or not", cut,
			[]sendOutcome{{take: 1}, {errno: unix.EINVAL}, {errno: unix.EINVAL}, {errno: unix.EINVAL}, {errno: unix.EINVAL}},
			[]string{"a", "e"},
			map[Counter]uint64{Replies: 2, Segmented: 0, SendErrors: 3}, true,
		},
		{
			"the peer is forbidden", cut, []sendOutcome{{take: 1}, {errno: unix.EPERM}}, []string{"a", "e"},
			map[Counter]uint64{Replies: 2, SendErrors: 3}, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			transport := testTransport(t)
			sends := &scriptedSends{outcomes: c.outcomes}
			transport.sender.sendmmsg = sends.sendmmsg
			s := transport.sockets[0]
			var counters Counters
			transport.send(s, c.messages, &counters, false)
			var left []string
			for _, data := range sends.left {
				left = append(left, string(data))
			}
			if !slices.Equal(left, c.left) {
				t.Errorf("sent %q instead of %q", left, c.left)
			}
			for counter, want := range c.counters {
				if counters[counter] != want {
					t.Errorf("%s is %d instead of %d", counter, counters[counter], want)
				}
			}
			if s.segment.Load() != c.segments {
				t.Errorf("segments are used afterwards: %t", s.segment.Load())
			}
		})
	}
}

// TestSendQueueStaysFull gives up after sendPatience, and not once a message.
func TestSendQueueStaysFull(t *testing.T) {
	transport := testTransport(t)
	calls := 0
	transport.sender.sendmmsg = func(int, []mmsghdr) (int, unix.Errno) {
		calls++
		return -1, unix.EAGAIN
	}
	messages := make([]Message, 100)
	for i := range messages {
		messages[i].Data = []byte("reply")
	}
	messages[50].Segment = 1
	var counters Counters
	start := time.Now()
	transport.send(transport.sockets[0], messages, &counters, false)
	if took := time.Since(start); took < sendPatience {
		t.Errorf("it gave up after %s", took)
	}
	if counters[SendFull] != 104 || counters[Replies] != 0 || counters[SendErrors] != 0 {
		t.Errorf("%d lost for want of room, %d sent, %d refused", counters[SendFull], counters[Replies], counters[SendErrors])
	}
	if uint64(calls) != counters[SendCalls] || counters[Waits] == 0 {
		t.Errorf("%d calls, %d counted, %d waits", calls, counters[SendCalls], counters[Waits])
	}
}

// testTransport is a worker's transport on a socket of its own.
func testTransport(t *testing.T) *messageTransport {
	t.Helper()
	cfg, err := Config{Addrs: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Workers: 1}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	transports, err := openTransports(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := transports[0].Close(); err != nil {
			t.Error(err)
		}
	})
	return transports[0].(*messageTransport)
}

// TestBusySocketLetsOthersIn receives from a socket that never runs dry. One that the
// worker believes to be empty is looked at all the same.
func TestBusySocketLetsOthersIn(t *testing.T) {
	cfg, err := Config{BatchSize: 1, Workers: 1, Addrs: []netip.AddrPort{
		netip.MustParseAddrPort("127.0.0.1:0"), netip.MustParseAddrPort("127.0.0.2:0"),
	}}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	transports, err := openTransports(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	transport := transports[0].(*messageTransport)
	defer transport.Close()
	send := func(to netip.AddrPort, n int) {
		c, err := Dial(ClientConfig{Target: to})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for range n {
			c.Queue(0, []byte("datagram"))
		}
		c.Flush()
	}
	busy, quiet := transport.sockets[0], transport.sockets[1]
	send(busy.addr, 4*lookAround)
	send(quiet.addr, 1)
	busy.pace, quiet.pace = pace{ready: true}, pace{}
	var counters Counters
	buffers := make([]Buffer, 1)
	for range lookAround + 2 {
		if n, err := transport.Receive(buffers, &counters); n != 1 || err != nil {
			t.Fatalf("received %d, %v", n, err)
		}
		if transport.current == quiet {
			return
		}
	}
	t.Errorf("the quiet socket was passed over in %d receives", lookAround+2)
}

// TestReceiveErrors tells errors that pass from those that stay.
func TestReceiveErrors(t *testing.T) {
	for errno, fatal := range map[unix.Errno]bool{
		unix.ECONNREFUSED: false, unix.EHOSTUNREACH: false, unix.ENETDOWN: false, unix.ENOMEM: false, unix.ENOBUFS: false,
		unix.EBADF: true, unix.ENOTSOCK: true, unix.EFAULT: true,
	} {
		transport := testTransport(t)
		var counters Counters
		err := transport.receiveFailed(transport.sockets[0], errno, &counters)
		if (err != nil) != fatal || fatal != (counters[ReceiveErrors] == 0) {
			t.Errorf("%v: %v, %d counted", errno, err, counters[ReceiveErrors])
		}
	}
}
