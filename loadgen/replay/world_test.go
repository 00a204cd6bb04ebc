package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gantry/confd/wire"
	"gantry/loadgen/capture"
	"gantry/loadgen/replay"
	"gantry/netio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	testKey  = wire.NewKey([]byte("a cluster's key\n"))
	otherKey = wire.NewKey([]byte("another cluster's key\n"))
	noon     = time.Date(2024, 5, 17, 12, 0, 0, 0, time.UTC)
	client1  = netip.MustParseAddrPort("192.0.2.1:40001")
	client2  = netip.MustParseAddrPort("192.0.2.2:40002")
	server1  = netip.MustParseAddrPort("192.0.2.8:1814")
	server2  = netip.MustParseAddrPort("192.0.2.9:1814")
)

// A recording is a capture in the making: a conversation, in the order of time.
type recording struct {
	t    testing.TB
	file bytes.Buffer
	tap  *capture.Tap
}

// The conversation's lanes are the pairs of addresses in it.
func record(t testing.TB) *recording {
	r := &recording{t: t}
	var err error
	if r.tap, err = capture.NewTap(&r.file); err != nil {
		t.Fatal(err)
	}
	for i, client := range []netip.AddrPort{client1, client2} {
		for k, server := range []netip.AddrPort{server1, server2} {
			r.tap.Open(i, k, client, server)
		}
	}
	return r
}

func lane(client, server netip.AddrPort) (worker, lane int) {
	if client == client2 {
		worker = 1
	}
	if server == server2 {
		lane = 1
	}
	return worker, lane
}

// asks records a request, signed at its time.
func (r *recording) asks(after time.Duration, client, server netip.AddrPort, text string) {
	at := noon.Add(after)
	r.raw(after, client, server, wire.AppendRequest(nil, testKey, at.Unix(), []byte(text)))
}

func (r *recording) raw(after time.Duration, client, server netip.AddrPort, datagram []byte) {
	worker, lane := lane(client, server)
	r.tap.Sent(worker, lane, noon.Add(after), datagram)
}

// says records a reply.
func (r *recording) says(after time.Duration, client, server netip.AddrPort, rsalt string, status wire.Status, answer string, serial int) {
	worker, lane := lane(client, server)
	r.tap.Received(worker, lane, noon.Add(after), reply(testKey, rsalt, status, answer, serial))
}

// open ends the recording, and returns how to open it.
func (r *recording) open() replay.Open {
	if err := r.tap.Close(); err != nil {
		r.t.Fatal(err)
	}
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.file.Bytes())), nil }
}

// reply makes a signed reply: its form is that of a request with another message
// and the rsalt in place of the time.
func reply(key *wire.Key, rsalt string, status wire.Status, answer string, serial int) []byte {
	sealer := wire.NewSealer(1)
	message := wire.AppendReplyTail(append(wire.AppendReplyHead(nil, status), answer...), fmt.Append(nil, serial))
	datagram := sealer.Append(nil, &wire.Request{Key: key, RSalt: []byte(rsalt)}, message, nil)
	sealer.Sign(datagram)
	return datagram
}

// ask is the text of a request.
func ask(t wire.Type, query, rsalt string) string {
	return fmt.Sprintf(`{"protocol": 1, "type": %d, "query": %s, "rsalt": "%s"}`, t, query, rsalt)
}

// A confd answers what is asked of it, and remembers it.
type confd struct {
	addr   netip.AddrPort
	mu     sync.Mutex
	asked  []asked
	answer func(r *wire.Request) (status wire.Status, answer string, serial int, silent bool)
}

type asked struct {
	at    time.Time
	from  netip.AddrPort
	kind  wire.Type
	plain string
	rsalt string
}

// start starts a confd that answers as answer says, or with a text of its type.
func start(t testing.TB, answer func(r *wire.Request) (wire.Status, string, int, bool)) *confd {
	t.Helper()
	group, err := netio.Listen(netio.Config{Addrs: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := &confd{addr: group.Addrs()[0], answer: answer}
	if c.answer == nil {
		c.answer = usual
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- group.Serve(ctx, func(int) netio.Handler { return netio.HandlerFunc(c.handle) }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return c
}

// usual is the answer to a request: its type, and what it asks about.
func usual(r *wire.Request) (wire.Status, string, int, bool) {
	return wire.StatusOK, fmt.Sprintf(`["%s", "%s"]`, r.Type, r.Plain), 7, false
}

func (c *confd) handle(b *netio.Batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	parsed := wire.NewParser(netio.MaxDatagrams).Parse(b.Datagrams(), wire.NewKeyring(testKey), now.Unix())
	for i := range parsed {
		r := &parsed[i]
		if r.Drop != wire.DropNone {
			c.asked = append(c.asked, asked{at: now, plain: "dropped: " + r.Drop.String()})
			continue
		}
		c.asked = append(c.asked, asked{now, b.Peer(i), r.Type, string(r.Plain), string(r.RSalt)})
		if status, answer, serial, silent := c.answer(r); !silent {
			b.Reply(i, append(b.Arena(), reply(testKey, string(r.RSalt), status, answer, serial)...))
		}
	}
}

func (c *confd) log() []asked {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// run replays, and fails the test on an error.
func run(t testing.TB, open replay.Open, o replay.Options) *replay.Result {
	t.Helper()
	if o.Key == nil {
		o.Key = testKey
	}
	if o.Speed == 0 {
		o.Speed = replay.SpeedMax
	}
	result, err := replay.Run(context.Background(), open, o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Sent != result.Answered+result.Lost+result.Silent {
		t.Errorf("%d sent, but %d answered, %d lost and %d silent", result.Sent, result.Answered, result.Lost, result.Silent)
	}
	if result.Compared && result.Answered != result.Equal+result.Different+result.Uncaptured {
		t.Errorf("%d answered, but %d equal, %d different and %d uncaptured", result.Answered, result.Equal, result.Different, result.Uncaptured)
	}
	return result
}
