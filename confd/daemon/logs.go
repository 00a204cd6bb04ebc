package daemon

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
)

// logs is where a daemon's log lines go, by its options: its log file, syslog
// and, in the foreground, standard error.
type logs struct {
	all   *slog.Logger // every destination
	quiet *slog.Logger // all but standard error, for what is printed there anyway

	file   *logFile      // nil with SyslogOnly
	syslog *syslogWriter // nil with SyslogNo
}

// openLogs opens the destinations. In the foreground, lines also go to
// console. A crash of the runtime is written to the log file as well.
func openLogs(o *Options, heir *Account, console io.Writer, syslogAt string) (*logs, error) {
	l := &logs{}
	level := slog.LevelInfo
	if o.Debug {
		level = slog.LevelDebug
	}
	var handlers []slog.Handler
	if o.Syslog != SyslogOnly {
		file, err := openLogFile(o.Dirs.LogFile(o.Identity.LogBase), heir, keepCrashes)
		if err != nil {
			return nil, fmt.Errorf("log file: %w", err)
		}
		l.file = file
		handlers = append(handlers, newHandler(o, file, level))
	}
	if o.Syslog != SyslogNo {
		writer, err := openSyslog(syslogAt, o.Identity.Name, os.Getpid())
		if err != nil {
			l.Close()
			return nil, fmt.Errorf("syslog: %w", err)
		}
		l.syslog = writer
		// Debug messages are not for syslog, whatever the level.
		handlers = append(handlers, &lineHandler{level: slog.LevelInfo, emit: writer.emit})
	}
	l.quiet = slog.New(slog.NewMultiHandler(handlers...))
	if o.Foreground {
		handlers = append(handlers, newHandler(o, console, level))
	}
	l.all = slog.New(slog.NewMultiHandler(handlers...))
	return l, nil
}

// keepCrashes has the runtime write its last words to the log. It keeps a
// descriptor of its own; without one, they are lost with standard error.
func keepCrashes(file *os.File) { _ = debug.SetCrashOutput(file, debug.CrashOptions{}) }

// newHandler renders lines to a writer in the format that the options ask for.
func newHandler(o *Options, w io.Writer, level slog.Level) slog.Handler {
	pid := os.Getpid()
	if o.LogFormat == FormatJSON {
		handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: renameLevel})
		return handler.WithAttrs([]slog.Attr{slog.String("daemon", o.Identity.Name), slog.Int("pid", pid)})
	}
	var mu sync.Mutex // one line at a time
	return &lineHandler{level: level, emit: func(record slog.Record, text []byte) error {
		line := textLine(o.Identity.Name, pid, record, text)
		mu.Lock()
		defer mu.Unlock()
		_, err := w.Write(line)
		return err
	}}
}

// renameLevel gives levels the names that the text format has.
func renameLevel(groups []string, attr slog.Attr) slog.Attr {
	if level, ok := attr.Value.Any().(slog.Level); ok && len(groups) == 0 && attr.Key == slog.LevelKey {
		attr.Value = slog.StringValue(levelName(level))
	}
	return attr
}

// Reopen goes over to a new log file after a rotation.
func (l *logs) Reopen() error {
	if l.file == nil {
		return nil
	}
	return l.file.Reopen()
}

// lost counts the lines that a destination didn't get.
func (l *logs) lost() (file, syslog uint64) {
	if l.file != nil {
		file = l.file.lost.Load()
	}
	if l.syslog != nil {
		syslog = l.syslog.lost.Load()
	}
	return file, syslog
}

// Close sends what is still queued and closes the destinations.
func (l *logs) Close() error {
	var errs []error
	if l.syslog != nil {
		errs = append(errs, l.syslog.Close())
	}
	if l.file != nil {
		errs = append(errs, l.file.Close())
	}
	return errors.Join(errs...)
}
