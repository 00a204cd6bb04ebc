package daemon

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// lineTime is the time of a log line, as Ganeti's daemons write it but to the
// microsecond.
const lineTime = "2006-01-02 15:04:05,000000 MST"

// A lineHandler renders records as one line of text each: the message, then
// key=value pairs. What stands before the message and where the line goes is
// emit's business; it is called with a record and its text, without a newline,
// from several goroutines.
type lineHandler struct {
	level slog.Leveler
	emit  func(record slog.Record, text []byte) error
	attrs []byte // of With, rendered once
	group string // prefix of keys, with its dot
}

// textLine returns the whole line of a text log.
func textLine(name string, pid int, record slog.Record, text []byte) []byte {
	line := make([]byte, 0, len(lineTime)+len(name)+len(text)+len(" pid=1234567 WARNING \n"))
	line = record.Time.AppendFormat(line, lineTime)
	line = append(line, ": "...)
	line = append(line, name...)
	line = append(line, " pid="...)
	line = strconv.AppendInt(line, int64(pid), 10)
	line = append(line, ' ')
	line = append(line, levelName(record.Level)...)
	line = append(line, ' ')
	line = append(line, text...)
	return append(line, '\n')
}

func (h *lineHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

func (h *lineHandler) Handle(_ context.Context, record slog.Record) error {
	text := appendMessage(nil, record.Message)
	text = append(text, h.attrs...)
	record.Attrs(func(attr slog.Attr) bool {
		text = appendAttr(text, h.group, attr)
		return true
	})
	return h.emit(record, text)
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	derived := *h
	derived.attrs = h.attrs[:len(h.attrs):len(h.attrs)]
	for _, attr := range attrs {
		derived.attrs = appendAttr(derived.attrs, h.group, attr)
	}
	return &derived
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	derived := *h
	derived.group = h.group + name + "."
	return &derived
}

func appendAttr(text []byte, group string, attr slog.Attr) []byte {
	value := attr.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if attr.Key != "" {
			group += attr.Key + "."
		}
		for _, member := range value.Group() {
			text = appendAttr(text, group, member)
		}
		return text
	}
	if attr.Equal(slog.Attr{}) {
		return text
	}
	text = append(text, ' ')
	text = appendQuoted(text, group+attr.Key)
	text = append(text, '=')
	if value.Kind() == slog.KindTime {
		return appendQuoted(text, value.Time().Format(time.RFC3339Nano))
	}
	return appendQuoted(text, value.String())
}

// appendMessage keeps a message on its line: what came over the network must
// not be able to forge another.
func appendMessage(dst []byte, message string) []byte {
	if strings.IndexFunc(message, breaksLine) < 0 && utf8.ValidString(message) {
		return append(dst, message...)
	}
	return strconv.AppendQuote(dst, message)
}

// appendQuoted quotes a key or a value where it would not read back as one.
func appendQuoted(dst []byte, text string) []byte {
	ambiguous := func(r rune) bool { return r == ' ' || r == '"' || r == '=' || breaksLine(r) }
	if text != "" && strings.IndexFunc(text, ambiguous) < 0 && utf8.ValidString(text) {
		return append(dst, text...)
	}
	return strconv.AppendQuote(dst, text)
}

func breaksLine(r rune) bool { return !unicode.IsPrint(r) }
