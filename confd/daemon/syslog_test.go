package daemon

import (
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// listenSyslog is a syslog daemon's end.
func listenSyslog(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func receive(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 2*syslogLineMaxBytes)
	n, err := conn.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return string(buffer[:n])
}

func syslogOptions(t *testing.T, usage string) *Options {
	t.Helper()
	o := newRecipe(t, "").Options
	o.Syslog, o.Debug, o.Foreground = usage, true, false
	if err := o.fillDefaults(); err != nil {
		t.Fatal(err)
	}
	return &o
}

func TestSyslogLines(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "log")
	server := listenSyslog(t, socket)
	o := syslogOptions(t, SyslogYes)
	l, err := openLogs(o, nil, io.Discard, socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.all.Debug("not for syslog")
	for _, test := range []struct {
		level slog.Level
		want  string
	}{
		{slog.LevelInfo, `<30>`}, {LevelNotice, `<29>`}, {slog.LevelWarn, `<28>`}, {slog.LevelError, `<27>`},
	} {
		l.all.Log(t.Context(), test.level, "what happened", "path", "/a")
		want := regexp.MustCompile(`^` + test.want + `[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d ganeti-testd\[\d+\]: ` + levelName(test.level) + ` what happened path=/a$`)
		if got := receive(t, server); !want.MatchString(got) {
			t.Errorf("%q, want %v", got, want)
		}
	}
	text, err := os.ReadFile(o.Dirs.LogFile(o.Identity.LogBase))
	if err != nil || strings.Count(string(text), "\n") != 5 {
		t.Errorf("the log file holds %q, %v; want all five lines", text, err)
	}
}

func TestSyslogOnlyWritesNoFile(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "log")
	server := listenSyslog(t, socket)
	o := syslogOptions(t, SyslogOnly)
	l, err := openLogs(o, nil, io.Discard, socket)
	if err != nil {
		t.Fatal(err)
	}
	l.all.Info("last words")
	if err := l.Close(); err != nil { // sends what is queued
		t.Fatal(err)
	}
	if got := receive(t, server); !strings.HasSuffix(got, "INFO last words") {
		t.Errorf("%q", got)
	}
	if path := o.Dirs.LogFile(o.Identity.LogBase); exists(path) {
		t.Errorf("there is a %s", path)
	}
}

func TestMissingSyslogIsAnError(t *testing.T) {
	if l, err := openLogs(syslogOptions(t, SyslogYes), nil, io.Discard, filepath.Join(t.TempDir(), "log")); err == nil {
		l.Close()
		t.Error("no error")
	}
}

func TestRestartedSyslogIsFoundAgain(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "log")
	first := listenSyslog(t, socket)
	w, err := openSyslog(socket, "ganeti-testd", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	logger := slog.New(&lineHandler{level: slog.LevelInfo, emit: w.emit})
	logger.Info("one")
	receive(t, first)
	first.Close()
	os.Remove(socket)
	second := listenSyslog(t, socket)
	logger.Info("two")
	if got := receive(t, second); !strings.HasSuffix(got, "two") {
		t.Errorf("%q", got)
	}
	if lost := w.lost.Load(); lost != 0 {
		t.Errorf("%d lines lost", lost)
	}
}

// A syslog that doesn't read must not hold up the daemon: what doesn't fit
// the queue is counted, and the end comes within the patience.
func TestStuckSyslogHoldsNothingUp(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "log")
	listenSyslog(t, socket) // never read
	w, err := openSyslog(socket, "ganeti-testd", 1)
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(&lineHandler{level: slog.LevelInfo, emit: w.emit})
	const lines = 4 * syslogQueueLines // more than queue and kernel hold
	for range lines {
		logger.Info("again and again")
	}
	closed := make(chan error)
	go func() { closed <- w.Close() }()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Fatal("it doesn't close")
	}
	if lost := w.lost.Load(); lost < lines-2*syslogQueueLines || lost >= lines {
		t.Errorf("%d of %d lines lost", lost, lines)
	}
}

func TestLongLineIsCut(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "log")
	server := listenSyslog(t, socket)
	w, err := openSyslog(socket, "ganeti-testd", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	slog.New(&lineHandler{level: slog.LevelInfo, emit: w.emit}).Info(strings.Repeat("x", 2*syslogLineMaxBytes))
	if got := receive(t, server); len(got) != syslogLineMaxBytes {
		t.Errorf("%d bytes, want %d", len(got), syslogLineMaxBytes)
	}
}
