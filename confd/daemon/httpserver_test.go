package daemon

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestDefaultMetricsAddr(t *testing.T) {
	for _, test := range []struct{ bound, want string }{
		{"127.0.0.1", "127.0.0.1:1814"},
		{"127.7.0.3", "127.7.0.3:1814"},
		{"::1", "[::1]:1814"},
		{"0.0.0.0", "127.0.0.1:1814"},
		{"::", "127.0.0.1:1814"},
		{"192.0.2.1", "127.0.0.1:1814"},
	} {
		if got := DefaultMetricsAddr(netip.MustParseAddr(test.bound), 1814).String(); got != test.want {
			t.Errorf("bound to %s: %s, want %s", test.bound, got, test.want)
		}
	}
}

func TestListenHTTP(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	occupied := netip.MustParseAddrPort(taken.Addr().String())
	for _, test := range []struct {
		name            string
		options         Options
		listens, warned bool
		fails           bool
	}{
		{name: "no default", options: Options{}},
		{name: "off", options: Options{Metrics: MetricsOff, DefaultMetrics: netip.MustParseAddrPort("127.0.0.1:0")}},
		{name: "a free default", options: Options{DefaultMetrics: netip.MustParseAddrPort("127.0.0.1:0")}, listens: true},
		{name: "a taken default", options: Options{DefaultMetrics: occupied}, warned: true},
		{name: "a given address", options: Options{Metrics: "127.0.0.1:0", DefaultMetrics: occupied}, listens: true},
		{name: "a given address that is taken", options: Options{Metrics: occupied.String()}, fails: true},
		{name: "a given address that is none", options: Options{Metrics: "127.0.0.1"}, fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			logger, lines := lineLogger(slog.LevelInfo)
			listener, err := listenHTTP(&test.options, logger)
			if listener != nil {
				defer listener.Close()
			}
			if (listener != nil) != test.listens || (err != nil) != test.fails || strings.Contains(lines.String(), "WARNING") != test.warned {
				t.Errorf("listener %v, error %v, log %q", listener, err, lines)
			}
		})
	}
}

// newTestMux is a daemon's mux without the daemon.
func newTestMux(ready *checks) http.Handler {
	o := &Options{Identity: Confd, Version: "1.2.3"}
	return newMux(newRegistry(o, &logs{}), ready)
}

func TestReadiness(t *testing.T) {
	ready := &checks{state: "starting"}
	var config, key error
	ready.add("config", func() error { return config })
	ready.add("key", func() error { return key })
	mux := newTestMux(ready)
	for _, step := range []struct {
		name        string
		state       string
		config, key error
		code        int
		body        string
	}{
		{"at first", "starting", nil, nil, 503, "daemon: starting\n"},
		{"in service", "", nil, nil, 200, "ready\n"},
		{"two faults", "", errors.New("stale"), errors.New("unreadable"), 503, "config: stale\nkey: unreadable\n"},
		{"at the end", "stopping", errors.New("stale"), nil, 503, "daemon: stopping\nconfig: stale\n"},
	} {
		t.Run(step.name, func(t *testing.T) {
			ready.setState(step.state)
			config, key = step.config, step.key
			recorder := httptest.NewRecorder()
			mux.ServeHTTP(recorder, httptest.NewRequest("GET", "/readyz", nil))
			if recorder.Code != step.code || recorder.Body.String() != step.body {
				t.Errorf("%d %q, want %d %q", recorder.Code, recorder.Body, step.code, step.body)
			}
		})
	}
}

func TestPages(t *testing.T) {
	mux := newTestMux(&checks{})
	for _, test := range []struct {
		method, path string
		code         int
	}{
		{"GET", "/metrics", 200}, {"HEAD", "/healthz", 200}, {"GET", "/healthz", 200},
		{"POST", "/metrics", 405}, {"DELETE", "/readyz", 405}, {"GET", "/", 404}, {"GET", "/metrics/x", 404},
	} {
		recorder := httptest.NewRecorder()
		mux.ServeHTTP(recorder, httptest.NewRequest(test.method, test.path, nil))
		if recorder.Code != test.code {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, recorder.Code, test.code)
		}
	}
}

