package loadgen_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gantry/loadgen"
	"gantry/loadgen/echo"
	"gantry/netio"
)

// serve runs a group until the test ends.
func serve(t testing.TB, cfg netio.Config, newHandler func(int) netio.Handler) netip.AddrPort {
	t.Helper()
	cfg.Addrs = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}
	cfg.Workers = 1
	g, err := netio.Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Serve(ctx, newHandler) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve returned %v", err)
		}
	})
	return g.Addrs()[0]
}

func TestEcho(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) }) // after the server's end
	addr := serve(t, netio.Config{}, echo.New)
	for _, o := range []loadgen.Options{
		{Requests: 20_000},
		{Requests: 20_000, Workers: 2, Sockets: 3, Outstanding: 96, Coalesce: 16},
		{Requests: 20_000, Verify: loadgen.VerifySample, Warmup: 10 * time.Millisecond},
		{Requests: 20_000, Verify: loadgen.VerifyNone, Coalesce: 64, Outstanding: 192},
	} {
		r, err := loadgen.Run(context.Background(), loadgen.UDP{Addr: addr}, loadgen.Echo{Size: 200}, o)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Clean() || r.Answered != r.Sent || r.Sent != 20_000 || r.Rate <= 0 {
			t.Errorf("%+v: %+v", o, r)
		}
	}
}
