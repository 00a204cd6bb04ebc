package daemon

import "log/slog"

// LevelNotice is for what an operator wants to see without it being a fault:
// a start, a stop, a new configuration. It lies between Info and Warn.
const LevelNotice = slog.Level(2)

// levelName names a level as Ganeti's log lines do.
func levelName(level slog.Level) string {
	switch {
	case level < slog.LevelInfo:
		return "DEBUG"
	case level < LevelNotice:
		return "INFO"
	case level < slog.LevelWarn:
		return "NOTICE"
	case level < slog.LevelError:
		return "WARNING"
	}
	return "ERROR"
}

// Severities of syslog, RFC 5424 section 6.2.1.
const (
	severityError   = 3
	severityWarning = 4
	severityNotice  = 5
	severityInfo    = 6
)

func severity(level slog.Level) int {
	switch {
	case level < LevelNotice:
		return severityInfo
	case level < slog.LevelWarn:
		return severityNotice
	case level < slog.LevelError:
		return severityWarning
	}
	return severityError
}
