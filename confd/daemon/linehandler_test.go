package daemon

import (
	"bytes"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"pgregory.net/rapid"
)

// logger returns one whose lines land in a buffer, as they do in a log file.
func lineLogger(level slog.Level) (*slog.Logger, *bytes.Buffer) {
	var buffer bytes.Buffer
	return slog.New(&lineHandler{level: level, emit: func(record slog.Record, text []byte) error {
		_, err := buffer.Write(textLine("ganeti-confd", 4711, record, text))
		return err
	}}), &buffer
}

func TestTextLine(t *testing.T) {
	at := time.Date(2026, 11, 21, 20, 42, 10, 390393115, time.UTC)
	record := slog.NewRecord(at, LevelNotice, "", 0)
	got := string(textLine("ganeti-confd", 8274, record, []byte("ganeti-confd daemon shutdown")))
	if want := "2026-11-21 20:42:10,390393 UTC: ganeti-confd pid=8274 NOTICE ganeti-confd daemon shutdown\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLines(t *testing.T) {
	for _, test := range []struct {
		name string
		log  func(*slog.Logger)
		want string
	}{
		{"a message", func(l *slog.Logger) { l.Info("reloaded") }, "INFO reloaded"},
		{"a level", func(l *slog.Logger) { l.Warn("late") }, "WARNING late"},
		{"attributes", func(l *slog.Logger) { l.Error("can't read", "path", "/a b", "error", errors.New(`no "x"`)) }, `ERROR can't read path="/a b" error="no \"x\""`},
		{"an empty value", func(l *slog.Logger) { l.Info("m", "k", "") }, `INFO m k=""`},
		{"groups", func(l *slog.Logger) { l.WithGroup("g").With("a", 1).Info("m", slog.Group("h", "b", 2), "c", 3) }, "INFO m g.a=1 g.h.b=2 g.c=3"},
		{"a forged line", func(l *slog.Logger) { l.Info("m\n2026 fake", "k", "v\nfake") }, `INFO "m\n2026 fake" k="v\nfake"`},
		{"a terminal's commands", func(l *slog.Logger) { l.Info("m", "k", "\x1b[2J") }, `INFO m k="\x1b[2J"`},
		{"names in other scripts", func(l *slog.Logger) { l.Info("größer", "k", "名前") }, "INFO größer k=名前"},
		{"bytes that are no text", func(l *slog.Logger) { l.Info("m", "k", "a\xff") }, `INFO m k="a\xff"`},
		{"below the level", func(l *slog.Logger) { l.Debug("m") }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			logger, buffer := lineLogger(slog.LevelInfo)
			test.log(logger)
			_, got, _ := strings.Cut(strings.TrimSuffix(buffer.String(), "\n"), "pid=4711 ")
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// Whatever a daemon is made to log, it is one line per record.
func TestOneRecordIsOneLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logger, buffer := lineLogger(slog.LevelInfo)
		text := rapid.String()
		logger.With(text.Draw(t, "key"), text.Draw(t, "value")).WithGroup(text.Draw(t, "group")).
			Info(text.Draw(t, "message"), text.Draw(t, "key2"), rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		line := buffer.String()
		if strings.IndexFunc(strings.TrimSuffix(line, "\n"), breaksLine) >= 0 || !strings.HasSuffix(line, "\n") {
			t.Errorf("%q", line)
		}
	})
}

// The handler keeps slog's contract: see testing/slogtest.
func TestHandlerContract(t *testing.T) {
	var results []map[string]any
	slogtest.Run(t, func(t *testing.T) slog.Handler {
		return &lineHandler{level: slog.LevelDebug, emit: func(record slog.Record, text []byte) error {
			results = append(results, parseLine(t, record, string(text)))
			return nil
		}}
	}, func(*testing.T) map[string]any { return results[len(results)-1] })
}

// parseLine reads a line back; the tests of slogtest use messages of one word.
func parseLine(t *testing.T, record slog.Record, text string) map[string]any {
	t.Helper()
	message, rest, _ := strings.Cut(text, " ")
	result := map[string]any{slog.MessageKey: message, slog.LevelKey: levelName(record.Level)}
	if !record.Time.IsZero() {
		result[slog.TimeKey] = record.Time
	}
	for rest != "" {
		var key, value string
		key, rest, _ = strings.Cut(rest, "=")
		if strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			value, rest = quoted, strings.TrimPrefix(rest[len(quoted):], " ")
		} else {
			value, rest, _ = strings.Cut(rest, " ")
		}
		at := result
		path := strings.Split(key, ".")
		for _, group := range path[:len(path)-1] {
			if at[group] == nil {
				at[group] = map[string]any{}
			}
			at = at[group].(map[string]any)
		}
		at[path[len(path)-1]] = value
	}
	return result
}
