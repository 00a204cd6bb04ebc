package daemon

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"gantry/confd/paths"

	"github.com/spf13/pflag"
)

// An Identity is what Ganeti knows a daemon by.
type Identity struct {
	Name    string // process name, PID file, log lines, syslog tag: "ganeti-confd"
	LogBase string // base name of the log file: "conf-daemon"
	User    string
	Group   string
}

// Confd is the query daemon, with the user that Debian's packages create.
var Confd = Identity{Name: "ganeti-confd", LogBase: "conf-daemon", User: "gnt-confd", Group: "gnt-confd"}

// Options are a daemon's identity, its directories and what its command line
// asks for. Paths must be absolute: a detached daemon's directory is "/".
type Options struct {
	Identity Identity
	Dirs     paths.Dirs
	Version  string // of the build, for metrics and the first log line
	Revision string // the commit that was built, empty if unknown

	// DefaultMetrics is where the HTTP listener goes if Metrics is empty;
	// the zero value means nowhere. See DefaultMetricsAddr.
	DefaultMetrics netip.AddrPort

	Foreground   bool   // don't detach, log to standard error too
	Debug        bool   // log debug messages
	NoUserChecks bool   // run as whoever started us
	Syslog       string // SyslogNo, SyslogYes or SyslogOnly
	LogFormat    string // FormatText or FormatJSON
	Metrics      string // HTTP listener as ADDR:PORT, MetricsOff, or empty for the default
}

// Values of Options.Syslog: whether log lines go to syslog as well, or only there.
const (
	SyslogNo   = "no"
	SyslogYes  = "yes"
	SyslogOnly = "only"
)

// Values of Options.LogFormat.
const (
	FormatText = "text"
	FormatJSON = "json"
)

// MetricsOff is the value of Options.Metrics for no HTTP listener at all.
const MetricsOff = "off"

// AddFlags declares the flags that all daemons have in common.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.BoolVarP(&o.Foreground, "foreground", "f", false, "don't detach from the terminal")
	flags.BoolVarP(&o.Debug, "debug", "d", false, "log debug messages")
	flags.BoolVar(&o.NoUserChecks, "no-user-checks", false, "run as the user who started it, whoever that is")
	flags.Var(newChoice(&o.Syslog, SyslogNo, SyslogYes, SyslogOnly), "syslog", "log to syslog too, or only (except debug messages): no, yes, only")
	flags.Var(newChoice(&o.LogFormat, FormatText, FormatJSON), "log-format", "what log lines look like: text, json")
	flags.StringVar(&o.Metrics, "metrics", "", "serve metrics, health and status over HTTP at `ADDR:PORT`, or \"off\""+o.defaultMetricsNote())
}

func (o *Options) defaultMetricsNote() string {
	if !o.DefaultMetrics.IsValid() {
		return ""
	}
	return fmt.Sprintf(" (default %s)", o.DefaultMetrics)
}

// fillDefaults gives the zero values of Options their meaning.
func (o *Options) fillDefaults() error {
	if o.Syslog == "" {
		o.Syslog = SyslogNo
	}
	if o.LogFormat == "" {
		o.LogFormat = FormatText
	}
	if !slices.Contains([]string{SyslogNo, SyslogYes, SyslogOnly}, o.Syslog) {
		return fmt.Errorf("syslog usage %q: not one of no, yes, only", o.Syslog)
	}
	if !slices.Contains([]string{FormatText, FormatJSON}, o.LogFormat) {
		return fmt.Errorf("log format %q: not one of text, json", o.LogFormat)
	}
	return nil
}

// choice is a flag that takes one of a few words, the first by default.
type choice struct {
	value   *string
	allowed []string
}

func newChoice(value *string, allowed ...string) *choice {
	if *value == "" {
		*value = allowed[0]
	}
	return &choice{value, allowed}
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return "string" }

func (c *choice) Set(text string) error {
	if !slices.Contains(c.allowed, text) {
		return fmt.Errorf("not one of %s", strings.Join(c.allowed, ", "))
	}
	*c.value = text
	return nil
}
