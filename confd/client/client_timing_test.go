package client_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"gantry/confd"
	"gantry/confd/client"
	"gantry/confd/client/clienttest"
	"gantry/confd/config"
)

// newTimedClient is a client and a whole confd on loopback sockets, which share the machine.
func newTimedClient(b *testing.B) *client.Client {
	b.Helper()
	c, err := client.New(b.Context(), client.Config{Key: clienttest.Key, Peers: client.StaticPeers{serveConfd(b)}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return c
}

func serveConfd(b *testing.B) netip.AddrPort {
	b.Helper()
	dir := b.TempDir()
	configFile, keyFile := filepath.Join(dir, "config.data"), filepath.Join(dir, "hmac.key")
	file, err := os.Create(configFile)
	if err != nil {
		b.Fatal(err)
	}
	if err := config.Generate(file, config.GenerateOptions{Nodes: 10, Instances: 100, Seed: 1}); err != nil {
		b.Fatal(err)
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(keyFile, clienttest.Key, 0o600); err != nil {
		b.Fatal(err)
	}
	server, err := confd.New(confd.Config{
		Addrs: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Workers: 1, ConfigFile: configFile, KeyFile: keyFile,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, func() error {
			close(ready)
			return nil
		})
	}()
	<-ready
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return server.Addrs()[0]
}

func BenchmarkQuery(b *testing.B) {
	c := newTimedClient(b)
	request := client.NodeIPList()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Query(b.Context(), request, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBatch(b *testing.B) {
	for _, size := range []int{1, 100, 10000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			c := newTimedClient(b)
			requests := make([]*client.Request, size)
			for i := range requests {
				requests[i] = client.NodeRole(fmt.Sprintf("node%d", i%10))
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Batch(b.Context(), requests, client.BatchOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			stats := c.Stats()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(stats.Replies), "ns/query")
			b.ReportMetric(float64(stats.BatchSends+stats.BatchReceives)/float64(stats.Replies), "calls/query")
		})
	}
}
