package confd

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gantry/cache"
	"gantry/confd/wire"
)

// listen makes a server on real sockets of the addresses.
func listen(t *testing.T, addrs ...string) *Server {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "key"), "secret\n")
	writeFile(t, filepath.Join(dir, "config"), miniConfig(t))
	cfg := Config{
		ConfigFile: filepath.Join(dir, "config"), KeyFile: filepath.Join(dir, "key"), Workers: 2,
		Grace: cache.DefaultGrace, Log: slog.New(slog.DiscardHandler),
	}
	for _, addr := range addrs {
		cfg.Addrs = append(cfg.Addrs, netip.MustParseAddrPort(addr))
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestAServerThatAnswersSaysSo(t *testing.T) {
	for _, addrs := range [][]string{{"127.0.0.1:0"}, {"0.0.0.0:0"}, {"[::1]:0"}, {"[::]:0"}, {"127.0.0.1:0", "[::1]:0"}} {
		t.Run(strings.Join(addrs, " "), func(t *testing.T) {
			server := listen(t, addrs...)
			ctx, stop := context.WithCancel(t.Context())
			ready, ended := make(chan struct{}), make(chan error, 1)
			go func() { ended <- server.Run(ctx, func() error { close(ready); return nil }) }()
			<-ready
			if err := server.Answers(); err != nil {
				t.Error(err)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// A server whose workers don't read is bound, but answers nobody.
func TestAServerThatDoesNotAnswerSaysSo(t *testing.T) {
	server := listen(t, "127.0.0.1:0")
	defer server.Close()
	if err := server.Answers(); err == nil || !strings.Contains(err.Error(), server.Addrs()[0].String()) {
		t.Errorf("error %v, want one that names %v", err, server.Addrs()[0])
	}
}

// However often it is asked, it asks itself once a second.
func TestSelfQueriesAreRateLimited(t *testing.T) {
	r := start(t, miniConfig(t)) // nobody is at its address outside
	now := time.Now()
	server := &Server{group: r.server.group, keys: r.server.keys, now: func() time.Time { return now }}
	first := server.Answers()
	if first == nil {
		t.Fatal("a server without a socket was reached")
	}
	for range 3 {
		now = now.Add(selfPause / 4)
		if err := server.Answers(); err != first {
			t.Errorf("asked again: %v", err)
		}
	}
	now = now.Add(selfPause)
	if err := server.Answers(); err == first {
		t.Error("not asked again")
	}
}

// Only a signed reply to this very question counts.
func TestAForeignReplyIsNoAnswer(t *testing.T) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	key, other := wire.NewKey([]byte("secret\n")), wire.NewKey([]byte("another"))
	sealer := wire.NewSealer(1)
	reply := func(key *wire.Key, salt string) []byte {
		arena := sealer.Append(nil, &wire.Request{Key: key, RSalt: []byte(salt)}, wire.AppendReplyTail(append(wire.AppendReplyHead(nil, wire.StatusOK), '0'), []byte("1")), nil)
		sealer.Sign(arena)
		return arena
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, wire.MaxRequest)
		if _, from, err := conn.ReadFromUDP(buffer); err == nil {
			conn.WriteToUDP([]byte("nonsense"), from)
			conn.WriteToUDP(reply(other, "r"), from)
			conn.WriteToUDP(reply(key, "not asked"), from)
		}
	}()
	err = ping(conn.LocalAddr().(*net.UDPAddr).AddrPort(), wire.NewKeyring(key), time.Now().Add(200*time.Millisecond))
	if err == nil {
		t.Error("taken for an answer")
	}
	<-done
}
