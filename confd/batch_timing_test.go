package confd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"gantry/confd/wire"
	"gantry/netio"
)

// pump is a transport that brings the same requests again and again, and ends
// the worker after a number of batches.
type pump struct {
	requests [][]byte
	left     int
}

func (p *pump) Receive(buffers []netio.Buffer, _ *netio.Counters) (int, error) {
	if p.left--; p.left < 0 {
		return 0, io.EOF
	}
	n := min(len(buffers), len(p.requests))
	for i, request := range p.requests[:n] {
		buffers[i] = netio.Buffer{Data: request, PeerPort: 1}
	}
	return n, nil
}

func (p *pump) Wait() error                           { return nil }
func (p *pump) Send([]netio.Message, *netio.Counters) {}
func (p *pump) SameFlow(int, int) bool                { return false }
func (p *pump) Peer(int) netip.AddrPort               { return clientAddr }
func (p *pump) Local(int) netip.AddrPort              { return serverAddr }
func (p *pump) Stop()                                 {}
func (p *pump) Sockets() []netio.SocketStats          { return nil }
func (p *pump) Close() error                          { return nil }

// BenchmarkBatch is everything that the program does for a batch, but for the
// system calls: what counting costs is a part of it.
func BenchmarkBatch(b *testing.B) {
	dir := b.TempDir()
	writeFile(b, filepath.Join(dir, "key"), "secret\n")
	writeFile(b, filepath.Join(dir, "config"), miniConfig(b))
	log := slog.New(slog.DiscardHandler)
	for _, size := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			keys, err := newKeys(filepath.Join(dir, "key"), log)
			if err != nil {
				b.Fatal(err)
			}
			p := &pump{left: b.N}
			for range size {
				text := requestText(b, wire.ReqNodePipByInstIP, json.RawMessage(`{"1":"198.51.100.10"}`))
				p.requests = append(p.requests, wire.AppendRequest(nil, keys.current.Load().Current(), time.Now().Unix(), text))
			}
			group, err := netio.NewGroup([]netio.Transport{p}, netio.Config{MaxRequest: wire.MaxRequest})
			if err != nil {
				b.Fatal(err)
			}
			server := newServer(Config{ConfigFile: filepath.Join(dir, "config"), KeyFile: filepath.Join(dir, "key"), Log: log}, keys, group)
			b.ReportAllocs()
			b.ResetTimer()
			if err := group.Serve(context.Background(), func(i int) netio.Handler { return server.workers[i] }); !errors.Is(err, io.EOF) {
				b.Errorf("ended with %v", err)
			}
			if server.Requests() != uint64(b.N*size) {
				b.Errorf("%d requests, want %d", server.Requests(), b.N*size)
			}
		})
	}
}