// Profiles are for this machine only.
func TestProfilesAreServedOnLoopbackOnly(t *testing.T) {
	for _, test := range []struct {
		listening string
		code      int
	}{
		{"127.0.0.1:1814", 200}, {"127.7.0.3:1814", 200}, {"[::1]:1814", 200},
		{"0.0.0.0:1814", 404}, {"[::]:1814", 404}, {"192.0.2.1:1814", 404},
	} {
		mux := http.NewServeMux()
		addProfiles(mux, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(test.listening)))
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/goroutine"} {
			recorder := httptest.NewRecorder()
			mux.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
			if recorder.Code != test.code {
				t.Errorf("%s on %s: %d, want %d", path, test.listening, recorder.Code, test.code)
			}
		}
	}
}

// A CPU profile as its tool asks for it fits the listener's limits.
func TestAProfileFitsTheWriteTimeout(t *testing.T) {
	const toolDefault = 30 * time.Second
	if httpWriteTimeout <= toolDefault {
		t.Errorf("a request ends after %v, a profile takes %v", httpWriteTimeout, toolDefault)
	}
}

func TestFrameMetrics(t *testing.T) {
	o := &Options{Identity: Confd, Version: "1.2.3", Revision: "abc"}
	l := &logs{file: &logFile{}, syslog: &syslogWriter{}}
	l.file.lost.Add(2)
	l.syslog.lost.Add(3)
	registry := newRegistry(o, l)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	want := `
# HELP gantry_log_lines_lost_total Log lines that a destination did not get: the disk was full, or syslog slow.
# TYPE gantry_log_lines_lost_total counter
gantry_log_lines_lost_total{destination="file"} 2
gantry_log_lines_lost_total{destination="syslog"} 3
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "gantry_log_lines_lost_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "gantry_build_info", "go_goroutines"); err != nil || n != 2 {
		t.Errorf("%d of the two metrics, %v", n, err)
	}
}

// Connections beyond the limit wait in the kernel until one ends.
func TestConnectionsAreLimited(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const most = 2
	listener := limitConnections(inner, most)
	accepted := make(chan net.Conn)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
		}
	}()
	var served []net.Conn
	for i := range most + 1 {
		client, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if i < most {
			served = append(served, <-accepted)
		}
	}
	slots := listener.(*limitedListener).slots
	if len(slots) != most {
		t.Errorf("%d connections counted, want %d", len(slots), most)
	}
	served[0].Close()
	served[0].Close() // counts once
	third := <-accepted
	third.Close()
	served[1].Close()
	listener.Close()
	<-done
	if len(slots) != 0 {
		t.Errorf("%d connections counted at the end", len(slots))
	}
}

func TestFullListenerCanBeClosed(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := limitConnections(inner, 1)
	client, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	refused := make(chan error)
	go func() {
		_, err := listener.Accept() // no slot is free
		refused <- err
	}()
	listener.Close()
	if err := <-refused; !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v, want %v", err, net.ErrClosed)
	}
}

// A request under way is finished, and the listener's goroutines end.
func TestHTTPStopsInOrder(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered, leave := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		io.WriteString(w, "done")
	})
	logger, _ := lineLogger(slog.LevelInfo)
	stop := serveHTTP(listener, newHTTPServer(mux, logger), logger)
	answer := make(chan string)
	go func() {
		_, body := get(t, "http://"+listener.Addr().String()+"/slow")
		answer <- body
	}()
	<-entered
	stopped := make(chan struct{})
	go func() {
		stop()
		close(stopped)
	}()
	close(leave)
	if body := <-answer; body != "done" {
		t.Errorf("the answer was cut to %q", body)
	}
	<-stopped
}

// What nobody needs is refused before it costs anything.
func TestLongHeadersAreRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	logger, _ := lineLogger(slog.LevelInfo)
	stop := serveHTTP(listener, newHTTPServer(newTestMux(&checks{}), logger), logger)
	defer stop()
	request, err := http.NewRequest("GET", "http://"+listener.Addr().String()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Long", strings.Repeat("x", 2*httpHeaderMaxBytes))
	request.Close = true
	response, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s, want %d", response.Status, http.StatusRequestHeaderFieldsTooLarge)
	}
}
