package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Limits of the HTTP listener. It serves a scraper, a few probes and a person
// with a browser: each limit is many times what those need, and small enough
// that nobody else can make it a burden.
const (
	httpConnectionsMax    = 64
	httpHeaderMaxBytes    = 16 << 10
	httpReadHeaderTimeout = 5 * time.Second
	httpReadTimeout       = 10 * time.Second
	httpWriteTimeout      = 90 * time.Second // a profile of a minute, or a large status page over a slow line
	httpIdleTimeout       = 2 * time.Minute  // longer than a scraper's interval
	httpStopTimeout       = time.Second      // for answers under way at the end
)

// DefaultMetricsAddr is where a daemon that answers at bound serves metrics
// unless it is told: on the same port, at bound itself if that is a loopback
// address, else at 127.0.0.1. So nothing is exposed that nobody asked for,
// and the nodes of a virtual cluster don't meet.
func DefaultMetricsAddr(bound netip.Addr, port uint16) netip.AddrPort {
	if bound.IsLoopback() {
		return netip.AddrPortFrom(bound, port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

// listenHTTP opens the listener that the options ask for, or returns nil if
// there is to be none. An address that was given must be had; one that is only
// a default and taken by somebody else costs a warning.
func listenHTTP(o *Options, log *slog.Logger) (net.Listener, error) {
	address, given := o.Metrics, true
	switch {
	case address == MetricsOff:
		return nil, nil
	case address == "" && !o.DefaultMetrics.IsValid():
		return nil, nil
	case address == "":
		address, given = o.DefaultMetrics.String(), false
	}
	listener, err := net.Listen("tcp", address)
	if err == nil {
		return limitConnections(listener, httpConnectionsMax), nil
	}
	if given {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	log.Warn("no metrics, health and status over HTTP: give another address with --metrics", "error", err)
	return nil, nil
}

// newHTTPServer serves mux within the limits.
func newHTTPServer(mux http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: httpReadHeaderTimeout,
		ReadTimeout:       httpReadTimeout,
		WriteTimeout:      httpWriteTimeout,
		IdleTimeout:       httpIdleTimeout,
		MaxHeaderBytes:    httpHeaderMaxBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// serveHTTP serves until the returned function is called, which waits for the
// end. A nil listener serves nothing.
func serveHTTP(listener net.Listener, server *http.Server, log *slog.Logger) (stop func()) {
	if listener == nil {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the HTTP listener stopped", "error", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), httpStopTimeout)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
		<-done
	}
}
